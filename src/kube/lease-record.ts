import type { LeaseSpec } from '../api/lease.js';
import { microTime } from './micro-time.js';

/** One candidate, as it writes itself into a lease. */
export interface Candidate {
  /** Unique among all processes that ever meet at this lease. */
  readonly identity: string;
  readonly leaseDurationMs: number;
}

/** The lease held from now on by a candidate that did not hold it before. */
export function acquired(
  { identity, leaseDurationMs }: Candidate,
  before: LeaseSpec | undefined,
  now: Date,
): LeaseSpec {
  const time = microTime(now);
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
    acquireTime: time,
    renewTime: time,
    leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1,
  };
}

/**
 * The same lease, renewed for the `count`th time. The count goes into the digits that the clock does not fill: with a
 * clock that stands still or was set back, a renewal that changes nothing would look like silence to the others.
 */
export function renewed({ leaseDurationMs }: Candidate, held: LeaseSpec, count: number, now: Date): LeaseSpec {
  return {
    ...held,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
    renewTime: microTime(now, count % 1_000),
  };
}

/** The same lease, free for whoever comes next. */
export function released(held: LeaseSpec, now: Date): LeaseSpec {
  const time = microTime(now);
  return { ...held, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time };
}

export const isHeld = (spec: LeaseSpec | undefined): boolean => (spec?.holderIdentity ?? '') !== '';

/**
 * What a candidate knows of a lease: what stands in it, and since when by its own monotonic clock. The times in the
 * lease come from somebody else's clock and are never compared with anything.
 */
export class LeaseObservation {
  readonly #fallbackMs: number;
  #seen: string | undefined;
  #since = 0;
  #freeAfterMs = 0;

  /** `fallbackMs`: how long a lease counts that does not say it itself. */
  constructor(fallbackMs: number) {
    this.#fallbackMs = fallbackMs;
  }

  /** The lease was just read; `now` is a monotonic time after the answer came. */
  see(spec: LeaseSpec | undefined, now: number): void {
    const seen = JSON.stringify(spec ?? {});
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#since = now;
    const seconds = spec?.leaseDurationSeconds ?? 0;
    this.#freeAfterMs = isHeld(spec) ? (seconds > 0 ? seconds * 1_000 : this.#fallbackMs) : 0;
  }

  /** Milliseconds until the lease may be taken: its holder must have been silent for that long. 0: now. */
  freeIn(now: number): number {
    return this.#seen === undefined ? 0 : Math.max(0, this.#since + this.#freeAfterMs - now);
  }
}
