import { setMaxListeners } from 'node:events';
import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { WaitingLine } from './waiting-line.js';

/** What the queue tells about itself; every hook may be left out. Durations in milliseconds. */
export interface WorkQueueObserver {
  /** A worker took a key that had waited for `waitedMs`. */
  started?(group: string, waitedMs: number): void;
  finished?(group: string, tookMs: number, outcome: 'ok' | 'failed'): void;
  retried?(group: string): void;
}

/**
 * Works on one key. A rejection is logged and the key comes back with backoff. Must end soon when `signal` aborts.
 * `freeWorker`: what is left to do for this key needs no worker, so the next key may have it; nobody else gets this key before
 * its handler ends, all the same. As many as there are workers may go on like that, and the others keep theirs.
 */
export type WorkHandler = (item: WorkItem, signal: AbortSignal, freeWorker: () => void) => Promise<void>;

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
  /**
   * How soon a key goes among those of its group that wait, asked when it is added: lower goes first, a handful of
   * values at most. Every fourth turn goes to whoever has waited longest, so that nobody starves. Absent: first come,
   * first served.
   */
  readonly rank?: (item: WorkItem) => number;
  /** Of a key's retries; 1 s to 5 min if absent. */
  readonly backoff?: BackoffPolicy;
  readonly observer?: WorkQueueObserver;
}

/** More would overflow the timers of the runtime, which then fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
const DEFAULT_CONCURRENCY = 8;
const DEFAULT_BACKOFF: BackoffPolicy = { initialMs: 1_000, maxMs: 300_000 };
/**
 * Keys of a group that are started in one turn of the event loop; the next ones wait for the next turn. Handlers that have nothing to
 * wait for would otherwise keep everybody else waiting, by the thousands.
 */
const STARTS_PER_TURN = 64;
/** How long handlers may take to notice that their signal aborted. */
const ABORT_GRACE_MS = 1_000;

/** `again` is set while the key is worked on and somebody adds it: the group to add it to afterwards. */
type Entry =
  | { readonly state: 'waiting'; readonly group: string; readonly since: number }
  | { readonly state: 'running'; readonly group: string; again?: string };

interface Group {
  readonly waiting: WaitingLine;
  active: number;
  /** Keys that are worked on without a worker. */
  afterwork: number;
  /** The turn of the event loop that `starts` counts in. */
  turn: number;
  starts: number;
}

interface Delayed {
  readonly dueAt: number;
  readonly cancel: AbortController;
}

