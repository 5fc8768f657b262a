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
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until `take` has a token to give, rounded up; 0 when it has one now. */
  untilNext(now: number): number {
    this.#refill(now);
    return Math.max(0, Math.ceil((1 - this.#tokens) * this.#refillMs));
  }

  /** One token less, now or when it comes: returns the milliseconds until then. Whoever asks first goes first. */
  reserve(now: number): number {
    this.#refill(now);
    this.#tokens -= 1;
    return Math.max(0, -this.#tokens * this.#refillMs);
  }

  /** A reserved token was not used after all. Those behind it do not move up, later ones gain. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#refilledAt) / this.#refillMs);
    this.#refilledAt = now;
  }
}
