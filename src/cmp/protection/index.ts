export { MAC_OID, type MacName, OTHER_MAC_PROTECTIONS, OWF_OID, type OwfName } from './algorithms.js';
export {
  DEFAULT_PBM_POLICY,
  isPasswordBasedMac,
  LEGACY_PBM_POLICY,
  type PbmCredential,
  type PbmParameters,
  type PbmPolicy,
  pbmAlgorithm,
  pbmProtector,
  readPbmParameters,
  referenceName,
  verifyPbm,
} from './pbm.js';
export { derivePbmKey, hmac, PbmKeys } from './pbm-key.js';
export type { HeaderToProtect, Protector } from './protector.js';
export {
  protectionSignatureAlgorithm,
  type SignatureCredential,
  signatureProtector,
  verifySignature,
} from './signature.js';
