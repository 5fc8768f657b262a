import type { KubeObject } from './object.js';
import type { Registry, Resource } from './resource.js';
import { keyOf, type Store } from './store.js';
import type { Target } from './write.js';

type OwnerReference = NonNullable<KubeObject['metadata']['ownerReferences']>[number];

/** Who is owned by whom (metadata.ownerReferences). */
export class Ownership {
  readonly #store: Store;
  readonly #registry: Registry;
  /** By the owner's uid, then by the dependent's. May name some that are owned no longer: whoever asks looks again. */
  readonly #dependents = new Map<string, Map<string, Target>>();

  constructor(store: Store, registry: Registry) {
    this.#store = store;
    this.#registry = registry;
  }

  /** Called for every state that is stored. */
  observe(resource: Resource, { metadata }: KubeObject, removed: boolean): void {
    const { uid, namespace, name, ownerReferences = [] } = metadata;
    if (uid === undefined) return;
    for (const owner of ownerReferences) {
      const dependents = this.#dependents.get(owner.uid) ?? new Map<string, Target>();
      if (removed) dependents.delete(uid);
      else dependents.set(uid, { resource, namespace, name, subresource: undefined });
      if (dependents.size === 0) this.#dependents.delete(owner.uid);
      else this.#dependents.set(owner.uid, dependents);
    }
  }

  /** Objects that name this uid as an owner. */
  dependentsOf(uid: string | undefined): readonly Target[] {
    const candidates = [...(this.#dependents.get(uid ?? '')?.values() ?? [])];
    return candidates.filter((target) => this.#owners(target).some((owner) => owner.uid === uid));
  }

  /** Whether the object had owners, and none of them is left. */
  isGarbage(target: Target): boolean {
    const owners = this.#owners(target);
    return owners.length > 0 && !owners.some((owner) => this.#mayExist(owner, target.namespace));
  }

  #owners({ resource, namespace, name }: Target): readonly OwnerReference[] {
    return this.#store.get(resource.storedAs, keyOf(namespace, name))?.object.metadata.ownerReferences ?? [];
  }

  /** An owner of a kind that is not served cannot be looked for. */
  #mayExist({ apiVersion, kind, name, uid }: OwnerReference, namespace: string | undefined): boolean {
    const resource = this.#registry.byKind(apiVersion, kind);
    if (resource === undefined) return true;
    const found = this.#store.get(resource.storedAs, keyOf(resource.namespaced ? namespace : undefined, name));
    return found?.object.metadata.uid === uid;
  }
}
