import type { EnrollmentOutcome } from '../enrollment/enroller.js';
import type { EnrollmentError } from '../enrollment/error.js';
import { fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Failure, RequestRecord } from './request-record.js';
import { PROMPT_ATTEMPTS, paceAfter } from './retry-pace.js';

/** What the next record depends on besides the outcome. */
export interface RecordContext {
  readonly now: Date;
  readonly uniform: Uniform;
  readonly issuer: { readonly uid: string; readonly revision: string };
  /** The attempt that the exchange was part of. */
  readonly attempt: number;
}

/** Honoured up to here; a CA that asks for more is asked again all the same. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** The record after an exchange that ended well or was put off. */
export function recordOutcome(outcome: EnrollmentOutcome, context: RecordContext): RequestRecord {
  if (outcome.kind === 'issued') return { phase: 'issued', outcome };
  return {
    phase: 'waiting',
    attempt: context.attempt,
    state: outcome.state,
    ...(outcome.certificate && { certificate: outcome.certificate }),
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
  // A spoilt exchange cannot go on; any other failure leaves the CA where it was.
  const goesOn =
    previous?.phase === 'waiting' && error.retry !== 'transaction' && previous.issuerUid === context.issuer.uid;
  const attempt = error.attemptSpent && !goesOn ? context.attempt + 1 : context.attempt;
  const after = {
    failure,
    notBefore: new Date(context.now.getTime() + delayMs(error, failure.count, attempt, context.uniform)),
    issuerRevision: context.issuer.revision,
  };
  return goesOn ? { ...previous, ...after } : { phase: 'retrying', attempt, ...after };
}

/**
 * The record of a request that waits for an outage to end: what made it fail is then over, so its own wait is too. Not
 * where each attempt may leave something at the CA, and many did.
 */
export function duringOutage(record: RequestRecord | undefined, now: Date): RequestRecord | undefined {
  if (record?.phase !== 'retrying' && record?.phase !== 'waiting') return record;
  const mayHurry = record.failure?.retry === 'transient' && record.attempt <= PROMPT_ATTEMPTS;
  return mayHurry && record.notBefore > now ? { ...record, notBefore: now } : record;
}

function failuresOf(record: RequestRecord | undefined): number {
  return record?.phase === 'retrying' || record?.phase === 'waiting' ? (record.failure?.count ?? 0) : 0;
}

function delayMs(error: EnrollmentError, count: number, nextAttempt: number, uniform: Uniform): number {
  const { policy, attempt } = paceAfter(error.retry, count, nextAttempt);
  return Math.max(fullJitter(policy, attempt, uniform), Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}
