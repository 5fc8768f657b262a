import {
  bigInteger,
  encodeDer,
  explicit,
  integer,
  octetAlignedBitString,
  opaque,
  sequence,
  sequenceOf,
  type TypeOf,
  time,
} from '../../asn1/index.js';
import { defaultSignatureAlgorithm, encodeSignatureAlgorithm, sign } from '../../pki/index.js';
import type { Identity } from './authority.js';

const Name = opaque('Name');
const SignatureAlgorithm = opaque('AlgorithmIdentifier');

/** RFC 5280 section 4.1 as the CA writes it. No pkijs here on purpose: this is what a load test of the client waits for. */
const TBSCertificate = sequence('TBSCertificate', {
  version: explicit(0, integer),
  serialNumber: bigInteger,
  signature: SignatureAlgorithm,
  issuer: Name,
  validity: sequence('Validity', { notBefore: time, notAfter: time }),
  subject: Name,
  subjectPublicKeyInfo: opaque('SubjectPublicKeyInfo'),
  extensions: explicit(3, sequenceOf(opaque('Extension'), { min: 1 })),
});

const SignedCertificate = sequence('Certificate', {
  tbsCertificate: opaque('TBSCertificate'),
  signatureAlgorithm: SignatureAlgorithm,
  signature: octetAlignedBitString,
});

/** What a certificate says, apart from who says so. Names, key and extensions are DER. */
export type CertificateContents = Omit<TypeOf<typeof TBSCertificate>, 'version' | 'signature' | 'issuer'>;

/** DER of the certificate. */
export async function signCertificate(
  contents: CertificateContents,
  issuer: Pick<Identity, 'name' | 'privateKey'>,
): Promise<Uint8Array> {
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
