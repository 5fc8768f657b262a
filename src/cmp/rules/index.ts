export * from './body.js';
export * from './certificate.js';
export { retryAfterRejection } from './failure-info.js';
export * from './header.js';
export * from './polling.js';
export * from './protection.js';
export * from './revocation.js';
export * from './signer.js';
export * from './support.js';
