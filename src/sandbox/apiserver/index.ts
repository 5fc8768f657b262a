/**
 * An embedded Kubernetes API server: in memory, strict, good enough for kubectl, helm and client libraries.
 * @module
 */

export type { KubeObject, Meta } from './object.js';
export { startApiServer } from './server.js';
export { ApiError } from './status.js';
export type {
  ApiServer,
  ApiServerOptions,
  FailureSwitch,
  FaultSwitches,
  JournalEntry,
  JournalFilter,
  ObjectAccess,
  PolicyRule,
  RequestInfo,
  RequestJournal,
  RequestMatch,
  TokenGrant,
  Verb,
} from './types.js';
