export {
  type Behaviour,
  BehaviourRegistry,
  type BehaviourSelector,
  type CertificateFault,
  type MessageFault,
  type Refusal,
  type RequestFacts,
  type Stage,
  type StatusContradiction,
} from './behaviour.js';
export type { HttpFault } from './http-fault.js';
export { type CertificateState, Ledger, type LedgerEntry } from './ledger.js';
export type {
  ClientCertificate,
  ClientCertificateOptions,
  Credentials,
  KeyKind,
  SandboxCa,
  SandboxCaOptions,
} from './options.js';
export { standardBehaviours } from './standard-behaviours.js';
export { startSandboxCa } from './start.js';
