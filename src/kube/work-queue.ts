import type { BackoffPolicy, Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

/** What the queue tells about itself; every hook may be left out. Durations in milliseconds. */
export interface WorkQueueObserver {
  /** Keys that wait for a worker in this group, after every change. */
  depth?(group: string, waiting: number): void;
  /** A worker took a key that had waited for `waitedMs`. */
  started?(group: string, waitedMs: number): void;
  finished?(group: string, tookMs: number, outcome: 'ok' | 'failed'): void;
  retried?(group: string): void;
}

/** Works on one key. A rejection is logged and the key comes back with backoff. Must end soon when `signal` aborts. */
export type WorkHandler = (item: WorkItem, signal: AbortSignal) => Promise<void>;

export interface WorkItem {
  readonly group: string;
  readonly key: string;
}

export interface WorkQueueOptions {
  readonly handler: WorkHandler;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
  /** Workers of a group, asked at every start; 8 if absent. */
  readonly concurrency?: (group: string) => number;
  /** Of a key's retries; 1 s to 5 min if absent. */
  readonly backoff?: BackoffPolicy;
  readonly observer?: WorkQueueObserver;
}
