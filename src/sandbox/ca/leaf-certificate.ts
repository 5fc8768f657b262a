import { encodeDer, octetAlignedBitString, opaque, sequence, type TypeOf } from '../../asn1/index.js';
import { encodeSignatureAlgorithm } from '../../pki/algorithm.js';
import { TBSCertificate } from '../../pki/schema.js';
import { defaultSignatureAlgorithm, sign } from '../../pki/signature.js';
import type { Identity } from './authority.js';

/** What a certificate says, apart from who says so. */
export type CertificateContents = Omit<TypeOf<typeof TBSCertificate>, 'version' | 'signature' | 'issuer'>;

const SignedCertificate = sequence('Certificate', {
  tbsCertificate: opaque('TBSCertificate'),
  signatureAlgorithm: opaque('AlgorithmIdentifier'),
  signature: octetAlignedBitString,
});

/** DER of the certificate. No pkijs here on purpose: this is what a load test of the client waits for. */
export async function signCertificate(contents: CertificateContents, issuer: Identity): Promise<Uint8Array> {
  const algorithm = defaultSignatureAlgorithm(issuer.privateKey);
  const signatureAlgorithm = encodeSignatureAlgorithm(algorithm);
  const tbsCertificate = encodeDer(TBSCertificate, {
    ...contents,
    version: 2,
    signature: signatureAlgorithm,
    issuer: issuer.name,
  });
  const signature = await sign(issuer.privateKey, algorithm, tbsCertificate);
  return encodeDer(SignedCertificate, { tbsCertificate, signatureAlgorithm, signature });
}
