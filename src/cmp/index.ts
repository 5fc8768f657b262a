export { CertificateReader } from './certificate-reader.js';
export { CmpError } from './error.js';
export { DEFAULT_PBM_POLICY, DEFAULT_PBMAC1_POLICY, LEGACY_PBM_POLICY, PbmKeys } from './protection/index.js';
export type { CertificatePolicy } from './rules/index.js';
export {
  type CmpSession,
  type Credential,
  type EnrollmentResult,
  type IssuedCertificate,
  type MessageObserver,
  resumeEnrollment,
  SignerCache,
  startEnrollment,
} from './transaction/index.js';
export { createHttpTransport, type HttpTransport } from './transfer/index.js';
export type { CertificateRequest } from './wish.js';
