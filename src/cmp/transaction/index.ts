export { type Answer, acceptAnswer, type Expectation } from './answer.js';
export { type Credential, newProtector } from './credential.js';
export { resumeEnrollment, startEnrollment } from './enrollment.js';
export type { EnrollmentResult, IssuedCertificate, PutOff, TransactionFacts } from './outcome.js';
export type { CmpSession, MessageObserver } from './session.js';
export { SignerCache } from './signer-cache.js';
