import type { Random } from './random.js';

/** A source of numbers in [0, 1), as a seam. For jitter, never for secrets. */
export type Uniform = () => number;

/** Draws 48 bits from a Random per number. */
export function uniformFrom(random: Random): Uniform {
  return () => {
    const octets = random(6);
    return Buffer.from(octets.buffer, octets.byteOffset, 6).readUIntBE(0, 6) / 2 ** 48;
  };
}

/** Exponential backoff. All values in milliseconds, except the factor. */
export interface BackoffPolicy {
  /** Upper bound of the first wait. */
  readonly initialMs: number;
  /** Upper bound of every wait. */
  readonly maxMs: number;
  /** Growth of the upper bound per attempt; 2 if absent. */
  readonly factor?: number;
}

/** The longest wait before try number `attempt` (0 is the first wait). */
export function backoffCeiling(policy: BackoffPolicy, attempt: number): number {
  return Math.min(policy.maxMs, policy.initialMs * (policy.factor ?? 2) ** attempt);
}

/**
 * A wait in [0, ceiling), uniformly spread ("full jitter"), so that many clients which failed together do not come
 * back together. Whole milliseconds.
 */
export function fullJitter(policy: BackoffPolicy, attempt: number, uniform: Uniform): number {
  return Math.floor(backoffCeiling(policy, attempt) * uniform());
}

/** A backoff that counts its own attempts. */
export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #uniform: Uniform;
  #attempt = 0;

  constructor(policy: BackoffPolicy, uniform: Uniform) {
    this.#policy = policy;
    this.#uniform = uniform;
  }

  /** Waits handed out since the last reset. */
  get attempts(): number {
    return this.#attempt;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    return fullJitter(this.#policy, this.#attempt++, this.#uniform);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
