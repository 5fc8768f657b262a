import { encodePem } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { type Random, systemRandom } from '../../runtime/random.js';
import { createIdentity, type Identity } from '../ca/authority.js';
import type { TlsClient, TlsClientKind } from './options.js';

/** Names of the server certificate: ONAP's, and where the stand-in really is. */
const HOSTS = ['oom-cert-service', 'localhost', '127.0.0.1'];

/** Longer ago than certificates of the sandbox last. */
const LONG_AGO_MILLISECONDS = 4000 * 86_400_000;

export const certificatePem = ({ certificate }: Identity): string => encodePem('CERTIFICATE', certificate);
export const keyPem = ({ privateKey }: Identity): string =>
  privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

/** Makes the TLS identities around a stand-in, for the time of the machine: TLS libraries know no other clock. */
export class TlsIdentities {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  root(commonName: string): Promise<Identity> {
    return createIdentity({ ...this.#common(), name: [['CN', commonName]], profile: 'rootCa' });
  }

  server(issuer: Identity): Promise<Identity> {
    const name = [['CN', 'oom-cert-service']] as const;
    return createIdentity({ ...this.#common(), name, profile: 'tlsServer', issuer, hosts: HOSTS });
  }

  async client(commonName: string, issuer: Identity, kind: TlsClientKind): Promise<TlsClient> {
    const common = this.#common();
    const identity = await createIdentity({
      ...common,
      now: kind === 'expired' ? new Date(common.now.getTime() - LONG_AGO_MILLISECONDS) : common.now,
      name: [['CN', commonName]],
      profile: 'client',
      issuer: kind === 'unknown' ? await this.root('Somebody Else') : issuer,
    });
    return { certificatePem: certificatePem(identity), keyPem: keyPem(identity) };
  }

  #common() {
    return { keys: 'ec-p256', now: systemClock.now(), random: this.#random } as const;
  }
}

/** What mutual TLS around a CertService needs. */
export interface TlsMaterial {
  /** PEM of the CA of both. */
  readonly caPem: string;
  /** For `oom-cert-service`, `localhost` and 127.0.0.1. */
  readonly server: TlsClient;
  readonly client: TlsClient;
}

/** A CA, a server certificate and a client certificate, as OOM's chart has cert-manager make them. */
export async function createTlsMaterial(clientName: string, random = systemRandom): Promise<TlsMaterial> {
  const identities = new TlsIdentities(random);
  const root = await identities.root('root.com');
  const server = await identities.server(root);
  return {
    caPem: certificatePem(root),
    server: { certificatePem: certificatePem(server), keyPem: keyPem(server) },
    client: await identities.client(clientName, root, 'good'),
  };
}
