export { ApiClient } from './api-client.js';
export {
  ApiError,
  apiErrorFromStatus,
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  isTransient,
  isTypeMissing,
  type StatusCause,
  type StatusDetails,
  TransportError,
  type TransportFailure,
} from './api-error.js';
export type {
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
export { KubeConfigError, type KubeConfigOptions, loadKubeAccess } from './config.js';
export type { Credentials, KubeAccess, TlsMaterial } from './credentials.js';
export type { Reporter } from './event-object.js';
export {
  type EventRecorder,
  type EventRecorderOptions,
  KubeEventRecorder,
  type ObjectEvent,
} from './event-recorder.js';
export { microTime } from './micro-time.js';
export { Reflector, type ReflectorOptions, type ReflectorTuning } from './reflector.js';
export type { ObjectHandler, ReflectorObserver, ReflectorState, RelistReason } from './reflector-types.js';
export { type IndexFunction, type ObjectStore, objectKey, objectRef } from './store.js';
export { KubeTransport, type TransportObserver, type TransportOptions } from './transport.js';
export { MalformedWatchError } from './watch-lines.js';
export {
  type WorkHandler,
  type WorkItem,
  WorkQueue,
  type WorkQueueObserver,
  type WorkQueueOptions,
} from './work-queue.js';
