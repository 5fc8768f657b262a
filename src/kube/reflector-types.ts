import type { KubeObject, ResourceType } from '../api/meta.js';

/**
 * `listing`: the first list or a relist is under way. `watching`: up to date. `backing-off`: waits after a failure.
 * `type-missing`: the CRD is not installed, asks again from time to time. `forbidden`: RBAC does not let us, likewise.
 */
export type ReflectorState = 'idle' | 'listing' | 'watching' | 'backing-off' | 'type-missing' | 'forbidden' | 'stopped';

/** Why everything was listed anew. */
export type RelistReason = 'start' | 'expired' | 'error-event' | 'malformed-event' | 'list-failed';

/** Counters and states for metrics; every hook may be left out. */
export interface ReflectorObserver {
  stateChanged?(type: ResourceType, state: ReflectorState): void;
  relisted?(type: ResourceType, reason: RelistReason): void;
  failed?(type: ResourceType, error: unknown): void;
}

/**
 * Told about every change of the cache, in order, after the cache has changed. Called synchronously: put a key into
 * a queue and return. A handler that throws is logged and harms nobody else.
 */
export interface ObjectHandler<T extends KubeObject> {
  added?(object: T): void;
  updated?(before: T, after: T): void;
  /** `last` is the last state known; with `finalStateUnknown` the object may have changed before it went away. */
  deleted?(last: T, finalStateUnknown: boolean): void;
}
