export { LEGACY_PROTECTION, STANDARD_PROTECTION } from './cmp-server.js';
export { type CmpServersContext, CmpServersError, parseCmpServers } from './cmp-servers-file.js';
export { loadCmpServers } from './load.js';
export { startCertService } from './service.js';
export { StoreError } from './store-error.js';
export { readServerTls, type StoreFile } from './stores.js';
