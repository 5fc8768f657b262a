import type { RetryClass } from '../enrollment/error.js';
import type { BackoffPolicy } from '../runtime/backoff.js';

const FAST: BackoffPolicy = { initialMs: 1_000, maxMs: 4_000 };
const NORMAL: BackoffPolicy = { initialMs: 2_000, maxMs: 300_000 };
const SLOW: BackoffPolicy = { initialMs: 60_000, maxMs: 600_000 };

interface RetryPace {
  /** For the first tries, where only this exchange may be spoilt, or nobody vouches for the refusal. */
  readonly quick?: BackoffPolicy;
  /** Absent: the class is final, there is no next try. */
  readonly steady?: BackoffPolicy;
}

/** How soon a request is tried again after a failure of each class. */
export const RETRY_PACE: Readonly<Record<RetryClass, RetryPace>> = {
  transient: { steady: NORMAL },
  request: {},
  issuer: { steady: SLOW },
  transaction: { quick: FAST, steady: NORMAL },
  unauthenticated: { quick: FAST, steady: SLOW },
};

/** How many tries are quick, where any are. */
export const QUICK_TRIES = 3;

/** Each attempt may leave a certificate at the CA: after so many, the next ones come seldom. */
export const PROMPT_ATTEMPTS = 5;
const SELDOM: BackoffPolicy = { initialMs: 600_000, maxMs: 3_600_000 };

/** Policy and step (from 0) for the wait after failure number `count` (from 1) in a row, before attempt `next` (from 1). */
export function paceAfter(retry: RetryClass, count: number, next: number): { policy: BackoffPolicy; attempt: number } {
  if (next > PROMPT_ATTEMPTS) return { policy: SELDOM, attempt: next - PROMPT_ATTEMPTS - 1 };
  const { quick, steady = NORMAL } = RETRY_PACE[retry];
  if (quick === undefined) return { policy: steady, attempt: count - 1 };
  const steadyFrom = count - 1 - QUICK_TRIES;
  return steadyFrom < 0 ? { policy: quick, attempt: count - 1 } : { policy: steady, attempt: steadyFrom };
}
