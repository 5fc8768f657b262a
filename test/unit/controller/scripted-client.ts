import type { KubeObject, ObjectRef, ResourceType } from '../../../src/api/meta.js';
import { ApiError } from '../../../src/kube/api-error.js';
import type { KubeClient, Patch, StatusIntent } from '../../../src/kube/client.js';
import { objectKey } from '../../../src/kube/store.js';

export const apiError = (code: number, reason: string): ApiError =>
  new ApiError({ code, reason, message: reason, details: { name: 'x' } });

const refuse = (): never => {
  throw new Error('the controller has no business with this call');
};

const RECORDS = ['cmpv2transactions', 'cmpv2issuedcertificates'];

/** An API server that knows the objects it was given and fails on demand. Besides statuses, only records may be written. */
export class ScriptedClient implements KubeClient {
  readonly objects = new Map<string, KubeObject>();
  readonly writes: StatusIntent[] = [];
  /** Errors for the next status writes, reads, and writes of records. */
  readonly failures: { write: unknown[]; get: unknown[]; record: unknown[] } = { write: [], get: [], record: [] };
  /** What was done to records, in order. */
  readonly recordCalls: string[] = [];
  #version = 100;

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

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    this.#recordCall('create', type, object.metadata.name);
    if (this.objects.has(`${object.kind} ${objectKey(object.metadata)}`)) throw apiError(409, 'AlreadyExists');
    return this.#stored(object);
  }

  async update<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    this.#recordCall('update', type, object.metadata.name);
    const before = this.objects.get(`${object.kind} ${objectKey(object.metadata)}`);
    if (before === undefined) throw apiError(404, 'NotFound');
    if (before.metadata.resourceVersion !== object.metadata.resourceVersion) throw apiError(409, 'Conflict');
    return this.#stored(object);
  }

  /** A merge patch of a record's fields; null removes one. */
  async patch<T extends KubeObject>(type: ResourceType, ref: ObjectRef, { body }: Patch): Promise<T> {
    this.#recordCall('patch', type, ref.name);
    const before = this.objects.get(`${type.kind} ${objectKey(ref)}`) as { spec: object } & T;
    if (before === undefined) throw apiError(404, 'NotFound');
    const { spec = {} } = body as { spec?: object };
    const merged = Object.entries({ ...before.spec, ...spec }).filter(([, value]) => value !== null);
    return this.#stored({ ...before, spec: Object.fromEntries(merged) });
  }

  async delete(type: ResourceType, ref: ObjectRef): Promise<void> {
    this.#recordCall('delete', type, ref.name);
    if (!this.objects.delete(`${type.kind} ${objectKey(ref)}`)) throw apiError(404, 'NotFound');
  }

  #recordCall(verb: string, type: ResourceType, name: string): void {
    if (!RECORDS.includes(type.plural)) refuse();
    const failure = this.failures.record.shift();
    if (failure !== undefined) throw failure;
    this.recordCalls.push(`${verb} ${name}`);
  }

  #stored<T extends KubeObject>(object: T): T {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version++) } };
    this.put(stored);
    return stored;
  }

  list = refuse;
  watch = refuse;
}
