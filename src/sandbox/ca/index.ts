export {
  type Behaviour,
  BehaviourRegistry,
  type CertificateFault,
  type MessageFault,
  type StatusContradiction,
} from './behaviour.js';
export type { HttpFault } from './http-fault.js';
export { KEY_KINDS, type KeyKind } from './key-kind.js';
export type { CertificateState, LedgerEntry } from './ledger.js';
export type {
  ClientCertificate,
  SandboxCa,
  SandboxCaOptions,
} from './options.js';
export { standardBehaviours } from './standard-behaviours.js';
export { startSandboxCa } from './start.js';
