import type { ObjectRef } from '../api/meta.js';
import type { Secret } from '../api/secret.js';
import type { ObjectHandler } from '../kube/reflector-types.js';
import { objectKey } from '../kube/store.js';

/** Watches one Secret by name until the signal aborts. */
export type WatchSecret = (ref: ObjectRef, handler: ObjectHandler<Secret>, signal: AbortSignal) => void;

interface Watch {
  readonly stop: AbortController;
  readonly owners: Set<string>;
}

/**
 * Tells the issuers when a Secret they mention comes, changes or goes. Each Secret is watched by its name, never a
 * whole namespace, and its contents are not kept: whoever is told reads it anew.
 */
export class SecretWatches {
  readonly #watch: WatchSecret;
  readonly #changed: (owner: string) => void;
  readonly #watches = new Map<string, Watch>();

  constructor(watch: WatchSecret, changed: (owner: string) => void) {
    this.#watch = watch;
    this.#changed = changed;
  }

  /** From now on `owner` wants to hear of these Secrets and no others. */
  set(owner: string, secrets: readonly ObjectRef[]): void {
    const wanted = new Map(secrets.map((ref) => [objectKey(ref), ref]));
    for (const [key, watch] of this.#watches) {
      if (wanted.has(key) || !watch.owners.delete(owner) || watch.owners.size > 0) continue;
      watch.stop.abort();
      this.#watches.delete(key);
    }
    for (const [key, ref] of wanted) (this.#watches.get(key) ?? this.#start(key, ref)).owners.add(owner);
  }

  stop(): void {
    for (const { stop } of this.#watches.values()) stop.abort();
    this.#watches.clear();
  }

  #start(key: string, ref: ObjectRef): Watch {
    const watch: Watch = { stop: new AbortController(), owners: new Set() };
    this.#watches.set(key, watch);
    const tell = () => {
      for (const owner of watch.owners) this.#changed(owner);
    };
    this.#watch(ref, { added: tell, updated: tell, deleted: tell }, watch.stop.signal);
    return watch;
  }
}
