/** Lets through a burst and then a steady trickle. Time is given by the caller, in milliseconds. */
export class TokenBucket {
  readonly #burst: number;
  readonly #refillMs: number;
  #tokens: number;
  #refilledAt: number;

  /** `burst` at once, one more every `refillMs`. */
  constructor(burst: number, refillMs: number, now: number) {
    this.#burst = burst;
    this.#refillMs = refillMs;
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** True, and one token less, when there is one. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#refilledAt) / this.#refillMs);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
