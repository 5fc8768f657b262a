import type { KubeObject, ObjectRef, ResourceType } from '../../../src/api/meta.js';
import { ApiError } from '../../../src/kube/api-error.js';
import type { KubeClient, StatusIntent } from '../../../src/kube/client.js';
import { objectKey } from '../../../src/kube/store.js';

export const apiError = (code: number, reason: string): ApiError =>
  new ApiError({ code, reason, message: reason, details: { name: 'x' } });

const refuse = (): never => {
  throw new Error('the controller has no business with this call');
};

/** An API server that knows the objects it was given and fails on demand. Calls other than get and applyStatus are errors. */
export class ScriptedClient implements KubeClient {
  readonly objects = new Map<string, KubeObject>();
  readonly writes: StatusIntent[] = [];
  /** Errors for the next writes and reads. */
  readonly failures: { write: unknown[]; get: unknown[] } = { write: [], get: [] };

  put(object: KubeObject): void {
    this.objects.set(`${object.kind} ${objectKey(object.metadata)}`, object);
  }

  remove(object: KubeObject): void {
    this.objects.delete(`${object.kind} ${objectKey(object.metadata)}`);
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T> {
    const failure = this.failures.get.shift();
    if (failure !== undefined) throw failure;
    const found = this.objects.get(`${type.kind} ${objectKey(ref)}`);
    if (found === undefined) throw apiError(404, 'NotFound');
    return found as T;
  }

  async applyStatus<T extends KubeObject>(type: ResourceType, intent: StatusIntent): Promise<T> {
    const failure = this.failures.write.shift();
    if (failure !== undefined) throw failure;
    this.writes.push(intent);
    const { name, namespace } = intent.metadata;
    return this.get<T>(type, namespace === undefined ? { name } : { namespace, name });
  }

  list = refuse;
  watch = refuse;
  create = refuse;
  update = refuse;
  patch = refuse;
  delete = refuse;
}
