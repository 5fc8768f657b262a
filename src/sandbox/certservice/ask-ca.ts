import { createPublicKey, X509Certificate } from 'node:crypto';
import { decodeDer, TAG, tlv } from '../../asn1/index.js';
import { Extensions, extendedKeyUsageExtension, type GeneralName, keyUsageExtension, OID } from '../../pki/index.js';
import { ExtensionsSyntax } from '../../pki/schema.js';
import { encodeExtension } from '../ca/extension.js';
import type { SandboxCa } from '../ca/index.js';
import type { IssuedCertificate } from '../ca/issuing.js';
import { RequestRefused } from '../ca/refusal.js';
import type { CertServiceBehaviour } from './behaviour.js';
import type { ChosenBody } from './journal.js';
import type { CsrModel, OldCertificateModel } from './read.js';
import { ApiError } from './reply.js';

export interface CertServiceRequest {
  readonly body: ChosenBody;
  readonly csr: CsrModel;
  readonly old: OldCertificateModel | undefined;
}

/** Usages are always the same, whatever the CSR asks for. */
const USAGES = [
  keyUsageExtension(['digitalSignature', 'contentCommitment', 'keyEncipherment']),
  extendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']),
];

/** What becomes of the request at the CA, CMP left out. Throws ApiError 500 with the words of CertService. */
export async function askCa(
  { body, csr, old }: CertServiceRequest,
  behaviour: CertServiceBehaviour,
  ca: SandboxCa,
  now: Date,
): Promise<IssuedCertificate> {
  if (behaviour.cmpClientError !== undefined) {
    throw new ApiError(500, `Exception occurred during call to cmp client: ${behaviour.cmpClientError}`);
  }
  if (behaviour.cmpError !== undefined) throw refused(behaviour.cmpError);
  if (body === 'kur') {
    if (behaviour.updateRefused !== undefined) throw refused(behaviour.updateRefused);
    if (old !== undefined) assertMayUpdate(old, ca, now);
  }
  // PK signs the proof of possession: one that does not fit is noticed by the CA, not by CertService.
  if (!pairs(csr.privateKey, csr.publicKeyInfo)) throw refused('the proof of possession does not verify');
  const { subject, publicKey, publicKeyInfo, sans } = csr;
  const request = { subject, publicKey, publicKeyInfo, extensions: template(sans), notBefore: undefined };
  try {
    return await ca.certify({ ...request, notAfter: undefined }, behaviour.leaf);
  } catch (error) {
    if (error instanceof RequestRefused) throw refused(error.message);
    throw error;
  }
}

/** Whether the private key belongs to the public one. */
export function pairs(privateKey: CsrModel['privateKey'], publicKeyInfo: Uint8Array): boolean {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return der.equals(publicKeyInfo);
}

const refused = (text: string): ApiError => new ApiError(500, `CMPv2 server returned following error: ${text}`);

/** A kur is signed with the old key: its certificate must be the CA's own and valid. */
function assertMayUpdate({ certificate, privateKey }: OldCertificateModel, ca: SandboxCa, now: Date): void {
  if (!pairs(privateKey, certificate.spki)) throw refused('the signature of the request does not verify');
  const old = new X509Certificate(certificate.der);
  const issuer = new X509Certificate(ca.chainPem);
  if (!old.checkIssued(issuer) || !old.verify(issuer.publicKey)) {
    throw refused('the certificate that signed the request leads to no trusted root');
  }
  if (now > certificate.notAfter || now < certificate.notBefore) {
    throw refused('the certificate that signed the request is not valid now');
  }
}

function template(sans: readonly GeneralName[]): Extensions {
  const names = encodeExtension(OID.subjectAltName, tlv(TAG.sequence, ...sans.map(({ der }) => der)));
  // CertService sends an empty list when there are no names; CAs leave that out of the certificate.
  const list = sans.length === 0 ? USAGES : [...USAGES, names];
  return new Extensions(decodeDer(ExtensionsSyntax, tlv(TAG.sequence, ...list)), 'certificate template');
}
