export * from './crmf.js';
export * from './general.js';
export * from './message.js';
export * from './pbm.js';
export * from './pbmac1.js';
export * from './response.js';
export * from './status.js';
export * from './support.js';
