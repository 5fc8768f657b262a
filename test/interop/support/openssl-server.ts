import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { INSTALLED } from './openssl.js';

const folder = join(packageRoot(), 'fixtures', 'cmp', 'pki');

export const REFERENCE = 'reference-1';
export const SECRET = 'a shared secret';

export interface OpensslServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the server inside `openssl cmp` on a free port, with files of fixtures/cmp/pki. One per test: it handles one transaction at a time. */
export const startOpensslServer = (...options: readonly string[]): Promise<OpensslServer> =>
  startServerOf(INSTALLED, folder, [
    ...['-rsp_cert', 'new.crt', '-rsp_extracerts', 'issuing.crt', '-rsp_capubs', 'root.crt'],
    ...options,
  ]);

/** The same of any openssl, with files of any folder. */
export async function startServerOf(binary: string, cwd: string, options: readonly string[]): Promise<OpensslServer> {
  const child = spawn(binary, ['cmp', '-config', '', '-port', '0', ...options], { cwd });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const [, found] = /ACCEPT \S+:(\d+)/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', (cause) =>
      reject(new Error(`${binary} (OpenSSL 3) must be there for the interop tests`, { cause })),
    );
    child.once('close', () => reject(new Error(`openssl cmp ended before it listened: ${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/pkix/`,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

export const BY_SECRET = ['-srv_ref', REFERENCE, '-srv_secret', `pass:${SECRET}`, '-accept_raverified'] as const;

export const BY_SIGNATURE = [
  ...['-srv_cert', 'server.crt', '-srv_key', 'server.key', '-srv_trusted', 'root.crt', '-srv_untrusted', 'issuing.crt'],
  '-accept_raverified',
] as const;
