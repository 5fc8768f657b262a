import type { KubeObject, ObjectRef, ResourceType } from '../../../src/api/meta.js';
import type { KubeClient, ListOptions, ObjectList, Patch, WatchEvent, WatchOptions } from '../../../src/kube/client.js';

/** One step of a list: a page, or a failure. */
export type ListStep<T extends KubeObject> = ObjectList<T> | Error;
/** What one watch brings, in order: events, then its end. */
export type WatchStep<T extends KubeObject> = readonly (WatchEvent<T> | Error | 'silence')[];

/** A KubeClient that answers lists and watches from a script, and writes into a log. */
export class ScriptedClient<T extends KubeObject> implements KubeClient {
  readonly lists: ListOptions[] = [];
  readonly watches: WatchOptions[] = [];
  readonly writes: unknown[] = [];
  /** Decides about each write; throws to refuse it. */
  onWrite: (write: { verb: string; object: unknown }) => void = () => {};
  readonly #listSteps: ListStep<T>[];
  readonly #watchSteps: WatchStep<T>[];

  constructor(listSteps: ListStep<T>[] = [], watchSteps: WatchStep<T>[] = []) {
    this.#listSteps = listSteps;
    this.#watchSteps = watchSteps;
  }

  get<R extends KubeObject>(): Promise<R> {
    return Promise.reject(new Error('the script has no get'));
  }

  list<R extends KubeObject>(_: ResourceType, options: ListOptions = {}): Promise<ObjectList<R>> {
    this.lists.push(options);
    const step = this.#listSteps.shift();
    if (step === undefined) return new Promise((_resolve, reject) => onAbort(options.signal, reject));
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(step as unknown as ObjectList<R>);
  }

  /** When the script is over, the last watch stays silent for ever. */
  async *watch<R extends KubeObject>(_: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<R>> {
    this.watches.push(options);
    for (const step of this.#watchSteps.shift() ?? ['silence']) {
      if (step === 'silence') await new Promise((_resolve, reject) => onAbort(options.signal, reject));
      else if (step instanceof Error) throw step;
      else yield step as unknown as WatchEvent<R>;
    }
  }

  create<R extends KubeObject>(_: ResourceType, object: R): Promise<R> {
    return this.#write('create', object);
  }

  update<R extends KubeObject>(_: ResourceType, object: R): Promise<R> {
    return this.#write('update', object);
  }

  patch<R extends KubeObject>(_: ResourceType, ref: ObjectRef, patch: Patch): Promise<R> {
    return this.#write<R>('patch', { ref, patch });
  }

  applyStatus<R extends KubeObject>(): Promise<R> {
    return Promise.reject(new Error('the script has no applyStatus'));
  }

  async delete(_: ResourceType, ref: ObjectRef): Promise<void> {
    await this.#write('delete', ref);
  }

  async #write<R>(verb: string, object: unknown): Promise<R> {
    this.writes.push({ verb, object });
    await Promise.resolve();
    this.onWrite({ verb, object });
    return object as R;
  }
}

function onAbort(signal: AbortSignal | undefined, reject: (reason: unknown) => void): void {
  if (signal?.aborted) reject(signal.reason);
  else signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
}
