import { isQualifiedName } from '../names.js';
import { equal, isJsonObject, type JsonObject, type KubeObject } from '../object.js';
import type { Column } from '../resource.js';
import { type Cause, cause } from '../status.js';
import { textOf } from '../text.js';
import { builtIn, int32, microTime, NAME, object, objectReference, string, time } from './define.js';

const source = object({ component: string, host: string });
const series = object({ count: int32, lastObservedTime: microTime });

const field = (value: unknown, name: string) => (isJsonObject(value) ? textOf(value[name]) : '');
const STORED_AS = 'events';

/** Names that differ between core/v1 (left, the stored form) and events.k8s.io/v1 (right). */
const RENAMED = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
] as const;

function renamed(event: KubeObject, apiVersion: string, toEventsGroup: boolean): KubeObject {
  const out: JsonObject = { ...event };
  for (const [core, events] of RENAMED) {
    const [from, to] = toEventsGroup ? [core, events] : [events, core];
    if (out[from] !== undefined) out[to] = out[from];
    delete out[from];
  }
  return { ...out, apiVersion, kind: 'Event', metadata: event.metadata };
}

/** The namespace of the object an event is about; for cluster-scoped objects events live in `default`. */
function namespaceCauses(event: KubeObject, about: unknown, at: string): Cause[] {
  const wanted = field(about, 'namespace') === '' ? 'default' : field(about, 'namespace');
  return event.metadata.namespace === wanted ||
    (field(about, 'namespace') === '' && event.metadata.namespace === 'kube-system')
    ? []
    : [cause.invalid(`${at}.namespace`, field(about, 'namespace'), 'does not match event.namespace')];
}

function sized(event: KubeObject, name: string): Cause[] {
  const value = textOf(event[name]);
  if (value === '') return [cause.required(name)];
  return value.length > 128 ? [cause.invalid(name, '', 'can have at most 128 characters')] : [];
}

/** k8s.io/kubernetes pkg/apis/core/validation/events.go, for a request to events.k8s.io/v1. */
function strictCauses(event: KubeObject, old: KubeObject | undefined): Cause[] {
  const causes = [...namespaceCauses(event, event['regarding'], 'regarding')];
  if (old === undefined) {
    if (!event['eventTime']) causes.push(cause.required('eventTime'));
    const controller = textOf(event['reportingController']);
    if (controller === '') causes.push(cause.required('reportingController'));
    else if (!isQualifiedName(controller)) {
      causes.push(
        cause.invalid('reportingController', controller, 'name part must consist of alphanumeric characters'),
      );
    }
    causes.push(...sized(event, 'reportingInstance'), ...sized(event, 'action'), ...sized(event, 'reason'));
    if (!['Normal', 'Warning'].includes(textOf(event['type']))) {
      causes.push(cause.invalid('type', textOf(event['type']), 'has invalid value: '));
    }
    if (Buffer.byteLength(textOf(event['note'])) > 1024) {
      causes.push(cause.invalid('message', '', 'can have at most 1024 characters'));
    }
    for (const name of ['deprecatedSource', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedCount']) {
      const value = event[name];
      const unset =
        value === undefined ||
        value === null ||
        value === 0 ||
        (isJsonObject(value) && Object.values(value).every((v) => v === ''));
      if (!unset) causes.push(cause.invalid(name, value, 'needs to be unset'));
    }
  } else {
    for (const name of Object.keys({ ...event, ...old })) {
      if (['metadata', 'apiVersion', 'kind', 'series'].includes(name)) continue;
      if (!equal(event[name], old[name])) causes.push(cause.invalid(name, event[name] ?? '', 'field is immutable'));
    }
  }
  const repeated = event['series'];
  if (isJsonObject(repeated)) {
    if (typeof repeated['count'] !== 'number' || repeated['count'] < 2) {
      causes.push(cause.invalid('series.count', repeated['count'] ?? 0, 'should be at least 2'));
    }
    if (!repeated['lastObservedTime']) causes.push(cause.required('series.lastObservedTime'));
  }
  return causes;
}

const seenAt = (o: KubeObject) =>
  field(o['series'], 'lastObservedTime') ||
  o['lastTimestamp'] ||
  o['eventTime'] ||
  o['firstTimestamp'] ||
  o.metadata.creationTimestamp;

/** Table columns over the core form. */
const columns: readonly Column[] = [
  { name: 'Last Seen', type: 'date', value: seenAt },
  { name: 'Type', type: 'string', value: (o) => o['type'] },
  { name: 'Reason', type: 'string', value: (o) => o['reason'] },
  {
    name: 'Object',
    type: 'string',
    value: (o) => `${field(o['involvedObject'], 'kind').toLowerCase()}/${field(o['involvedObject'], 'name')}`,
  },
  { name: 'Message', type: 'string', value: (o) => textOf(o['message']).trim() },
  { ...NAME, priority: 1 },
];

const reference = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;

const common = {
  reason: string,
  type: string,
  action: string,
  eventTime: microTime,
  series,
  related: objectReference,
  reportingInstance: string,
};

/** core/v1: lax unless eventTime is set. */
export const coreEvents = builtIn({
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  schema: object({
    ...common,
    involvedObject: objectReference,
    message: string,
    source,
    firstTimestamp: time,
    lastTimestamp: time,
    count: int32,
    reportingComponent: string,
  }),
  columns,
  selectableFields: {
    ...Object.fromEntries(
      reference.map((name) => [`involvedObject.${name}`, (o: KubeObject) => field(o['involvedObject'], name)]),
    ),
    reason: (o) => textOf(o['reason']),
    type: (o) => textOf(o['type']),
    reportingComponent: (o) => textOf(o['reportingComponent']),
    source: (o) => field(o['source'], 'component') || textOf(o['reportingComponent']),
  },
  rules: { validate: (event) => namespaceCauses(event, event['involvedObject'], 'involvedObject') },
  storedAs: STORED_AS,
});

/** events.k8s.io/v1: the strict view of the same events. */
export const events = builtIn({
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  shortNames: ['ev'],
  schema: object({
    ...common,
    regarding: objectReference,
    note: string,
    deprecatedSource: source,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: int32,
    reportingController: string,
  }),
  columns: columns.map((column) => ({ ...column, value: (o) => column.value(renamed(o, 'v1', false)) })),
  selectableFields: {
    ...Object.fromEntries(
      reference.map((name) => [`regarding.${name}`, (o: KubeObject) => field(o['regarding'], name)]),
    ),
    reason: (o) => textOf(o['reason']),
    type: (o) => textOf(o['type']),
    reportingController: (o) => textOf(o['reportingController']),
  },
  rules: { validate: strictCauses },
  storedAs: STORED_AS,
  fromStored: (event) => renamed(event, 'events.k8s.io/v1', true),
  toStored: (event) => renamed(event, 'v1', false),
});
