import type { KubeObject } from '../api/meta.js';
import type { Logger } from '../runtime/logger.js';
import type { ObjectHandler } from './reflector-types.js';
import { IndexedStore, type IndexFunction, type ObjectStore, objectKey } from './store.js';

export interface ObjectCacheOptions<T extends KubeObject> {
  readonly logger: Logger;
  /** What to keep of an object as it is on the wire. Absent: all of it, which is a T then. */
  project?(object: KubeObject): T | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
}

/** A store that turns what a list or a watch says into changes, and tells its handlers about them. */
export class ObjectCache<T extends KubeObject> {
  readonly #options: ObjectCacheOptions<T>;
  readonly #store: IndexedStore<T>;
  readonly #handlers: ObjectHandler<T>[] = [];

  constructor(options: ObjectCacheOptions<T>) {
    this.#options = options;
    const indexes = Object.entries(options.indexes ?? {}).map(([name, index]): [string, IndexFunction<T>] => [
      name,
      (object) => this.#guarded(() => index(object)) ?? [],
    ]);
    this.#store = new IndexedStore<T>(Object.fromEntries(indexes));
  }

  get store(): ObjectStore<T> {
    return this.#store;
  }

  keys(): IterableIterator<string> {
    return this.#store.keys();
  }

  /** Hears of everything from now on; what is there already is told at once, as added. */
  addHandler(handler: ObjectHandler<T>): void {
    this.#handlers.push(handler);
    for (const object of this.#store.values()) this.#tell(handler, (to) => to.added?.(object));
  }

  /** The object is in this state now. */
  upsert(raw: KubeObject): void {
    const before = this.#store.get(raw.metadata);
    const object = this.#project(raw);
    if (object === undefined) {
      this.#remove(objectKey(raw.metadata), false);
      return;
    }
    if (before !== undefined && before.metadata.uid === object.metadata.uid) {
      if (before.metadata.resourceVersion === object.metadata.resourceVersion) return;
      this.#store.set(object);
      this.#tellAll((handler) => handler.updated?.(before, object));
      return;
    }
    // Deleted and made anew while nobody looked: two objects that share a name and nothing else.
    if (before !== undefined) this.drop(objectKey(raw.metadata));
    this.#store.set(object);
    this.#tellAll((handler) => handler.added?.(object));
  }

  /** The object was deleted; `raw` is its last state. */
  delete(raw: KubeObject): void {
    const before = this.#store.get(raw.metadata);
    if (before === undefined) return;
    const last = before.metadata.uid === raw.metadata.uid ? this.#project(raw) : undefined;
    this.#store.delete(objectKey(raw.metadata));
    this.#tellAll((handler) => handler.deleted?.(last ?? before, last === undefined));
  }

  /** The object is not there any more; nobody saw it go. */
  drop(key: string): void {
    this.#remove(key, true);
  }

  #remove(key: string, finalStateUnknown: boolean): void {
    const last = this.#store.delete(key);
    if (last !== undefined) this.#tellAll((handler) => handler.deleted?.(last, finalStateUnknown));
  }

  #project(raw: KubeObject): T | undefined {
    const object = withoutManagedFields(raw);
    if (this.#options.project === undefined) return object as T;
    return this.#guarded(() => this.#options.project?.(object));
  }

  /** One odd object must not keep the cache from holding all the others. */
  #guarded<R>(work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.#options.logger.error({ error }, 'an object could not be taken into the cache as it should; it is left out');
      return undefined;
    }
  }

  #tellAll(call: (handler: ObjectHandler<T>) => void): void {
    for (const handler of this.#handlers) this.#tell(handler, call);
  }

  #tell(handler: ObjectHandler<T>, call: (handler: ObjectHandler<T>) => void): void {
    try {
      call(handler);
    } catch (error) {
      this.#options.logger.error({ error }, 'a handler of cache changes failed; it is not told about the change again');
    }
  }
}

/** A third or more of an object's size, and nobody reads it. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
