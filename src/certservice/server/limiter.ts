/** Nobody else may wait. */
export class QueueFullError extends Error {
  constructor() {
    super('too many are waiting already');
    this.name = 'QueueFullError';
  }
}

/** Lets so many run at once and so many wait for their turn, first come, first served. */
export class Limiter {
  readonly #concurrency: number;
  readonly #queueLength: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(concurrency: number, queueLength: number) {
    this.#concurrency = concurrency;
    this.#queueLength = queueLength;
  }

  /** Throws QueueFullError, the signal's reason if that aborts while waiting, or whatever `work` throws. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#concurrency) this.#running += 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Resolves once a place was handed over. */
  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#queueLength) throw new QueueFullError();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(enter);
    });
  }

  /** Hands the place to the one who waits longest, or gives it up. */
  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
