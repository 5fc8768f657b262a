import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tlv } from '../../src/asn1/index.js';
import { createCsr, encodePem, parseName } from '../../src/pki/index.js';
import { createTlsMaterial, type SandboxCa, startSandboxCa, type TlsMaterial } from '../../src/sandbox/index.js';
import { CommandProcess } from './command-process.js';

/** A key, a CSR made with it, and what of both goes into headers. */
export interface Material {
  readonly key: KeyObject;
  readonly csrPem: string;
  readonly keyPem: string;
}

type NameType = 'dns' | 'email' | 'ip' | 'uri';
const TAGS: Readonly<Record<NameType, number>> = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 };

export type AltName = readonly [type: NameType, value: string];

/** DER of a subjectAltName extension with these names. IP addresses are IPv4. */
export function subjectAltName(names: readonly AltName[]): Uint8Array {
  const encoded = names.map(([type, value]) =>
    tlv(TAGS[type], type === 'ip' ? Uint8Array.from(value.split('.'), Number) : Buffer.from(value, 'latin1')),
  );
  const value = tlv(0x04, tlv(0x30, ...encoded));
  return tlv(0x30, Uint8Array.of(0x06, 0x03, 0x55, 0x1d, 0x11), value);
}

export async function material(
  subject = 'CN=demo.onap.org,OU=ONAP,O=Linux-Foundation,L=San-Francisco,ST=California,C=US',
  names: readonly AltName[] = [],
  key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
): Promise<Material> {
  const extensions = names.length === 0 ? [] : [subjectAltName(names)];
  const csr = await createCsr({ subject: parseName(subject), extensions }, key);
  return {
    key,
    csrPem: encodePem('CERTIFICATE REQUEST', csr),
    keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

export const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** Headers of a first request. */
export const headersOf = ({ csrPem, keyPem }: Pick<Material, 'csrPem' | 'keyPem'>) => ({
  CSR: base64(csrPem),
  PK: base64(keyPem),
});

/** Headers of an update. The whole chain goes into OLD_CERT, as ONAP's black-box tests have it. */
export const updateHeadersOf = (wanted: Material, oldChain: readonly string[], oldKeyPem: string) => ({
  ...headersOf(wanted),
  OLD_CERT: base64(oldChain.join('')),
  OLD_PK: base64(oldKeyPem),
});

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Instead of the good client certificate; `none` sends none. */
  readonly client?: { readonly certificatePem: string; readonly keyPem: string } | 'none';
  /** PEM of the CA that must vouch for the server. */
  readonly ca?: string;
}

function parsed(text: string): Reply['json'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The certservice command as a process, with the sandbox CA behind it. */
export class CertServiceServer {
  readonly ca: SandboxCa;
  readonly tls: TlsMaterial;
  readonly folder: string;
  readonly process: CommandProcess;
  readonly #port: number;

  private constructor(ca: SandboxCa, tls: TlsMaterial, folder: string, process: CommandProcess) {
    this.ca = ca;
    this.tls = tls;
    this.folder = folder;
    this.process = process;
    this.#port = Number(process.find('CertService listens')?.['port']);
  }

  /** `servers` makes the entries of cmpServers.json; clients of `moreClientCas` (PEM) are let in, too. */
  static async start(
    servers: (ca: SandboxCa) => readonly unknown[],
    { args = [], moreClientCas = '' }: { readonly args?: readonly string[]; readonly moreClientCas?: string } = {},
  ): Promise<CertServiceServer> {
    const [ca, tls] = await Promise.all([startSandboxCa(), createTlsMaterial('certServiceClient.com')]);
    const folder = mkdtempSync(join(tmpdir(), 'certservice-'));
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    file('root.pem', ca.rootPem);
    const env = {
      HTTPS_PORT: '0',
      KEYSTORE_PATH: file('keystore.pem', tls.server.keyPem + tls.server.certificatePem),
      TRUSTSTORE_PATH: file('truststore.pem', tls.caPem + moreClientCas),
    };
    const list = file('cmpServers.json', JSON.stringify({ cmpv2Servers: servers(ca) }));
    const all = ['certservice', '--https-address', '127.0.0.1', '--cmp-servers', list, '--log-level', 'debug', ...args];
    return new CertServiceServer(ca, tls, folder, await CommandProcess.start(all, 'CertService listens', env));
  }

  /** Writes the stores of another CA, server and client over those in use. */
  writeStores({ server, caPem }: TlsMaterial): void {
    writeFileSync(join(this.folder, 'keystore.pem'), server.keyPem + server.certificatePem);
    writeFileSync(join(this.folder, 'truststore.pem'), caPem);
  }

  writeServers(text: string): void {
    writeFileSync(join(this.folder, 'cmpServers.json'), text);
  }

  get(
    path: string,
    { headers = {}, method = 'GET', client = this.tls.client, ca = this.tls.caPem }: Call = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method,
          headers,
          ca,
          servername: 'oom-cert-service',
          agent: false,
          timeout: 25_000,
          ...(client === 'none' ? {} : { cert: client.certificatePem, key: client.keyPem }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const { statusCode = 0, headers: received } = response;
            resolve({ status: statusCode, contentType: received['content-type'] ?? '', text, json: parsed(text) });
          });
        },
      );
      call.on('timeout', () => call.destroy(new Error(`no answer to ${path}`)));
      call.on('error', reject);
      call.end();
    });
  }

  async stop(): Promise<number | null> {
    const exitCode = await this.process.stop();
    await this.ca.close();
    rmSync(this.folder, { recursive: true, force: true });
    return exitCode;
  }
}

/** An entry as ONAP has it, without anything of ours. */
export const onapEntry = (ca: SandboxCa, caName: string, path: string) => ({
  caName,
  url: `${ca.url}${path}`,
  issuerDN: ca.caName,
  caMode: 'RA',
  authentication: { iak: ca.credentials.secret, rv: ca.credentials.reference },
});
