import type { Clock } from '../runtime/clock.js';
import { TokenBucket } from './token-bucket.js';

/** How fast one process may call the API server. */
export interface FlowLimits {
  /** In the long run. Need not be whole. */
  readonly requestsPerSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** Ten times client-go's default: a controller that issues in bulk writes two or three times per certificate. */
export const FLOW_LIMITS: FlowLimits = { requestsPerSecond: 50, burst: 100 };

/**
 * Spreads calls so that no backlog of ours floods the API server. First come, first served. It is the second line:
 * the server's own flow control (429 with Retry-After) is kept to as well.
 */
export class FlowControl {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #waited: (milliseconds: number) => void;

  /** `waited` is told of every call that had to wait, and how long. Throws RangeError for limits that let nothing through. */
  constructor(limits: FlowLimits, clock: Clock, waited: (milliseconds: number) => void = () => {}) {
    const { requestsPerSecond, burst } = limits;
    if (!(requestsPerSecond > 0) || !(burst >= 1))
      throw new RangeError('flow control: requestsPerSecond must be positive, burst at least 1');
    this.#clock = clock;
    this.#bucket = new TokenBucket(burst, 1_000 / requestsPerSecond, clock.monotonic());
    this.#waited = waited;
  }

  /** Resolves when one more call may go; rejects with the signal's reason when it aborts first. */
  async pass(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const wait = this.#bucket.reserve(this.#clock.monotonic());
    if (wait === 0) return;
    this.#waited(wait);
    try {
      await this.#clock.sleep(wait, signal);
    } catch (error) {
      this.#bucket.giveBack();
      throw error;
    }
  }
}
