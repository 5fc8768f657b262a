import { createHash } from 'node:crypto';
import type { KubeObject, ResourceType } from '../api/meta.js';
import { microTime } from './micro-time.js';

export const EVENT_TYPE: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

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

/** Who reports: a qualified name such as `cmpv2-issuer`, and this process among its replicas. */
export interface Reporter {
  readonly controller: string;
  readonly instance: string;
}

/** An Event of events.k8s.io/v1, as far as we write it. */
export interface EventObject extends KubeObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: 'Normal' | 'Warning';
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly series?: EventSeries;
}

export interface EventSeries {
  /** At least 2. */
  readonly count: number;
  /** MicroTime. */
  readonly lastObservedTime: string;
}

const MAX_NOTE = 1024;
const MAX_WORD = 128;
const MAX_NAME = 253;
/** Events about cluster-scoped objects live here. */
const CLUSTER_EVENTS_NAMESPACE = 'default';

/** The longest beginning of `text` that fits into `octets` of UTF-8, never half a character. */
export function truncateUtf8(text: string, octets: number): string {
  const encoded = Buffer.from(text, 'utf8');
  if (encoded.length <= octets) return encoded.toString('utf8');
  let end = octets;
  // Continuation octets are 10xxxxxx: step back to the start of the character that does not fit.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}

/** The same event again, for six minutes, is one event with a series. The note counts: a new text is news. */
export function eventIdentity({ regarding, type, reason, action, note }: ObjectEvent): string {
  const { uid, namespace, name } = regarding.metadata;
  const parts = [regarding.kind, uid ?? '', namespace ?? '', name, type, reason, action, note];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

/** The Event object for one event. `unique` keeps its name apart from all others about the same object. */
export function eventObject(event: ObjectEvent, reporter: Reporter, at: Date, unique: string): EventObject {
  const { apiVersion, kind, metadata } = event.regarding;
  const { name, namespace, uid, resourceVersion } = metadata;
  const time = microTime(at);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      // The name of an object may end in any character of a DNS name; cut off, it must not end in a dot.
      name: `${name.slice(0, MAX_NAME - unique.length - 1).replace(/[.-]+$/, '')}.${unique}`,
      namespace: namespace ?? CLUSTER_EVENTS_NAMESPACE,
    },
    eventTime: time,
    reportingController: reporter.controller,
    reportingInstance: truncateUtf8(reporter.instance, MAX_WORD),
    action: truncateUtf8(event.action, MAX_WORD),
    reason: truncateUtf8(event.reason, MAX_WORD),
    type: event.type,
    note: truncateUtf8(event.note, MAX_NOTE),
    regarding: {
      apiVersion,
      kind,
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
  };
}