/**
 * A work queue by key, as in client-go, in groups that do not get in each other's way. A key waits at most once;
 * never two workers have one key; a key that is added while it is worked on comes again afterwards.
 * Keys are unique over all groups; the latest add decides the group.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #groups = new Map<string, Group>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #abort = new AbortController();
  #state: 'held' | 'open' | 'stopped' = 'held';
  #active = 0;
  /** Turns of the event loop in which something was started. */
  #turn = 0;
  #turnEnds = false;
  readonly #heldBack = new Set<string>();
  #whenIdle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    // Every worker listens to it; that is no leak.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Lets the workers go. Until then keys only gather, so that nobody works on half-filled caches. */
  start(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    for (const group of [...this.#groups.keys()]) this.#pump(group);
  }

  /** Keys that wait for a worker or have one; delayed keys do not count. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many keys wait for a worker in each group that has any. */
  depths(): readonly (readonly [group: string, waiting: number])[] {
    return [...this.#groups]
      .map(([group, { waiting }]) => [group, waiting.size] as const)
      .filter(([, size]) => size > 0);
  }

  /** Retries of a key since it was last forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  add(group: string, key: string): void {
    if (this.#state === 'stopped') return;
    const entry = this.#entries.get(key);
    if (entry?.state === 'running') {
      entry.again = group;
      return;
    }
    if (entry !== undefined) {
      if (entry.group === group) return;
      this.#unqueue(key, entry.group);
    }
    this.#entries.set(key, { state: 'waiting', group, since: this.#options.clock.monotonic() });
    const { waiting } = this.#group(group);
    waiting.add(key, this.#options.rank?.({ group, key }) ?? 0);
    this.#pump(group);
  }

  /** Adds the key after `delayMs`; if it is delayed already, the earlier time counts. */
  addAfter(group: string, key: string, delayMs: number): void {
    if (this.#state === 'stopped') return;
    if (!(delayMs > 0)) {
      this.add(group, key);
      return;
    }
    const wait = Math.min(delayMs, LONGEST_DELAY_MS);
    const dueAt = this.#options.clock.monotonic() + wait;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.dueAt <= dueAt) return;
    before?.cancel.abort();
    const delayed: Delayed = { dueAt, cancel: new AbortController() };
    this.#delayed.set(key, delayed);
    this.#options.clock.sleep(wait, delayed.cancel.signal).then(
      () => {
        if (this.#delayed.get(key) !== delayed) return;
        this.#delayed.delete(key);
        this.add(group, key);
      },
      () => {},
    );
  }

  /** Adds the key after its own exponential backoff with full jitter, which grows until `forget`. */
  addRateLimited(group: string, key: string): void {
    if (this.#state === 'stopped') return;
    const failures = this.retries(key);
    this.#failures.set(key, failures + 1);
    this.#options.observer?.retried?.(group);
    this.addAfter(group, key, fullJitter(this.#options.backoff ?? DEFAULT_BACKOFF, failures, this.#options.uniform));
  }

  /** The key did well: its backoff starts anew. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The key is of no interest any more: it neither waits nor comes back. A worker that has it goes on. */
  remove(key: string): void {
    this.forget(key);
    this.#delayed.get(key)?.cancel.abort();
    this.#delayed.delete(key);
    const entry = this.#entries.get(key);
    if (entry?.state === 'waiting') this.#unqueue(key, entry.group);
    else if (entry !== undefined) delete entry.again;
  }

  /**
   * Takes nothing in any more, drops what waits and lets the workers finish for `graceMs`; then aborts their signal.
   * Resolves to true when every worker ended by itself.
   */
  async stop(graceMs: number): Promise<boolean> {
    this.#state = 'stopped';
    for (const { cancel } of this.#delayed.values()) cancel.abort();
    this.#delayed.clear();
    for (const [key, entry] of this.#entries) if (entry.state === 'waiting') this.#unqueue(key, entry.group);
    const drained = await this.#idleWithin(graceMs);
    this.#abort.abort(new Error('the work queue stops'));
    if (!drained) await this.#idleWithin(ABORT_GRACE_MS);
    return drained;
  }

  async #idleWithin(limitMs: number): Promise<boolean> {
    if (this.#active === 0) return true;
    const limit = new AbortController();
    const idle = new Promise<true>((resolve) => {
      this.#whenIdle = () => resolve(true);
    });
    const late = this.#options.clock.sleep(limitMs, limit.signal).then(
      () => false,
      () => false,
    );
    const result = await Promise.race([idle, late]);
    limit.abort();
    return result;
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { waiting: new WaitingLine(), active: 0, afterwork: 0, turn: 0, starts: 0 };
      this.#groups.set(name, group);
    }
    return group;
  }

  #unqueue(key: string, name: string): void {
    this.#entries.delete(key);
    const group = this.#group(name);
    group.waiting.remove(key);
    this.#dropIfEmpty(name, group);
  }

  #dropIfEmpty(name: string, group: Group): void {
    if (group.active + group.afterwork + group.waiting.size === 0) this.#groups.delete(name);
  }

  #pump(name: string): void {
    if (this.#state !== 'open') return;
    const group = this.#groups.get(name);
    if (group === undefined) return;
    const limit = this.#limit(name);
    while (group.active < limit && group.waiting.size > 0 && this.#mayStart(name, group)) {
      const key = group.waiting.next();
      if (key === undefined) return;
      const entry = this.#entries.get(key);
      if (entry?.state !== 'waiting') continue;
      group.active++;
      this.#active++;
      const waitedMs = this.#options.clock.monotonic() - entry.since;
      this.#entries.set(key, { state: 'running', group: name });
      this.#options.observer?.started?.(name, waitedMs);
      void this.#run(name, group, key);
    }
  }

  #limit(name: string): number {
    return Math.max(1, this.#options.concurrency?.(name) ?? DEFAULT_CONCURRENCY);
  }

  /** Whether this group may start one more key in this turn of the event loop; if not, it goes on in the next. */
  #mayStart(name: string, group: Group): boolean {
    if (group.turn !== this.#turn) {
      group.turn = this.#turn;
      group.starts = 0;
    }
    group.starts++;
    if (group.starts > STARTS_PER_TURN) this.#heldBack.add(name);
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      setImmediate(() => this.#endTurn());
    }
    return group.starts <= STARTS_PER_TURN;
  }

  #endTurn(): void {
    this.#turnEnds = false;
    this.#turn++;
    const names = [...this.#heldBack];
    this.#heldBack.clear();
    for (const name of names) this.#pump(name);
  }

  async #run(name: string, group: Group, key: string): Promise<void> {
    const { handler, clock, logger, observer } = this.#options;
    const startedAt = clock.monotonic();
    let failed = false;
    let hasWorker = true;
    const freeWorker = () => {
      if (!hasWorker || group.afterwork >= this.#limit(name)) return;
      hasWorker = false;
      group.active--;
      group.afterwork++;
      this.#pump(name);
    };
    try {
      // Never work inside the caller of add(): a handler that is synchronous at first must not surprise it.
      await Promise.resolve();
      await handler({ group: name, key }, this.#abort.signal, freeWorker);
    } catch (error) {
      failed = true;
      if (!this.#abort.signal.aborted) logger.error({ group: name, key, error }, 'work failed, trying again later');
    }
    observer?.finished?.(name, clock.monotonic() - startedAt, failed ? 'failed' : 'ok');
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (hasWorker) group.active--;
    else group.afterwork--;
    this.#active--;
    if (failed) this.addRateLimited(name, key);
    if (entry?.state === 'running' && entry.again !== undefined) this.add(entry.again, key);
    this.#pump(name);
    this.#dropIfEmpty(name, group);
    if (this.#active === 0) this.#whenIdle?.();
  }
}
