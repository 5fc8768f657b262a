import { type ConfigurationOptions, CustomObjectsApi, PatchStrategy } from '@kubernetes/client-node';
import type { KubeObject, ObjectRef, ResourceType } from '../api/meta.js';
import { ApiError, isNotFound, TransportError } from './api-error.js';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  Patch,
  Selection,
  StatusIntent,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.js';
import { apiConfiguration, type CallTraits, callOptions, captureOptions } from './http-library.js';
import type { KubeTransport, TransportRequest } from './transport.js';
import { decodeWatch } from './watch-lines.js';

const CONTENT_TYPE = {
  merge: PatchStrategy.MergePatch,
  json: PatchStrategy.JsonPatch,
  apply: PatchStrategy.ServerSideApply,
} as const satisfies Record<Patch['kind'], string>;

/** Parameters of a list call beyond those of the selection. */
interface ListParameters {
  readonly limit?: number;
  readonly _continue?: string;
  readonly resourceVersion?: string;
  readonly timeoutSeconds?: number;
  readonly watch?: boolean;
  readonly allowWatchBookmarks?: boolean;
}

/** Leaves out what is undefined: client-node's parameters are either there or not. */
function given<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V });
}

function scope({ group, version, plural }: ResourceType) {
  return { group, version, plural };
}

function namespaceOf(type: ResourceType, namespace: string | undefined): string | undefined {
  if (type.namespaced && namespace === undefined) {
    throw new TypeError(`${type.plural} live in namespaces: name one`);
  }
  return type.namespaced ? namespace : undefined;
}

/** The Kubernetes API over client-node's typed calls and our own transport. */
export class ApiClient implements KubeClient {
  readonly #transport: KubeTransport;
  readonly #api: CustomObjectsApi;

