export { abandonEnrollment } from './abandon.js';
export { acceptAnswer } from './answer.js';
export type { Credential, SignatureCredential } from './credential.js';
export { resumeEnrollment, startEnrollment } from './enrollment.js';
export type { EnrollmentResult, IssuedCertificate } from './outcome.js';
export type { ExchangeFacts } from './patience.js';
export { type RevocationRequest, type RevocationResult, revokeCertificate } from './revocation.js';
export type { CmpSession, MessageObserver } from './session.js';
export { SignerCache } from './signer-cache.js';
export {
  type RevocationList,
  requestCaCertificates,
  requestCertReqTemplate,
  requestCrls,
  requestCurrentCrl,
  requestRootCaUpdate,
  requestSignKeyPairTypes,
} from './support.js';
