import type { Clock } from '../../runtime/clock.js';
import { assertReached, type ListQuery, parseRevision, selectorOf } from './list.js';
import type { KubeObject } from './object.js';
import { apiVersionOf, type Resource, shown } from './resource.js';
import type { Selector } from './selectors.js';
import * as status from './status.js';
import type { Change, Store, Version } from './store.js';

interface WatchQuery extends ListQuery {
  readonly allowBookmarks: boolean;
  /** Milliseconds until the server ends the stream. */
  readonly timeout: number;
}

/** Where the lines go. */
export interface WatchSink {
  write(line: string): void;
  /** Ends the stream cleanly. */
  end(): void;
}

export interface WatchSettings {
  readonly store: Store;
  readonly clock: Clock;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: WatchQuery;
  readonly bookmarkInterval: number;
  /** The object part of an event: JSON, or a Table. */
  readonly render: (version: Version) => string;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/**
 * Checks a watch request; throws what has to be refused before the stream starts.
 * The result starts the stream and is to be called in the same turn.
 */
export function prepareWatch(settings: WatchSettings): (sink: WatchSink) => Watch {
  const { store, resource, query } = settings;
  const initial = initialEvents(query);
  const selector = selectorOf(query, resource);
  const from =
    query.resourceVersion === undefined || query.resourceVersion === '' || query.resourceVersion === '0'
      ? undefined
      : parseRevision(query.resourceVersion);
  if (from !== undefined) assertReached(store, from);
  return (sink) =>
    new Watch(
      settings,
      selector,
      initial ?? from === undefined,
      initial === undefined ? from : undefined,
      initial === true,
      sink,
    );
}

/** Whether to send the present state first; undefined when the request leaves it to its resourceVersion. */
function initialEvents(query: WatchQuery): boolean | undefined {
  const { sendInitialEvents, resourceVersionMatch } = query;
  if (sendInitialEvents === undefined) {
    if (resourceVersionMatch !== undefined) {
      throw status.invalidListOptions(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      );
    }
    return undefined;
  }
  if (resourceVersionMatch !== 'NotOlderThan') {
    throw status.invalidListOptions(
      'resourceVersionMatch',
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  }
  return sendInitialEvents === 'true' || sendInitialEvents === '1';
}

/** One open watch. */
export class Watch {
  readonly #settings: WatchSettings;
  readonly #selector: Selector | undefined;
  readonly #sink: WatchSink;
  readonly #ended = new AbortController();
  readonly #stopListening: () => void;

  constructor(
    settings: WatchSettings,
    selector: Selector | undefined,
    sendState: boolean,
    from: number | undefined,
    announceEnd: boolean,
    sink: WatchSink,
  ) {
    this.#settings = settings;
    this.#selector = selector;
    this.#sink = sink;
    const { store, resource, namespace, query } = settings;
    this.#stopListening = store.listen(resource.storedAs, (change) => this.#onChange(change));
    if (sendState) {
      for (const [, version] of store.list(resource.storedAs, namespace)) {
        const view = shown(resource, version);
        if (this.#matches(view.object)) this.#send('ADDED', view);
      }
      if (announceEnd && query.allowBookmarks) this.#bookmark({ 'k8s.io/initial-events-end': 'true' });
    } else if (from !== undefined) {
      try {
        for (const change of store.changesSince(from, resource.storedAs)) this.#onChange(change);
      } catch (error) {
        if (!(error instanceof status.ApiError)) throw error;
        this.#error(error);
        return;
      }
    }
    void this.#untilTimeout();
    if (query.allowBookmarks) void this.#bookmarks();
  }

  end(): void {
    if (this.#ended.signal.aborted) return;
    this.stop();
    this.#sink.end();
  }

  /** An ERROR event, then the end of the stream. */
  fail(code: number, reason: string): void {
    this.#error(new status.ApiError(code, reason, `injected: ${reason}`));
  }

  /** Stops sending without touching the sink: the connection is gone. */
  stop(): void {
    this.#stopListening();
    this.#ended.abort();
  }

  #error(error: status.ApiError): void {
    if (this.#ended.signal.aborted) return;
    this.#sink.write(`{"type":"ERROR","object":${JSON.stringify(error.status)}}\n`);
    this.end();
  }

  #matches(object: KubeObject): boolean {
    return this.#selector === undefined || this.#selector(object);
  }

  #onChange(change: Change): void {
    const { resource, namespace } = this.#settings;
    if (namespace !== undefined && !change.key.startsWith(`${namespace}/`)) return;
    const after = shown(resource, change.after);
    const before = change.before === undefined ? undefined : shown(resource, change.before);
    if (this.#selector === undefined) {
      this.#send(change.deleted ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED', after);
      return;
    }
    const didMatch = before !== undefined && this.#matches(before.object);
    const matches = !change.deleted && this.#matches(after.object);
    if (matches) this.#send(didMatch ? 'MODIFIED' : 'ADDED', after);
    else if (didMatch) {
      // What stops matching goes away with its last matching state, at the revision of the change.
      this.#send(
        'DELETED',
        change.deleted
          ? after
          : before.view(`left@${change.revision}`, (object) => ({
              ...object,
              metadata: { ...object.metadata, resourceVersion: String(change.revision) },
            })),
      );
    }
  }

  #send(type: EventType, version: Version): void {
    this.#sink.write(`{"type":"${type}","object":${this.#settings.render(version)}}\n`);
  }

  #bookmark(annotations?: Record<string, string>): void {
    const { resource, store } = this.#settings;
    const object = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(store.revision),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
    this.#sink.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  async #untilTimeout(): Promise<void> {
    const { clock, query } = this.#settings;
    try {
      await clock.sleep(query.timeout, this.#ended.signal);
    } catch {
      return;
    }
    if (query.allowBookmarks) this.#bookmark();
    this.end();
  }

  async #bookmarks(): Promise<void> {
    const { clock, bookmarkInterval } = this.#settings;
    try {
      for (;;) {
        await clock.sleep(bookmarkInterval, this.#ended.signal);
        this.#bookmark();
      }
    } catch {
      // The watch ended; sleeping was all there was to stop.
    }
  }
}