  constructor(transport: KubeTransport) {
    this.#transport = transport;
    this.#api = new CustomObjectsApi(apiConfiguration(transport.server));
  }

  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    const at = { ...scope(type), name: ref.name };
    const namespace = namespaceOf(type, ref.namespace);
    return this.#call<T>({ signal: options.signal, idempotent: true }, (over) =>
      namespace === undefined
        ? this.#api.getClusterCustomObject(at, over)
        : this.#api.getNamespacedCustomObject({ ...at, namespace }, over),
    );
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<T>> {
    const page = { ...given('limit', options.limit), ...given('_continue', options.continue) };
    const answer = await this.#call<Record<string, unknown>>({ signal: options.signal, idempotent: true }, (over) =>
      this.#list(type, options, page, over),
    );
    return asList<T>(type, answer);
  }

  async *watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, signal } = options;
    let request: TransportRequest | undefined;
    const capture = captureOptions({ signal, idempotent: true }, (captured) => {
      request = captured;
    });
    const parameters = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
    await this.#list(type, options, parameters, capture);
    if (request !== undefined) yield* decodeWatch<T>(this.#transport.stream(request));
  }

  create<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const at = { ...scope(type), body: object, ...given('fieldManager', options.fieldManager) };
    const namespace = namespaceOf(type, object.metadata.namespace);
    return this.#call<T>({ signal: options.signal, contentType: 'application/json', idempotent: false }, (over) =>
      namespace === undefined
        ? this.#api.createClusterCustomObject(at, over)
        : this.#api.createNamespacedCustomObject({ ...at, namespace }, over),
    );
  }

  update<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const { name } = object.metadata;
    const at = { ...scope(type), name, body: object, ...given('fieldManager', options.fieldManager) };
    const namespace = namespaceOf(type, object.metadata.namespace);
    // Repeating it after a lost answer is safe: the resourceVersion makes the second one a conflict.
    return this.#call<T>({ signal: options.signal, contentType: 'application/json', idempotent: true }, (over) =>
      namespace === undefined
        ? this.#api.replaceClusterCustomObject(at, over)
        : this.#api.replaceNamespacedCustomObject({ ...at, namespace }, over),
    );
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    const at = {
      ...scope(type),
      name: ref.name,
      body: patch.body,
      ...given('fieldManager', options.fieldManager),
      ...given('force', patch.kind === 'apply' ? patch.force : undefined),
    };
    const namespace = namespaceOf(type, ref.namespace);
    const traits = {
      signal: options.signal,
      contentType: CONTENT_TYPE[patch.kind],
      idempotent: patch.kind !== 'json',
    };
    return this.#call<T>(traits, (over) =>
      namespace === undefined
        ? this.#api.patchClusterCustomObject(at, over)
        : this.#api.patchNamespacedCustomObject({ ...at, namespace }, over),
    );
  }

  async applyStatus<T extends KubeObject>(type: ResourceType, intent: StatusIntent, options: ApplyOptions): Promise<T> {
    const { name, namespace, uid } = intent.metadata;
    const where = namespaceOf(type, namespace);
    const at = {
      ...scope(type),
      name,
      body: {
        apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
        kind: type.kind,
        // The uid keeps the status of one incarnation away from the next one of the same name.
        metadata: { name, ...given('namespace', where), uid },
        status: intent.status,
      },
      fieldManager: options.fieldManager,
      ...given('force', options.force),
    };
    const traits = { signal: options.signal, contentType: PatchStrategy.ServerSideApply, idempotent: true };
    try {
      return await this.#call<T>(traits, (over) =>
        where === undefined
          ? this.#api.patchClusterCustomObjectStatus(at, over)
          : this.#api.patchNamespacedCustomObjectStatus({ ...at, namespace: where }, over),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return this.#replaceStatus<T>(type, intent, options);
    }
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const body = {
      ...given('propagationPolicy', options.propagationPolicy),
      ...(options.uid !== undefined && { preconditions: { uid: options.uid } }),
    };
    // After a DELETE with a body, undici gives the connection up.
    const at = { ...scope(type), name: ref.name, ...(Object.keys(body).length > 0 && { body }) };
    const namespace = namespaceOf(type, ref.namespace);
    await this.#call<unknown>({ signal: options.signal, contentType: 'application/json', idempotent: true }, (over) =>
      namespace === undefined
        ? this.#api.deleteClusterCustomObject(at, over)
        : this.#api.deleteNamespacedCustomObject({ ...at, namespace }, over),
    );
  }

  /**
   * The server answers the same 404 for a missing object and for a type without status subresource. So the object is
   * read: if it is there, the status is an ordinary field of it and the whole object is replaced.
   */
  async #replaceStatus<T extends KubeObject>(
    type: ResourceType,
    intent: StatusIntent,
    options: ApplyOptions,
  ): Promise<T> {
    const { name, namespace, uid } = intent.metadata;
    const ref = { name, ...given('namespace', namespace) };
    const current = await this.get<T & { readonly status?: object }>(type, ref, { signal: options.signal });
    if (current.metadata.uid !== uid) {
      throw new ApiError({
        code: 409,
        reason: 'Conflict',
        message: `${type.plural} "${name}" is another object of the same name now: its uid is ${current.metadata.uid}`,
      });
    }
    const { fieldManager, signal } = options;
    return this.update<T>(
      type,
      { ...current, status: { ...current.status, ...intent.status } },
      { fieldManager, signal },
    );
  }

  #list(type: ResourceType, selection: Selection, page: ListParameters, over: ConfigurationOptions): Promise<unknown> {
    const { namespace, fieldSelector, labelSelector } = selection;
    const parameters = {
      ...scope(type),
      ...page,
      ...given('fieldSelector', fieldSelector),
      ...given('labelSelector', labelSelector),
    };
    return type.namespaced && namespace !== undefined
      ? this.#api.listNamespacedCustomObject({ ...parameters, namespace }, over)
      : this.#api.listClusterCustomObject(parameters, over);
  }

  async #call<R>(traits: CallTraits, call: (over: ConfigurationOptions) => Promise<unknown>): Promise<R> {
    try {
      return (await call(callOptions(this.#transport, traits))) as R;
    } catch (error) {
      if (error instanceof ApiError || error instanceof TransportError || traits.signal?.aborted) throw error;
      // A parser's message quotes what it read, which may be a Secret: neither it nor its cause is passed on.
      throw new TransportError('protocol', `the API server ${this.#transport.server} sent something that is no JSON`);
    }
  }
}

/** Items of lists of built-in types come without apiVersion and kind; everybody above may rely on them. */
function asList<T extends KubeObject>(type: ResourceType, answer: Record<string, unknown>): ObjectList<T> {
  const items = answer['items'];
  const { resourceVersion, continue: next } = (answer['metadata'] ?? {}) as Record<string, unknown>;
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') {
    throw new TransportError('protocol', `the API server sent something that is no list of ${type.plural}`);
  }
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return {
    items: items.map((item) => (item.kind === undefined ? { apiVersion, kind: type.kind, ...item } : item)),
    resourceVersion,
    ...(typeof next === 'string' && next !== '' && { continue: next }),
  };
}
