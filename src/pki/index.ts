export {
  algorithmName,
  encodeSignatureAlgorithm,
  hashAlgorithmIdentifier,
  parseSignatureAlgorithm,
  type SignatureAlgorithm,
} from './algorithm.js';
export { type CertHash, certHash, certHashAlgorithm } from './cert-hash.js';
export { Certificate, decodeCertificates } from './certificate.js';
export { buildPath, dedupe, normalizeChain, type PathOptions, type PathResult } from './chain.js';
export {
  compareCertificate,
  type Difference,
  type DifferenceSeverity,
  type WantedCertificate,
} from './compare.js';
export { createCsr } from './create-csr.js';
export { CertificationRequest, parseCsr } from './csr.js';
export { PkiError, type PkiErrorCode } from './error.js';
export { type BasicConstraintsValue, type Extension, Extensions } from './extension.js';
export {
  directoryName,
  type GeneralName,
  type GeneralNameType,
  generalNameKey,
  parseGeneralName,
  parseGeneralNames,
} from './general-name.js';
export { digest, type HashName } from './hash.js';
export { keyMatches, loadPrivateKey } from './key.js';
export { KEY_USAGE_BITS, type KeyUsageBit } from './key-usage.js';
export { lifetime } from './lifetime.js';
export {
  formatName,
  isNullName,
  type Name,
  type NameAttribute,
  NULL_DN,
  nameAttributes,
  namesEqual,
} from './name.js';
export { parseName } from './name-text.js';
export { OID } from './oid.js';
export { decodePem, encodePem, type PemBlock, pemBlocks } from './pem.js';
export { sameNames } from './same-names.js';
export { AlgorithmIdentifier, ExtensionSyntax, SubjectPublicKeyInfo } from './schema.js';
export { algorithmObjection, defaultSignatureAlgorithm, sign, verify } from './signature.js';
export {
  describeKey,
  keyObjection,
  publicKeyFromSpki,
  samePublicKey,
  spkiOf,
  subjectKeyIdentifierOf,
} from './spki.js';
export {
  basicConstraintsExtension,
  CERT_MANAGER_USAGES,
  type CertManagerUsage,
  extendedKeyUsageExtension,
  extendedKeyUsageName,
  keyUsageExtension,
  parseUsages,
  type Usages,
} from './usages.js';
