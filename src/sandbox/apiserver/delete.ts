import { isJsonObject, type JsonObject, type KubeObject, wholeSeconds } from './object.js';
import type { Ownership } from './ownership.js';
import type { Registry, Resource } from './resource.js';
import * as status from './status.js';
import { keyOf, type Version } from './store.js';
import type { Target, WriteContext, Writes } from './write.js';

const PROPAGATION_POLICIES = ['Background', 'Foreground', 'Orphan'] as const;

/** DeleteOptions as far as they mean something here. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /**
   * What becomes of the dependents. `Foreground` deletes them before the owner, but does not wait for their finalizers.
   * Absent: `Background`.
   */
  readonly propagationPolicy?: (typeof PROPAGATION_POLICIES)[number];
}

export function deleteOptions(body: unknown, dryRun: boolean, query?: URLSearchParams): DeleteOptions {
  if (body !== undefined && !isJsonObject(body)) throw status.badRequest('DeleteOptions must be a JSON object');
  const preconditions: JsonObject = isJsonObject(body?.['preconditions']) ? body['preconditions'] : {};
  const { uid, resourceVersion } = preconditions;
  const policy = body?.['propagationPolicy'] ?? query?.get('propagationPolicy') ?? undefined;
  const propagationPolicy = PROPAGATION_POLICIES.find((known) => known === policy);
  if (policy !== undefined && propagationPolicy === undefined) {
    throw status.badRequest(`propagationPolicy must be one of ${PROPAGATION_POLICIES.join(', ')}`);
  }
  return {
    dryRun: dryRun || (Array.isArray(body?.['dryRun']) && body['dryRun'].includes('All')),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
  };
}

/** Either the object, waiting for its finalizers, or a Status Success. */
export type DeleteOutcome = { readonly waiting: Version } | { readonly gone: JsonObject };

export class Deletes {
  readonly #context: WriteContext;
  readonly #writes: Writes;
  readonly #registry: Registry;
  readonly #ownership: Ownership;

  constructor(context: WriteContext, writes: Writes, registry: Registry, ownership: Ownership) {
    this.#context = context;
    this.#writes = writes;
    this.#registry = registry;
    this.#ownership = ownership;
  }

  delete(target: Target, options: DeleteOptions): DeleteOutcome {
    const { resource, name } = target;
    const found = this.#writes.read(target);
    const { metadata } = found.object;
    const precondition = (what: string, wanted: string | undefined, actual: string | undefined) => {
      if (wanted === undefined || wanted === actual) return;
      throw status.conflict(
        resource,
        name,
        `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
      );
    };
    precondition('UID', options.uid, metadata.uid);
    precondition('ResourceVersion', options.resourceVersion, metadata.resourceVersion);
    if (isProtected(resource, name)) throw status.forbidden(resource, name, 'this namespace may not be deleted');

    if (options.dryRun) return { gone: success(target, found) };
    this.#propagate(metadata.uid, options);
    if (resource.storedAs === 'namespaces') return this.#deleteNamespace(target, found);
    if ((metadata.finalizers ?? []).length === 0) {
      this.#remove(target);
      return { gone: success(target, found) };
    }
    return { waiting: this.#mark(target) };
  }

  /** What has to happen to dependents before their owner goes; the rest is the garbage collector's. */
  #propagate(uid: string | undefined, { propagationPolicy }: DeleteOptions): void {
    if (propagationPolicy === undefined || propagationPolicy === 'Background') return;
    for (const dependent of this.#ownership.dependentsOf(uid)) {
      if (propagationPolicy === 'Foreground') this.delete(dependent, { dryRun: false });
      else this.#disown(dependent, uid);
    }
  }

  #disown({ resource, namespace, name }: Target, uid: string | undefined): void {
    const { store, stored } = this.#context;
    const key = keyOf(namespace, name);
    const version = store.get(resource.storedAs, key);
    if (version === undefined) return;
    const { ownerReferences = [], ...metadata } = version.object.metadata;
    const left = ownerReferences.filter((owner) => owner.uid !== uid);
    const next = { ...metadata, ...(left.length === 0 ? {} : { ownerReferences: left }) };
    stored(resource, store.put(resource.storedAs, key, { ...version.object, metadata: next }).object, false);
  }

  /** Called when anything is gone: a terminating namespace ends with its last object. */
  finishNamespace(namespace: string | undefined): void {
    if (namespace === undefined) return;
    const found = this.#context.store.get('namespaces', keyOf(undefined, namespace));
    if (found?.object.metadata.deletionTimestamp === undefined || this.#contents(namespace).length > 0) return;
    const resource = this.#registry.byName('namespaces');
    if (resource !== undefined) {
      this.#remove({ resource, namespace: undefined, name: namespace, subresource: undefined });
    }
  }

  #deleteNamespace(target: Target, found: Version): DeleteOutcome {
    const { name } = target;
    this.#mark(target);
    for (const content of this.#contents(name)) {
      if ((content.object.metadata.finalizers ?? []).length > 0) this.#mark(content.target);
      else this.#remove(content.target);
    }
    this.finishNamespace(name);
    const left = this.#context.store.get('namespaces', keyOf(undefined, name));
    return left === undefined ? { gone: success(target, found) } : { waiting: left };
  }

  #contents(namespace: string): { readonly target: Target; readonly object: KubeObject }[] {
    const seen = new Set<string>();
    return this.#registry.all().flatMap((resource) => {
      if (!resource.namespaced || seen.has(resource.storedAs)) return [];
      seen.add(resource.storedAs);
      return this.#context.store.list(resource.storedAs, namespace).map(([, { object }]) => ({
        object,
        target: { resource, namespace, name: object.metadata.name, subresource: undefined },
      }));
    });
  }

  /** Sets deletionTimestamp; the object stays until its finalizers are gone. Once set it stays as it is. */
  #mark(target: Target): Version {
    const { resource, namespace, name } = target;
    const { store, clock, stored } = this.#context;
    const key = keyOf(namespace, name);
    const version = store.get(resource.storedAs, key);
    if (version === undefined) throw status.notFound(resource, name);
    if (version.object.metadata.deletionTimestamp !== undefined) return version;
    const { metadata } = version.object;
    const marked = store.put(resource.storedAs, key, {
      ...version.object,
      ...(resource.storedAs === 'namespaces' ? { status: { phase: 'Terminating' } } : {}),
      metadata: {
        ...metadata,
        deletionTimestamp: wholeSeconds(clock.now()),
        deletionGracePeriodSeconds: 0,
        ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      },
    });
    stored(resource, marked.object, false);
    return marked;
  }

  #remove({ resource, namespace, name }: Target): void {
    const key = keyOf(namespace, name);
    const version = this.#context.store.get(resource.storedAs, key);
    if (version === undefined) return;
    this.#context.store.delete(resource.storedAs, key, version.object);
    this.#context.stored(resource, version.object, true);
  }
}

const isProtected = (resource: Resource, name: string) =>
  resource.storedAs === 'namespaces' && ['default', 'kube-system'].includes(name);

const success = ({ resource, name }: Target, found: Version): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: found.object.metadata.uid,
  },
});
