import type { Clock } from '../../src/runtime/clock.js';

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #origin: number;
  #elapsed = 0;
  #sleepers: Sleeper[] = [];

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.#origin = start.getTime();
  }

  now(): Date {
    return new Date(this.#origin + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { dueAt: this.#elapsed + milliseconds, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(milliseconds: number, action: () => void): () => void {
    const sleeper: Sleeper = { dueAt: this.#elapsed + milliseconds, wake: action };
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  /** How many waits are under way. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Milliseconds until the next wait ends; undefined when nobody waits. */
  get nextWake(): number | undefined {
    if (this.#sleepers.length === 0) return undefined;
    return Math.min(...this.#sleepers.map(({ dueAt }) => dueAt)) - this.#elapsed;
  }

  /** Moves time on, waking the sleepers in order and letting each run before the next wakes. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds;
    await settled();
    for (;;) {
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, sleeper) => (first === undefined || sleeper.dueAt < first.dueAt ? sleeper : first),
        undefined,
      );
      if (next === undefined || next.dueAt > end) break;
      this.#elapsed = Math.max(this.#elapsed, next.dueAt);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await settled();
    }
    this.#elapsed = end;
    await settled();
  }
}

/** Lets everything run that can run without time passing. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
