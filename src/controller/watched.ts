import type { KubeObject, ObjectRef } from '../api/meta.js';
import type { Reflector } from '../kube/reflector.js';
import type { ObjectHandler } from '../kube/reflector-types.js';
import type { ObjectStore } from '../kube/store.js';

/** Longer than any healthy API server is silent on a watch, because it sends bookmarks about every minute. */
const STALE_AFTER_MS = 180_000;

/** A cache that is kept up to date. */
export interface Source<T extends KubeObject> extends ObjectStore<T> {
  addHandler(handler: ObjectHandler<T>): void;
  /** Works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the cache has been complete once; rejects when the signal aborts before. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /** Why the cache is not to be relied on; undefined when all is well. */
  readonly problem: string | undefined;
}

/** All reflectors of one resource type as one: a single one for everything, or one per namespace. */
export class Watched<T extends KubeObject> implements Source<T> {
  readonly #reflectors: ReadonlyMap<string | undefined, Reflector<T>>;

  /** `reflect` is given the namespace to watch, or none for everything. */
  constructor(namespaces: readonly string[], reflect: (place: { readonly namespace?: string }) => Reflector<T>) {
    this.#reflectors =
      namespaces.length === 0
        ? new Map([[undefined, reflect({})]])
        : new Map([...new Set(namespaces)].map((namespace) => [namespace, reflect({ namespace })]));
  }

  get size(): number {
    return this.#all().reduce((sum, { store }) => sum + store.size, 0);
  }

  get(ref: ObjectRef): T | undefined {
    return (this.#reflectors.get(undefined) ?? this.#reflectors.get(ref.namespace))?.store.get(ref);
  }

  *values(): IterableIterator<T> {
    for (const { store } of this.#all()) yield* store.values();
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#all().flatMap(({ store }) => store.byIndex(index, value));
  }

  addHandler(handler: ObjectHandler<T>): void {
    for (const reflector of this.#all()) reflector.addHandler(handler);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.run(signal)));
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.waitForSync(signal)));
  }

  get problem(): string | undefined {
    return this.#all()
      .map((reflector) => reflector.problem(STALE_AFTER_MS))
      .find((reason) => reason !== undefined);
  }

  #all(): readonly Reflector<T>[] {
    return [...this.#reflectors.values()];
  }
}
