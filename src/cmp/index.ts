export {
  ANSWER_LIMIT_NAMES,
  ANSWER_LIMITS,
  type AnswerLimitName,
  type AnswerLimits,
  DEFAULT_ANSWER_LIMITS,
} from './answer-limits.js';
export { CertificateReader } from './certificate-reader.js';
export { CmpError, type Leftover, outcomeUnknown } from './error.js';
export { type CmpProfile, PROFILE_NAMES, PROFILES, type ProfileName } from './profile.js';
export { DEFAULT_PBM_POLICY, DEFAULT_PBMAC1_POLICY, LEGACY_PBM_POLICY, PbmKeys } from './protection/index.js';
export { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.js';
export type { CertificateName, CertificatePolicy, RootCaUpdate } from './rules/index.js';
export type { CertReqTemplateContent, CRLStatus } from './schema/index.js';
export {
  abandonEnrollment,
  type CmpSession,
  type Credential,
  type EnrollmentResult,
  type ExchangeFacts,
  type IssuedCertificate,
  type MessageObserver,
  type RevocationList,
  type RevocationRequest,
  type RevocationResult,
  requestCaCertificates,
  requestCertReqTemplate,
  requestCrls,
  requestCurrentCrl,
  requestRootCaUpdate,
  requestSignKeyPairTypes,
  resumeEnrollment,
  revokeCertificate,
  type SignatureCredential,
  SignerCache,
  startEnrollment,
} from './transaction/index.js';
export { createHttpTransport, type HttpTransport } from './transfer/index.js';
export type { CertificateRequest, HoldCertificate } from './wish.js';
