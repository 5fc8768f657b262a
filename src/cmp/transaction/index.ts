export { acceptAnswer } from './answer.js';
export type { Credential } from './credential.js';
export { resumeEnrollment, startEnrollment } from './enrollment.js';
export type { EnrollmentResult, IssuedCertificate } from './outcome.js';
export type { CmpSession, MessageObserver } from './session.js';
export { SignerCache } from './signer-cache.js';
