import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KubeObject, ResourceType } from '../api/meta.js';
import { Backoff, type BackoffPolicy, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { ApiError, isBadRequest, isForbidden, isGone, isTypeMissing } from './api-error.js';
import type { KubeClient, WatchEvent } from './client.js';
import { ObjectCache } from './object-cache.js';
import type { ObjectHandler, ReflectorObserver, ReflectorState, RelistReason } from './reflector-types.js';
import { guardSilence } from './silence-guard.js';
import { type IndexFunction, type ObjectStore, objectKey } from './store.js';
import { MalformedWatchError } from './watch-lines.js';

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Where the server does not know the field (a CRD without `selectableFields`), everything is watched instead. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /**
   * What to keep of an object; undefined keeps it out of the cache altogether. Runs before anything is stored.
   * `managedFields` are gone already. A method, so that it may name the type that is on the wire. Absent: all of it.
   */
  project?(object: KubeObject): T | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Whoever waits for the cache does without it while the type is not installed, or may not be watched. Default false. */
  readonly optional?: boolean;
  readonly observer?: ReflectorObserver;
  readonly tuning?: Partial<ReflectorTuning>;
}

export interface ReflectorTuning {
  /** Objects per page of a list. A page is parsed in one go: half a megabyte of requests holds nothing up. */
  readonly pageSize: number;
  /** The server ends a watch after a time between these, evenly spread. */
  readonly watchSeconds: readonly [least: number, most: number];
  /** A watch that is silent for longer is broken off. Servers send bookmarks about once a minute. */
  readonly silenceMs: number;
  readonly backoff: BackoffPolicy;
  /** A watch that lasted this long, or brought an event, has proved healthy: the backoff starts anew. */
  readonly healthyMs: number;
  /** Objects handled in one go before others get their turn. */
  readonly batch: number;
}

const TUNING: ReflectorTuning = {
  pageSize: 100,
  watchSeconds: [300, 600],
  silenceMs: 150_000,
  backoff: { initialMs: 800, maxMs: 30_000 },
  healthyMs: 60_000,
  batch: 100,
};

/** A server that asks for a longer pause than this does not get it: the cache would be blind for too long. */
const MAX_ASKED_SECONDS = 60;

/** The cache no longer matches what a watch could continue from: list again. */
class RelistNeeded extends Error {
  readonly reason: RelistReason;

  constructor(reason: RelistReason, options?: ErrorOptions) {
    super(`list again: ${reason}`, options);
    this.reason = reason;
  }
}

