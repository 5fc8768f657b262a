export { type CertServiceEnrollerSeams, createCertServiceEnroller } from './enroller.js';
