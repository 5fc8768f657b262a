export { CertificateReader } from './certificate-reader.js';
export { CmpError, type CmpErrorCode, type CmpRetryClass } from './error.js';
export { DEFAULT_PBM_POLICY, LEGACY_PBM_POLICY, PbmKeys } from './protection/index.js';
export {
  type CmpSession,
  type Credential,
  type EnrollmentResult,
  type IssuedCertificate,
  type MessageObserver,
  type PutOff,
  resumeEnrollment,
  SignerCache,
  startEnrollment,
  type TransactionFacts,
} from './transaction/index.js';
export { createHttpTransport, type HttpTransport, type TransferEndpoint } from './transfer/index.js';
export type { CertificateRequest } from './wish.js';
