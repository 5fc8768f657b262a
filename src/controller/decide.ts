import type { PendingState } from '../enrollment/enroller.js';
import { unreachable } from '../runtime/unreachable.js';
import { type IssuerName, printableResource } from './issuer-key.js';
import type { IssuerView } from './issuer-view.js';
import type { FailReason } from './request-news.js';
import type { IssuedOutcome, RequestRecord } from './request-record.js';
import type { RequestResource, SigningRequest } from './signing-request.js';

/** What to do about one request now. */
export type Action =
  /** Nothing, and nothing to wait for: if that changes, an event will tell. */
  | { readonly kind: 'ignore'; readonly because: 'foreign' | 'deleted' | 'finished' | 'issuerUnverified' }
  /** Say that it was denied. Final. */
  | { readonly kind: 'deny'; readonly message: string }
  /** Leave it untouched: the approver's turn. */
  | { readonly kind: 'awaitApproval' }
  /** Say why it is not ours to sign; not a word in its status, which somebody else may have plans with. */
  | { readonly kind: 'decline'; readonly message: string }
  /** Say what is wrong with the issuer; its repair brings the request back. */
  | { readonly kind: 'awaitIssuer'; readonly reason: 'IssuerNotFound' | 'IssuerNotReady'; readonly message: string }
  /** Say why it waits, and come back at `until`. */
  | { readonly kind: 'wait'; readonly cause: 'ca' | 'failure'; readonly until: Date; readonly message: string }
  /** Say that it can never be granted. Final. */
  | { readonly kind: 'fail'; readonly reason: FailReason; readonly message: string }
  | { readonly kind: 'enroll'; readonly attempt: number }
  | { readonly kind: 'resume'; readonly attempt: number; readonly state: PendingState }
  /** Write the certificate. Final. */
  | { readonly kind: 'publish'; readonly outcome: IssuedOutcome };

/**
 * The whole policy of the controller about one request: pure, so that its table test is the specification.
 * `record` must be the one kept for this very uid.
 */
export function decide(
  request: SigningRequest,
  issuer: IssuerView,
  record: RequestRecord | undefined,
  now: Date,
): Action {
  if (request.issuer === undefined) return { kind: 'ignore', because: 'foreign' };
  if (request.state !== 'open' || record?.phase === 'done') return { kind: 'ignore', because: 'finished' };
  if (request.metadata.deletionTimestamp !== undefined) return { kind: 'ignore', because: 'deleted' };

  if (request.flaw?.kind === 'unsupportedIssuer') return { kind: 'decline', message: request.flaw.message };

  // Denied comes first: whoever denies need never have approved, and may well not be an approver that explains itself.
  if (request.approval === 'denied')
    return { kind: 'deny', message: `The ${request.kind} was denied by an approval controller` };
  if (request.approval === 'none') return { kind: 'awaitApproval' };

  // What the CA has settled needs no issuer any more.
  if (record?.phase === 'issued') return { kind: 'publish', outcome: record.outcome };
  if (record?.phase === 'refused')
    return {
      kind: 'fail',
      reason: record.code === 'CsrInvalid' ? 'DecodeError' : 'SigningError',
      message: record.message,
    };
  if (request.flaw !== undefined) return { kind: 'fail', reason: 'InvalidDuration', message: request.flaw.message };

  switch (issuer.state) {
    case 'missing':
      return {
        kind: 'awaitIssuer',
        reason: 'IssuerNotFound',
        message: missingIssuer(request.issuer, request.resource),
      };
    case 'unverified':
      return { kind: 'ignore', because: 'issuerUnverified' };
    case 'notReady':
      return {
        kind: 'awaitIssuer',
        reason: 'IssuerNotReady',
        message: notReady(request.issuer, issuer.message),
      };
    case 'ready': {
      const next = exchange(issuer, record, now);
      return issuer.outage !== undefined && isForCa(next)
        ? { kind: 'awaitIssuer', reason: 'IssuerNotReady', message: notReady(request.issuer, issuer.outage) }
        : next;
    }
    default:
      return unreachable(issuer);
  }
}

function exchange(
  issuer: Extract<IssuerView, { state: 'ready' }>,
  record: Extract<RequestRecord, { phase: 'retrying' | 'waiting' }> | undefined,
  now: Date,
): Action {
  if (record === undefined) return { kind: 'enroll', attempt: 1 };
  // Whatever failed before may work with repaired credentials; a wait that the CA ordered goes on regardless.
  const repaired = record.failure !== undefined && record.issuerRevision !== issuer.revision;
  const due = repaired || record.notBefore <= now;
  switch (record.phase) {
    case 'retrying':
      return due
        ? { kind: 'enroll', attempt: record.attempt }
        : { kind: 'wait', cause: 'failure', until: record.notBefore, message: record.failure.message };
    case 'waiting':
      // A recreated issuer may mean another CA: its predecessor's exchange is none of its business.
      if (record.issuerUid !== issuer.uid) return { kind: 'enroll', attempt: record.attempt + 1 };
      if (due) return { kind: 'resume', attempt: record.attempt, state: record.state };
      return record.failure === undefined
        ? { kind: 'wait', cause: 'ca', until: record.notBefore, message: record.message }
        : { kind: 'wait', cause: 'failure', until: record.notBefore, message: record.failure.message };
    default:
      return unreachable(record);
  }
}

/** Whether an outage of the CA is what this waits for; what the CA put off takes its time anyway. */
const isForCa = (next: Action): boolean =>
  next.kind === 'enroll' || next.kind === 'resume' || (next.kind === 'wait' && next.cause === 'failure');

const notReady = (name: IssuerName, message: string): string => `${printableResource(name)} is not Ready: ${message}`;

function missingIssuer(name: IssuerName, { issuerField }: RequestResource): string {
  return `Failed to retrieve ${printableResource(name)}: it does not exist; create it, or correct ${issuerField}`;
}
