import type { KubeObject } from '../api/meta.js';

/** Something a person should see at an object with `kubectl describe`. */
export interface ObjectEvent {
  /** The object it is about; needs its uid. */
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, 1..128 characters: why. */
  readonly reason: string;
  /** UpperCamelCase, 1..128 characters: what was done or tried. */
  readonly action: string;
  /** For people; cut to 1024 octets. */
  readonly note: string;
}

/** Records events: never blocks, never throws, may lose some (events are advice, not records). */
export interface EventRecorder {
  record(event: ObjectEvent): void;
  /** Sends what is queued, for at most `graceMs` milliseconds, then drops the rest. */
  stop(graceMs: number): Promise<void>;
}
