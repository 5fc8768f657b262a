import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import { ApiError, TransportError } from './api-error.js';

/** Tries of one call, the first included. */
export const MAX_TRIES = 4;

const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 5_000 };

/** True when nothing can have happened at the server, or when doing it twice is the same as doing it once. */
function mayRepeat(error: unknown, idempotent: boolean): boolean {
  if (error instanceof TransportError) {
    switch (error.failure) {
      case 'unreachable':
        return true;
      case 'reset':
        return idempotent;
      case 'tls':
      case 'timeout':
      case 'protocol':
        return false;
    }
  }
  if (!(error instanceof ApiError)) return false;
  // Flow control answers 429 before anything is done; 503 with Retry-After is likewise said at the door.
  if (error.code === 429) return true;
  if (error.code === 503) return idempotent || error.retryAfterSeconds !== undefined;
  return error.code >= 500 && idempotent && error.retryAfterSeconds !== undefined;
}

/**
 * Milliseconds to wait before the next try, undefined when the call has failed for good.
 * `tries` counts those made. What the server asks for is kept to, with jitter on top.
 */
export function retryWait(error: unknown, tries: number, idempotent: boolean, uniform: Uniform): number | undefined {
  if (tries >= MAX_TRIES || !mayRepeat(error, idempotent)) return undefined;
  const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
  return asked + fullJitter(BACKOFF, tries - 1, uniform);
}

/** Seconds from a `Retry-After` header (RFC 9110 section 10.2.3: delay or date); undefined if absent or unusable. */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // Date.parse makes a date of nearly anything; HTTP dates end in GMT.
  const date = value.endsWith('GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now.getTime()) / 1_000));
}
