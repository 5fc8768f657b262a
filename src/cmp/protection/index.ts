export { MAC_OCTETS, MAC_OID, type MacName, OTHER_MAC_PROTECTIONS, OWF_OID, type OwfName } from './algorithms.js';
export { isMac, type MacPolicies, verifyMac } from './mac.js';
export { macProtector, type PbmCredential, referenceName } from './mac-protector.js';
export {
  DEFAULT_PBM_POLICY,
  isPasswordBasedMac,
  LEGACY_PBM_POLICY,
  type PbmParameters,
  type PbmPolicy,
  pbmAlgorithm,
  pbmProtector,
  readPbmParameters,
} from './pbm.js';
export { derivePbmKey, hmac, PbmKeys } from './pbm-key.js';
export {
  DEFAULT_PBMAC1_POLICY,
  isPbmac1,
  type Pbmac1Parameters,
  type Pbmac1Policy,
  pbmac1Algorithm,
  pbmac1Protector,
  readPbmac1Parameters,
} from './pbmac1.js';
export type { HeaderToProtect, Protector } from './protector.js';
export {
  protectionSignatureAlgorithm,
  type SignatureCredential,
  signatureProtector,
  verifySignature,
} from './signature.js';
