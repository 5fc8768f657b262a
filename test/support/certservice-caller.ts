import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { packageRoot } from '../../src/runtime/package-root.js';
import type { TlsClient } from '../../src/sandbox/certservice/index.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly client?: TlsClient | undefined;
  readonly signal?: AbortSignal;
}

export const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
export const fixture = (name: string): string => readFileSync(join(packageRoot(), 'fixtures', 'csr', name), 'utf8');
export const jsonOf = ({ text }: Answer): unknown => JSON.parse(text);

/** A CertService, whoever made it. */
export interface Callee {
  readonly url: string;
  readonly serverCaPem: string;
}

/** One request on a connection of its own. */
export function call(callee: Callee, path: string, options: Call = {}): Promise<Answer> {
  const { client, headers = {}, method = 'GET', signal } = options;
  return new Promise((resolve, reject) => {
    const sent = request(`${callee.url}${path}`, {
      method,
      headers,
      agent: false,
      ca: callee.serverCaPem,
      ...(client && { cert: client.certificatePem, key: client.keyPem }),
      ...(signal && { signal }),
    });
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.end();
  });
}

/** A CSR for fixtures' RSA-2048 key, made by openssl; without `san` it asks for nothing but its subject. */
export function makeCsr(subject: string, san?: string, ...more: readonly string[]): string {
  const extensions = san === undefined ? [] : ['-addext', `subjectAltName=${san}`];
  const key = join(packageRoot(), 'fixtures', 'csr', 'rsa2048.key');
  const args = ['req', '-new', '-key', key, '-subj', subject, ...extensions, ...more];
  return execFileSync('openssl', args, { encoding: 'utf8', env: { ...process.env, OPENSSL_CONF: '/dev/null' } });
}
