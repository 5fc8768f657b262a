import type { KubeObject } from './object.js';
import { expired } from './status.js';

/** One stored state of one object. Its JSON is made once, however many lists and watches send it. */
export class Version {
  readonly object: KubeObject;
  readonly revision: number;
  #json: string | undefined;
  readonly #views = new Map<string, Version>();

  constructor(object: KubeObject, revision: number) {
    this.object = object;
    this.revision = revision;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.object);
    return this.#json;
  }

  /** Drops what can be made again: called when a newer state takes over, for the history keeps the object only. */
  release(): void {
    this.#json = undefined;
    this.#views.clear();
  }

  /** Another form of the same state, made once per `key`. */
  view(key: string, convert: (object: KubeObject) => KubeObject): Version {
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const object = convert(this.object);
    const made = object === this.object ? this : new Version(object, this.revision);
    this.#views.set(key, made);
    return made;
  }
}

/** One change in the store's history. */
export interface Change {
  readonly revision: number;
  readonly kind: string;
  readonly key: string;
  readonly before: Version | undefined;
  /** For a deletion: the last state, carrying the revision of the deletion. */
  readonly after: Version;
  readonly deleted: boolean;
}

export type Listener = (change: Change) => void;

interface Bucket {
  readonly versions: Map<string, Version>;
  readonly listeners: Set<Listener>;
  /** Keys in order, until one comes or goes. */
  sorted: readonly string[] | undefined;
}

export const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;

/**
 * All objects, one revision counter over all types, and the history of changes.
 * A `kind` of the store is the `plural.group` under which objects are kept, whatever versions the API shows.
 */
export class Store {
  // Real clusters never start at 1; a client that counts from there would go unnoticed.
  #revision = 1000;
  #compacted = 1000;
  readonly #buckets = new Map<string, Bucket>();
  #history: Change[] = [];
  readonly #historyLimit: number;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision a watch may start from. */
  get compacted(): number {
    return this.#compacted;
  }

  get(kind: string, key: string): Version | undefined {
    return this.#buckets.get(kind)?.versions.get(key);
  }

  /** Stores `object` under the next revision, which it puts into its metadata. */
  put(kind: string, key: string, object: KubeObject): Version {
    const bucket = this.#bucket(kind);
    const before = bucket.versions.get(key);
    const after = this.#next(object);
    bucket.versions.set(key, after);
    if (before === undefined) bucket.sorted = undefined;
    this.#record(bucket, { revision: after.revision, kind, key, before, after, deleted: false });
    return after;
  }

  delete(kind: string, key: string, lastState: KubeObject): Version {
    const bucket = this.#bucket(kind);
    const before = bucket.versions.get(key);
    const after = this.#next({ ...lastState, metadata: { ...lastState.metadata } });
    bucket.versions.delete(key);
    bucket.sorted = undefined;
    this.#record(bucket, { revision: after.revision, kind, key, before, after, deleted: true });
    return after;
  }

  /** The objects of a kind, ordered by namespace and name, as they are now or as they were at `revision`. */
  list(kind: string, namespace?: string, revision?: number): readonly (readonly [string, Version])[] {
    const bucket = this.#bucket(kind);
    const inScope = (key: string) => namespace === undefined || key.startsWith(`${namespace}/`);
    if (revision === undefined || revision === this.#revision) {
      bucket.sorted ??= [...bucket.versions.keys()].sort();
      const found: (readonly [string, Version])[] = [];
      for (const key of bucket.sorted) {
        const version = bucket.versions.get(key);
        if (version !== undefined && inScope(key)) found.push([key, version]);
      }
      return found;
    }
    this.assertKept(revision);
    const past = new Map(bucket.versions);
    const undone = new Set<string>();
    for (const change of this.changesSince(revision, kind)) {
      if (undone.has(change.key)) continue;
      undone.add(change.key);
      if (change.before === undefined) past.delete(change.key);
      else past.set(change.key, change.before);
    }
    return [...past].filter(([key]) => inScope(key)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Changes after `revision`, oldest first. Throws 410 when they are no longer all known. */
  changesSince(revision: number, kind: string): readonly Change[] {
    this.assertKept(revision);
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle]?.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.#history.slice(low).filter((change) => change.kind === kind);
  }

  assertKept(revision: number): void {
    if (revision < this.#compacted) {
      throw expired(`too old resource version: ${revision} (${this.#compacted})`);
    }
  }

  /** Calls `listener` for every later change of a kind, in order. The result stops it. */
  listen(kind: string, listener: Listener): () => void {
    const { listeners } = this.#bucket(kind);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets the history; the revision moves on so that even the latest one known outside is too old. */
  compact(): void {
    this.#revision += 1;
    this.#compacted = this.#revision;
    this.#history = [];
  }

  #bucket(kind: string): Bucket {
    let bucket = this.#buckets.get(kind);
    if (bucket === undefined) {
      bucket = { versions: new Map(), listeners: new Set(), sorted: undefined };
      this.#buckets.set(kind, bucket);
    }
    return bucket;
  }

  #next(object: KubeObject): Version {
    this.#revision += 1;
    object.metadata.resourceVersion = String(this.#revision);
    return new Version(object, this.#revision);
  }

  #record(bucket: Bucket, change: Change): void {
    this.#history.push(change);
    // Cut in large steps: shifting an array per change would cost more than the change.
    if (this.#history.length > this.#historyLimit * 1.25) {
      const dropped = this.#history.length - this.#historyLimit;
      this.#compacted = this.#history[dropped - 1]?.revision ?? this.#compacted;
      this.#history = this.#history.slice(dropped);
    }
    for (const listener of [...bucket.listeners]) listener(change);
    change.before?.release();
  }
}
