import type { KubeObject, ObjectRef, ResourceType } from '../api/meta.js';
import type { ApiError } from './api-error.js';

/** What every call takes: the caller's signal. A call also has a deadline of its own (15 s unless configured). */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Selection extends CallOptions {
  /** Absent: all namespaces (or a cluster-scoped type). */
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  /** Most items in one page; absent: everything at once. */
  readonly limit?: number | undefined;
  /** The token of the page before. */
  readonly continue?: string | undefined;
}

export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[];
  /** Where a watch must start. The same on every page. */
  readonly resourceVersion: string;
  /** Present when there are more pages. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** The server ends the stream, cleanly, after this many seconds. */
  readonly timeoutSeconds: number;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'ERROR'; readonly error: ApiError };

export interface WriteOptions extends CallOptions {
  /** Owner of the written fields in `metadata.managedFields`. */
  readonly fieldManager?: string | undefined;
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  /** Take fields away from other managers instead of failing with a conflict. Default false. */
  readonly force?: boolean | undefined;
}

/** The status wanted for one incarnation of one object. Must hold every status field that the manager owns. */
export interface StatusIntent {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly uid: string };
  readonly status: object;
}

/** A patch by its media type: RFC 7396, RFC 6902, or server-side apply (then the whole intent of `fieldManager`). */
export type Patch =
  | { readonly kind: 'merge'; readonly body: object }
  | { readonly kind: 'json'; readonly body: readonly object[] }
  | { readonly kind: 'apply'; readonly body: object; readonly force?: boolean };

export interface DeleteOptions extends CallOptions {
  /** Only this incarnation: anything else is a conflict. */
  readonly uid?: string | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

/**
 * The Kubernetes API as far as a controller needs it, as a seam. Objects are plain JSON as on the wire (times are
 * text), always with apiVersion and kind. Failures are ApiError (the server said no) or TransportError (no answer);
 * an aborted signal rejects with the signal's reason.
 */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** One page. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * The changes after `resourceVersion`, with bookmarks. Ends when the server closes the stream cleanly, throws when
   * it breaks. Leaving the loop closes the stream.
   */
  watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** `metadata.name` or `metadata.generateName` must be set. */
  create<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the whole object; `metadata.resourceVersion` is the precondition. */
  update<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>;
  /**
   * Server-side apply on `/status`, for this uid only: an object that was deleted and made anew gives a conflict.
   * Where the type has no status subresource (ONAP's first CRD), replaces the whole object instead.
   */
  applyStatus<T extends KubeObject>(type: ResourceType, intent: StatusIntent, options: ApplyOptions): Promise<T>;
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<void>;
}
