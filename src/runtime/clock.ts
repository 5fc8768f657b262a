/**
 * The passing of time, as a seam: everything that waits or compares dates takes a Clock, so that tests can own time.
 */
export interface Clock {
  /** Wall-clock time. For dates that leave the process or are compared with dates from outside. */
  now(): Date;
  /** Milliseconds from an arbitrary origin; never goes back. For deadlines and durations. */
  monotonic(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Runs `action` once after `milliseconds`, unless what is returned is called before. For limits, which seldom run out. */
  after(milliseconds: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, milliseconds);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};
