export { type CertServiceBehaviour, LIST_FAULTS } from './behaviour.js';
export type { CertServiceStandIn, TlsClient } from './options.js';
export { startCertServiceStandIn } from './start.js';
export { createTlsMaterial, type TlsMaterial } from './tls.js';
