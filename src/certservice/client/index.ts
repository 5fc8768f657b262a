export { createCertServiceEnroller } from './enroller.js';
