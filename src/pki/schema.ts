import {
  any,
  bigInteger,
  boolean,
  type Codec,
  codec,
  DerError,
  decodeDer,
  decodeItems,
  explicit,
  implicit,
  integer,
  octetAlignedBitString,
  octetString,
  oid,
  opaque,
  optional,
  sequence,
  sequenceOf,
  TAG,
  type TypeOf,
  time,
  tlv,
  withRaw,
} from '../asn1/index.js';
import { PkiError } from './error.js';

/** Reads `der` as the type, and turns the codec's error into one that names the object (`what`). */
export function decodeObject<T>(type: Codec<T>, der: Uint8Array, what: string): T {
  try {
    return decodeDer(type, der);
  } catch (error) {
    if (error instanceof DerError) throw new PkiError('DerInvalid', `${what}: ${error.message}`, error);
    throw error;
  }
}

/** SET OF; written in the order DER demands (X.690 section 11.6). Read in any order: old encoders do not sort. */
export function setOf<T>(inner: Codec<T>): Codec<readonly T[]> {
  return codec(
    `SET OF ${inner.name}`,
    TAG.set,
    (element) => decodeItems(inner, element),
    (items) => tlv(TAG.set, ...items.map((item) => inner.encode(item)).sort((a, b) => Buffer.compare(a, b))),
  );
}

/** RFC 5280 section 4.1.1.2. */
export const AlgorithmIdentifier = sequence('AlgorithmIdentifier', { algorithm: oid, parameters: optional(any) });
export type AlgorithmIdentifier = TypeOf<typeof AlgorithmIdentifier>;

/** RFC 5280 section 4.1. */
export const SubjectPublicKeyInfo = sequence('SubjectPublicKeyInfo', {
  algorithm: AlgorithmIdentifier,
  subjectPublicKey: octetAlignedBitString,
});

/** RFC 5280 section 4.1.2.9. `critical` is DEFAULT FALSE; an explicit FALSE is tolerated, since CAs in the field write it. */
export const ExtensionSyntax = sequence('Extension', {
  extnID: oid,
  critical: optional(boolean),
  extnValue: octetString,
});

export const ExtensionsSyntax = sequenceOf(withRaw(ExtensionSyntax), { min: 1 });

const Name = opaque('Name');
const RawAlgorithmIdentifier = opaque('AlgorithmIdentifier');
const RawSubjectPublicKeyInfo = opaque('SubjectPublicKeyInfo');
const UniqueIdentifier = opaque('UniqueIdentifier', TAG.bitString);

export const TBSCertificate = sequence('TBSCertificate', {
  version: optional(explicit(0, integer)),
  serialNumber: bigInteger,
  signature: RawAlgorithmIdentifier,
  issuer: Name,
  validity: sequence('Validity', { notBefore: time, notAfter: time }),
  subject: Name,
  subjectPublicKeyInfo: RawSubjectPublicKeyInfo,
  issuerUniqueID: optional(implicit(1, UniqueIdentifier)),
  subjectUniqueID: optional(implicit(2, UniqueIdentifier)),
  extensions: optional(explicit(3, ExtensionsSyntax)),
});

/** RFC 5280 section 4.1. */
export const CertificateSyntax = sequence('Certificate', {
  tbsCertificate: withRaw(TBSCertificate),
  signatureAlgorithm: RawAlgorithmIdentifier,
  signature: octetAlignedBitString,
});

const Attribute = sequence('Attribute', { type: oid, values: setOf(any) });

/** RFC 2986 section 4. `attributes` is mandatory there, but some clients leave the empty set out. */
export const CertificationRequestSyntax = sequence('CertificationRequest', {
  certificationRequestInfo: withRaw(
    sequence('CertificationRequestInfo', {
      version: integer,
      subject: Name,
      subjectPKInfo: RawSubjectPublicKeyInfo,
      attributes: optional(implicit(0, setOf(Attribute))),
    }),
  ),
  signatureAlgorithm: RawAlgorithmIdentifier,
  signature: octetAlignedBitString,
});
