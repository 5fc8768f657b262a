import type { KeyObject } from 'node:crypto';
import {
  any,
  encodeDer,
  implicit,
  integer,
  octetAlignedBitString,
  oid,
  opaque,
  sequence,
  sequenceOf,
} from '../asn1/index.js';
import { encodeSignatureAlgorithm } from './algorithm.js';
import type { Name } from './name.js';
import { OID } from './oid.js';
import { setOf } from './schema.js';
import { defaultSignatureAlgorithm, sign } from './signature.js';
import { spkiOf } from './spki.js';

/** RFC 2986 section 4, with its parts already encoded. */
const CertificationRequestInfo = sequence('CertificationRequestInfo', {
  version: integer,
  subject: opaque('Name'),
  subjectPKInfo: opaque('SubjectPublicKeyInfo'),
  attributes: implicit(0, setOf(sequence('Attribute', { type: oid, values: setOf(any) }))),
});

const SignedRequest = sequence('CertificationRequest', {
  certificationRequestInfo: opaque('CertificationRequestInfo'),
  signatureAlgorithm: opaque('AlgorithmIdentifier'),
  signature: octetAlignedBitString,
});

const Extensions = sequenceOf(opaque('Extension'), { min: 1 });

/**
 * DER of a new PKCS#10 request, signed with `privateKey`. `extensions` are DER, asked for in this order; none: no
 * extensionRequest attribute. Throws PkiError `AlgorithmWeak`.
 */
export async function createCsr(
  { subject, extensions }: { readonly subject: Name; readonly extensions: readonly Uint8Array[] },
  privateKey: KeyObject,
): Promise<Uint8Array> {
  const certificationRequestInfo = encodeDer(CertificationRequestInfo, {
    version: 0,
    subject,
    subjectPKInfo: spkiOf(privateKey),
    attributes:
      extensions.length === 0 ? [] : [{ type: OID.extensionRequest, values: [encodeDer(Extensions, extensions)] }],
  });
  const algorithm = defaultSignatureAlgorithm(privateKey);
  return encodeDer(SignedRequest, {
    certificationRequestInfo,
    signatureAlgorithm: encodeSignatureAlgorithm(algorithm),
    signature: await sign(privateKey, algorithm, certificationRequestInfo),
  });
}
