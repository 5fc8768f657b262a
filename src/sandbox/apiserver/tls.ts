import { encodePem } from '../../pki/pem.js';
import type { Random } from '../../runtime/random.js';
import { createIdentity } from '../ca/authority.js';

/** PEM texts for a TLS server. */
export interface ServerCertificate {
  readonly key: string;
  readonly certificate: string;
  /** What clients have to trust. */
  readonly authority: string;
}

/** A root of its own and a P-256 server certificate below it, as kubeadm makes them. */
export async function serverCertificate(host: string, now: Date, random: Random): Promise<ServerCertificate> {
  const common = { keys: 'ec-p256', now, random } as const;
  const root = await createIdentity({ ...common, profile: 'rootCa', name: [['CN', 'sandbox-kubernetes']] });
  const server = await createIdentity({
    ...common,
    profile: 'tlsServer',
    name: [['CN', 'sandbox-kube-apiserver']],
    issuer: root,
    hosts: [...new Set([host, '127.0.0.1', 'localhost'])],
  });
  return {
    key: server.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificate: encodePem('CERTIFICATE', server.certificate),
    authority: encodePem('CERTIFICATE', root.certificate),
  };
}
