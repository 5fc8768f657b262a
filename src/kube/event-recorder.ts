import { LRUCache } from 'lru-cache';
import type { ObjectRef } from '../api/meta.js';
import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { isAlreadyExists, isNotFound, isTransient } from './api-error.js';
import type { KubeClient } from './client.js';
import {
  EVENT_TYPE,
  type EventObject,
  type EventSeries,
  eventIdentity,
  eventObject,
  type ObjectEvent,
  type Reporter,
} from './event-object.js';
import { microTime } from './micro-time.js';
import { TokenBucket } from './token-bucket.js';

/** Records events: never blocks, never throws, may lose some (events are advice, not records). */
export interface EventRecorder {
  record(event: ObjectEvent): void;
  /** Sends what is queued, for at most `graceMs` milliseconds, then drops the rest. */
  stop(graceMs: number): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
  readonly reporter: Reporter;
}

/** Like client-go: the same event within this time is a repetition. */
const SERIES_MS = 6 * 60_000;
/** Per object: a burst of 25, then one in 5 minutes. An event per poll would flood etcd. */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
const MAX_QUEUED = 1_000;
const MAX_REMEMBERED = 4_096;
const MAX_TRIES = 3;
const BACKOFF: BackoffPolicy = { initialMs: 1_000, maxMs: 10_000 };

/** An event that was recorded before and may come again. */
interface Known {
  /** What is at the server; undefined until it was accepted. */
  written: ObjectRef | undefined;
  count: number;
  lastSeen: number;
}

/** Writes Events of events.k8s.io/v1 one after the other, in the background. */
export class KubeEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #known = new LRUCache<string, Known>({ max: MAX_REMEMBERED });
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_REMEMBERED });
  readonly #queue: { readonly event: ObjectEvent; readonly known: Known; readonly at: Date }[] = [];
  readonly #abort = new AbortController();
  #pumping: Promise<void> | undefined;
  #sequence = 0;
  #dropped = 0;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that were not written: too many, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: ObjectEvent): void {
    if (this.#stopped) return;
    const now = this.#options.clock.monotonic();
    const identity = eventIdentity(event);
    let known = this.#known.get(identity);
    if (known === undefined || now - known.lastSeen > SERIES_MS) {
      known = { written: undefined, count: 0, lastSeen: now };
      this.#known.set(identity, known);
    }
    known.count++;
    known.lastSeen = now;
    if (!this.#bucketOf(event).take(now) || this.#queue.length >= MAX_QUEUED) {
      this.#drop(event, 'too many events');
      return;
    }
    this.#queue.push({ event, known, at: this.#options.clock.now() });
    this.#pumping ??= this.#pump();
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    const limit = new AbortController();
    const late = this.#options.clock.sleep(graceMs, limit.signal).catch(() => {});
    await Promise.race([this.#pumping, late]);
    limit.abort();
    this.#queue.length = 0;
    this.#abort.abort(new Error('the event recorder stops'));
  }

  #bucketOf({ regarding }: ObjectEvent): TokenBucket {
    const { uid, namespace, name } = regarding.metadata;
    const key = uid ?? `${regarding.kind}/${namespace ?? ''}/${name}`;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(BURST, REFILL_MS, this.#options.clock.monotonic());
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  async #pump(): Promise<void> {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      await this.#write(item.event, item.known, item.at);
    }
    this.#pumping = undefined;
  }

  async #write(event: ObjectEvent, known: Known, at: Date): Promise<void> {
    const { clock, uniform, reporter } = this.#options;
    // One name for all tries: if only the answer to a try was lost, the next one finds the name taken.
    const object = eventObject(event, reporter, at, this.#unique(at));
    for (let tries = 1; !this.#abort.signal.aborted; tries++) {
      try {
        await this.#send(object, known, at);
        return;
      } catch (error) {
        if (tries >= MAX_TRIES || !isTransient(error)) {
          this.#drop(event, error instanceof Error ? error.message : String(error));
          return;
        }
        await clock.sleep(fullJitter(BACKOFF, tries - 1, uniform), this.#abort.signal).catch(() => {});
      }
    }
  }

  async #send(object: EventObject, known: Known, at: Date): Promise<void> {
    const { client } = this.#options;
    const { signal } = this.#abort;
    if (known.written !== undefined && known.count >= 2) {
      const series: EventSeries = { count: known.count, lastObservedTime: microTime(at) };
      try {
        await client.patch(EVENT_TYPE, known.written, { kind: 'merge', body: { series } }, { signal });
        return;
      } catch (error) {
        // Events live for an hour: what is gone is written anew.
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      await client.create(EVENT_TYPE, object, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const { name, namespace } = object.metadata;
    known.written = { name, ...(namespace !== undefined && { namespace }) };
  }

  /** As client-go does it: the time in hexadecimal nanoseconds. The count keeps one millisecond's events apart. */
  #unique(at: Date): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    return (BigInt(at.getTime()) * 1_000_000n + BigInt(this.#sequence)).toString(16);
  }

  #drop(event: ObjectEvent, why: string): void {
    this.#dropped++;
    const { name, namespace } = event.regarding.metadata;
    const { kind } = event.regarding;
    this.#options.logger.debug({ kind, namespace, name, reason: event.reason, why }, 'an event was not written');
  }
}
