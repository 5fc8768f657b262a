import type { EnrollmentOutcome } from '../enrollment/enroller.js';
import type { EnrollmentError, RetryClass } from '../enrollment/error.js';
import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Failure, RequestRecord } from './request-record.js';

/** What the next record depends on besides the outcome. */
export interface RecordContext {
  readonly now: Date;
  readonly uniform: Uniform;
  readonly issuer: { readonly uid: string; readonly revision: string };
}

const FAST: BackoffPolicy = { initialMs: 1_000, maxMs: 4_000 };
const NORMAL: BackoffPolicy = { initialMs: 2_000, maxMs: 300_000 };
const SLOW: BackoffPolicy = { initialMs: 60_000, maxMs: 600_000 };

/** Tries in quick succession where only this exchange is spoilt, or nobody vouches for the refusal. */
const FAST_TRIES = 3;

/** Honoured up to here; a CA that asks for more is asked again all the same. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The record after an exchange that ended well or was put off. */
export function recordOutcome(outcome: EnrollmentOutcome, context: RecordContext): RequestRecord {
  if (outcome.kind === 'issued') return { phase: 'issued', outcome };
  return {
    phase: 'waiting',
    state: outcome.state,
    issuerUid: context.issuer.uid,
    issuerRevision: context.issuer.revision,
    notBefore: outcome.notBefore,
    message:
      outcome.reason === ''
        ? 'Waiting for the CA, which is asked again until it decides'
        : `Waiting for the CA: ${outcome.reason}`,
  };
}

/** The record after an exchange that failed. Whatever its class, only `request` is the end. */
export function recordFailure(
  error: EnrollmentError,
  previous: RequestRecord | undefined,
  context: RecordContext,
): RequestRecord {
  if (error.retry === 'request') return { phase: 'refused', code: error.code, message: error.message };
  const failure: Failure = {
    code: error.code,
    retry: error.retry,
    message: error.message,
    count: failuresOf(previous) + 1,
  };
  const after = {
    failure,
    notBefore: new Date(context.now.getTime() + delayMs(error, failure.count, context.uniform)),
    issuerRevision: context.issuer.revision,
  };
  // A spoilt exchange cannot go on; any other failure leaves the CA where it was.
  return previous?.phase === 'waiting' && error.retry !== 'transaction' && previous.issuerUid === context.issuer.uid
    ? { ...previous, ...after }
    : { phase: 'retrying', ...after };
}

function failuresOf(record: RequestRecord | undefined): number {
  return record?.phase === 'retrying' || record?.phase === 'waiting' ? (record.failure?.count ?? 0) : 0;
}

function delayMs(error: EnrollmentError, count: number, uniform: Uniform): number {
  const { policy, attempt } = backoffOf(error.retry, count);
  return Math.max(fullJitter(policy, attempt, uniform), Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

function backoffOf(retry: RetryClass, count: number): { policy: BackoffPolicy; attempt: number } {
  const slowFrom = count - 1 - FAST_TRIES;
  switch (retry) {
    case 'transaction':
      return slowFrom < 0 ? { policy: FAST, attempt: count - 1 } : { policy: NORMAL, attempt: slowFrom };
    case 'unauthenticated':
      return slowFrom < 0 ? { policy: FAST, attempt: count - 1 } : { policy: SLOW, attempt: slowFrom };
    case 'issuer':
      return { policy: SLOW, attempt: count - 1 };
    case 'transient':
    case 'request':
      return { policy: NORMAL, attempt: count - 1 };
  }
}
