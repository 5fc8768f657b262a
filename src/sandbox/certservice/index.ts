export {
  type AnswerFault,
  type CertServiceBehaviour,
  type CertServiceRequestFacts,
  type CertServiceSelector,
  type Health,
  LIST_FAULTS,
  type ListFault,
} from './behaviour.js';
export type { ChosenBody, EnrolmentFacts, JournalEntry } from './journal.js';
export type {
  CertServiceStandIn,
  CertServiceStandInOptions,
  CertServiceState,
  TlsClient,
  TlsClientKind,
} from './options.js';
export { startCertServiceStandIn } from './start.js';
export { createTlsMaterial, type TlsMaterial } from './tls.js';