/**
 * Keeps a cache of one resource type equal to the API server's, for ever: pages through a list, then watches, and
 * starts again after whatever goes wrong, with backoff and jitter. Nothing stops it but its signal.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #tuning: ReflectorTuning;
  readonly #cache: ObjectCache<T>;
  readonly #backoff: Backoff;
  readonly #log: Logger;
  readonly #synced: { readonly promise: Promise<void>; readonly resolve: () => void };
  #hasSynced = false;
  #state: ReflectorState = 'idle';
  #fieldSelector: string | undefined;
  #lastContact: number | undefined;
  /** The failure that was logged last, until the server is heard of again. */
  #complaint: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#tuning = { ...TUNING, ...options.tuning };
    this.#backoff = new Backoff(this.#tuning.backoff, options.uniform);
    this.#log = options.logger.child({ resource: `${options.type.plural}.${options.type.group}` });
    this.#cache = new ObjectCache<T>({ ...options, logger: this.#log });
    this.#fieldSelector = options.fieldSelector;
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#synced = { promise, resolve };
  }

  get type(): ResourceType {
    return this.#options.type;
  }

  get store(): ObjectStore<T> {
    return this.#cache.store;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** True once the cache has been complete. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Milliseconds since the server was last heard of (a list, an event, a bookmark); undefined before the first time. */
  get stalenessMs(): number | undefined {
    return this.#lastContact === undefined ? undefined : this.#options.clock.monotonic() - this.#lastContact;
  }

  /**
   * Why the cache is not to be relied on: it was never complete, or the server was not heard of for `staleAfterMs`. A
   * server that hangs is noticed after the silence limit of a watch at the latest; bookmarks keep quiet types fresh, so
   * anything above three minutes raises no false alarm. Undefined when all is well.
   */
  problem(staleAfterMs: number): string | undefined {
    if (this.#doneWithout) return undefined;
    const { plural, group } = this.type;
    const type = group === '' ? plural : `${plural}.${group}`;
    if (!this.#hasSynced) return `${type}: no complete list yet (${this.#state})`;
    const staleMs = this.stalenessMs ?? 0;
    if (staleMs <= staleAfterMs) return undefined;
    return `${type}: nothing heard from the API server for ${Math.floor(staleMs / 1_000)} s (${this.#state})`;
  }

  /** Hears of everything from now on; what is in the cache already is told at once, as added. */
  addHandler(handler: ObjectHandler<T>): void {
    this.#cache.addHandler(handler);
  }

  get #doneWithout(): boolean {
    return this.#options.optional === true && (this.#state === 'type-missing' || this.#state === 'forbidden');
  }

  /** Resolves when the cache has been complete for the first time, or is done without; rejects when `signal` aborts before. */
  async waitForSync(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      await Promise.race([this.#synced.promise, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Works until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let resourceVersion: string | undefined;
    let reason: RelistReason = 'start';
    while (!signal.aborted) {
      try {
        if (resourceVersion === undefined) {
          this.#options.observer?.relisted?.(this.type, reason);
          reason = 'list-failed';
          resourceVersion = await this.#listAll(signal);
        }
        resourceVersion = await this.#watchOnce(resourceVersion, signal, (seen) => {
          resourceVersion = seen;
        });
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof RelistNeeded) {
          resourceVersion = undefined;
          reason = error.reason;
        }
        await this.#rest(error, signal);
      }
    }
    this.#setState('stopped');
  }

  /** One complete list, page by page; returns where to watch from. */
  async #listAll(signal: AbortSignal): Promise<string> {
    this.#setState('listing');
    try {
      return await this.#listPages(this.#tuning.pageSize, signal);
    } catch (error) {
      if (isBadRequest(error) && this.#fieldSelector !== undefined) {
        const fieldSelector = this.#fieldSelector;
        this.#log.info({ fieldSelector }, 'the server does not know this field selector, watching everything instead');
        this.#fieldSelector = undefined;
        return this.#listAll(signal);
      }
      if (!isGone(error)) throw error;
      // The pages outlived their snapshot. In one piece there is nothing that can expire.
      this.#log.info({}, 'the list took longer than its continue token lives, listing in one piece');
      this.#options.observer?.relisted?.(this.type, 'expired');
      return this.#listPages(undefined, signal);
    }
  }

  async #listPages(limit: number | undefined, signal: AbortSignal): Promise<string> {
    const { client, type } = this.#options;
    const gone = new Set(this.#cache.keys());
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const page = await client.list(type, { ...this.#selection(), limit, continue: next, signal });
      this.#heard();
      for (const [i, object] of page.items.entries()) {
        if (i > 0 && i % this.#tuning.batch === 0) await nextTurn();
        this.#cache.upsert(object);
        gone.delete(objectKey(object.metadata));
      }
      signal.throwIfAborted();
      resourceVersion = page.resourceVersion;
      next = page.continue;
    } while (next !== undefined);
    for (const key of gone) this.#cache.drop(key);
    this.#hasSynced = true;
    this.#synced.resolve();
    return resourceVersion;
  }

  /** One watch until the server closes it; returns where to go on. `seen` is told every step of the way. */
  async #watchOnce(from: string, signal: AbortSignal, seen: (resourceVersion: string) => void): Promise<string> {
    const { client, type, clock, uniform } = this.#options;
    const [least, most] = this.#tuning.watchSeconds;
    const timeoutSeconds = Math.round(least + (most - least) * uniform());
    const guard = guardSilence(clock, this.#tuning.silenceMs, signal);
    const startedAt = clock.monotonic();
    let resourceVersion = from;
    let events = 0;
    this.#setState('watching');
    try {
      const watch = { ...this.#selection(), resourceVersion, timeoutSeconds, signal: guard.signal };
      for await (const event of client.watch(type, watch)) {
        this.#heard();
        guard.alive();
        if (events === 0) this.#backoff.reset();
        resourceVersion = this.#apply(event);
        seen(resourceVersion);
        if (++events % this.#tuning.batch === 0) await nextTurn();
      }
    } catch (error) {
      if (isGone(error)) throw new RelistNeeded('expired', { cause: error });
      if (error instanceof MalformedWatchError) throw new RelistNeeded('malformed-event', { cause: error });
      throw error;
    } finally {
      guard.release();
      if (clock.monotonic() - startedAt >= this.#tuning.healthyMs) this.#backoff.reset();
    }
    signal.throwIfAborted();
    // A server that closes every watch at once must not make us spin.
    if (events === 0 && clock.monotonic() - startedAt < 1_000) throw new Error('the server closed the watch at once');
    return resourceVersion;
  }

  #apply(event: WatchEvent<KubeObject>): string {
    switch (event.type) {
      case 'BOOKMARK':
        return event.resourceVersion;
      case 'ADDED':
      case 'MODIFIED':
        this.#cache.upsert(event.object);
        break;
      case 'DELETED':
        this.#cache.delete(event.object);
        break;
      case 'ERROR':
        throw new RelistNeeded(isGone(event.error) ? 'expired' : 'error-event', { cause: event.error });
    }
    const { resourceVersion } = event.object.metadata;
    if (resourceVersion === undefined) throw new MalformedWatchError('a watch event has no resourceVersion');
    return resourceVersion;
  }

  #selection() {
    const { namespace, labelSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector: this.#fieldSelector };
  }

  #heard(): void {
    this.#lastContact = this.#options.clock.monotonic();
    if (this.#complaint !== undefined) this.#log.info({ after: this.#complaint }, 'the API server answers again');
    this.#complaint = undefined;
  }

  async #rest(error: unknown, signal: AbortSignal): Promise<void> {
    const cause = error instanceof RelistNeeded ? error.cause : error;
    const asked = cause instanceof ApiError ? Math.min(cause.retryAfterSeconds ?? 0, MAX_ASKED_SECONDS) : 0;
    const waitMs = asked * 1_000 + this.#backoff.next();
    this.#setState(isTypeMissing(cause) ? 'type-missing' : isForbidden(cause) ? 'forbidden' : 'backing-off');
    if (this.#doneWithout) this.#synced.resolve();
    this.#options.observer?.failed?.(this.type, cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    const fields = { reason: message, waitMs, attempt: this.#backoff.attempts };
    // A CRD may be missing for days: said once, not twice a minute.
    if (message === this.#complaint) this.#log.debug(fields, 'watching still fails, trying again');
    else this.#log.warn(fields, 'watching failed, trying again');
    this.#complaint = message;
    await this.#options.clock.sleep(waitMs, signal).catch(() => {});
  }

  #setState(state: ReflectorState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.observer?.stateChanged?.(this.type, state);
  }
}
