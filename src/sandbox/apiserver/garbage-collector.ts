import type { Deletes } from './delete.js';
import type { KubeObject } from './object.js';
import type { Ownership } from './ownership.js';
import type { Resource } from './resource.js';
import type { Target } from './write.js';

/**
 * What kube-controller-manager's garbage collector does: an object whose last owner is gone goes, too. In the background,
 * so never before the request that caused it is done with.
 */
export class GarbageCollector {
  readonly #ownership: Ownership;
  readonly #deletes: Deletes;

  constructor(ownership: Ownership, deletes: Deletes) {
    this.#ownership = ownership;
    this.#deletes = deletes;
  }

  /** Called for every state that is stored, after Ownership has seen it. */
  observe(resource: Resource, { metadata }: KubeObject, removed: boolean): void {
    const { namespace, name, uid } = metadata;
    // An owner may be gone before its dependent is made.
    const suspects = removed
      ? this.#ownership.dependentsOf(uid)
      : [{ resource, namespace, name, subresource: undefined }];
    for (const target of suspects) if (this.#ownership.isGarbage(target)) setImmediate(() => this.#collect(target));
  }

  #collect(target: Target): void {
    if (this.#ownership.isGarbage(target)) this.#deletes.delete(target, { dryRun: false });
  }
}
