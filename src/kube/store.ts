import type { KubeObject, ObjectRef } from '../api/meta.js';

/** `namespace/name`, or `name` for cluster-scoped objects: how objects are keyed in stores and queues. */
export function objectKey({ namespace, name }: ObjectRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The inverse of objectKey. Names and namespaces hold no slash. */
export function objectRef(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Gives the values under which an object is found, e.g. the names of the Secrets it mentions. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** What the outside sees of a reflector's cache. Objects are shared: never change them. */
export interface ObjectStore<T extends KubeObject> {
  readonly size: number;
  get(ref: ObjectRef): T | undefined;
  values(): IterableIterator<T>;
  /** The objects for which index `index` gave `value`; throws when there is no such index. */
  byIndex(index: string, value: string): readonly T[];
}

/** A cache by namespace and name with secondary indexes. */
export class IndexedStore<T extends KubeObject> implements ObjectStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { readonly of: IndexFunction<T>; readonly keys: Map<string, Set<string>> }>();

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, of] of Object.entries(indexes)) this.#indexes.set(name, { of, keys: new Map() });
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(objectKey(ref));
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new RangeError(`no index "${index}": name it when the store is made`);
    const objects: T[] = [];
    for (const key of found.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) objects.push(object);
    }
    return objects;
  }

  set(object: T): void {
    const key = objectKey(object.metadata);
    this.delete(key);
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) {
        const set = keys.get(value);
        if (set === undefined) keys.set(value, new Set([key]));
        else set.add(key);
      }
    }
  }

  delete(key: string): T | undefined {
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    this.#objects.delete(key);
    for (const { of, keys } of this.#indexes.values()) {
      for (const value of of(object)) {
        const set = keys.get(value);
        set?.delete(key);
        if (set?.size === 0) keys.delete(value);
      }
    }
    return object;
  }
}
