import { unreachable } from '../../runtime/unreachable.js';
import type { JsonObject } from './object.js';
import { badRequest } from './status.js';
import { textOf } from './text.js';

/**
 * Decodes what Go clients send for built-in types (application/vnd.kubernetes.protobuf): the envelope
 * `k8s\0` + Unknown{1 TypeMeta{1 apiVersion, 2 kind}, 2 raw}, then the messages of k8s.io/api's generated.proto.
 * Only decoding: such clients always accept a JSON answer.
 */
type Field =
  | { readonly name: string; readonly as: 'string' | 'int' | 'bool' | 'base64' | 'time' | 'microTime' }
  | { readonly name: string; readonly as: 'message'; readonly fields: Message }
  | { readonly name: string; readonly as: 'map'; readonly value: 'string' | 'base64' }
  | { readonly name: string; readonly as: 'list'; readonly item: 'string' | Message };
type Message = Readonly<Record<number, Field>>;

const text = (name: string): Field => ({ name, as: 'string' });
const int = (name: string): Field => ({ name, as: 'int' });
const bool = (name: string): Field => ({ name, as: 'bool' });
const map = (name: string, value: 'string' | 'base64' = 'string'): Field => ({ name, as: 'map', value });
const list = (name: string, item: 'string' | Message): Field => ({ name, as: 'list', item });
const message = (name: string, fields: Message): Field => ({ name, as: 'message', fields });
const base64 = (name: string): Field => ({ name, as: 'base64' });
const time = (name: string): Field => ({ name, as: 'time' });
const microTime = (name: string): Field => ({ name, as: 'microTime' });

const ownerReference: Message = {
  1: text('kind'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: bool('controller'),
  7: bool('blockOwnerDeletion'),
};

const metadata = message('metadata', {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: int('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  11: map('labels'),
  12: map('annotations'),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers', 'string'),
  // managedFields are the server's business; what a client sends of them is ignored anyway.
});

const reference: Message = {
  1: text('kind'),
  2: text('namespace'),
  3: text('name'),
  4: text('uid'),
  5: text('apiVersion'),
  6: text('resourceVersion'),
  7: text('fieldPath'),
};

const resourceAttributes = message('resourceAttributes', {
  1: text('namespace'),
  2: text('verb'),
  3: text('group'),
  4: text('version'),
  5: text('resource'),
  6: text('subresource'),
  7: text('name'),
});

const policyRule: Message = {
  1: list('verbs', 'string'),
  2: list('apiGroups', 'string'),
  3: list('resources', 'string'),
  4: list('resourceNames', 'string'),
  5: list('nonResourceURLs', 'string'),
};

const binding: Message = {
  1: metadata,
  2: list('subjects', { 1: text('kind'), 2: text('apiGroup'), 3: text('name'), 4: text('namespace') }),
  3: message('roleRef', { 1: text('apiGroup'), 2: text('kind'), 3: text('name') }),
};

const MESSAGES: Readonly<Record<string, Message>> = {
  'v1/Secret': { 1: metadata, 2: map('data', 'base64'), 3: text('type'), 4: map('stringData'), 5: bool('immutable') },
  'v1/ConfigMap': { 1: metadata, 2: map('data'), 3: map('binaryData', 'base64'), 4: bool('immutable') },
  'v1/Namespace': { 1: metadata },
  'v1/ServiceAccount': { 1: metadata, 4: bool('automountServiceAccountToken') },
  'coordination.k8s.io/v1/Lease': {
    1: metadata,
    2: message('spec', {
      1: text('holderIdentity'),
      2: int('leaseDurationSeconds'),
      3: microTime('acquireTime'),
      4: microTime('renewTime'),
      5: int('leaseTransitions'),
    }),
  },
  'events.k8s.io/v1/Event': {
    1: metadata,
    2: microTime('eventTime'),
    3: message('series', { 1: int('count'), 2: microTime('lastObservedTime') }),
    4: text('reportingController'),
    5: text('reportingInstance'),
    6: text('action'),
    7: text('reason'),
    8: message('regarding', reference),
    9: message('related', reference),
    10: text('note'),
    11: text('type'),
  },
  DeleteOptions: {
    1: int('gracePeriodSeconds'),
    2: message('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
    4: text('propagationPolicy'),
    5: list('dryRun', 'string'),
  },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': { 1: metadata, 2: message('spec', { 1: resourceAttributes }) },
  'authorization.k8s.io/v1/SubjectAccessReview': {
    1: metadata,
    2: message('spec', { 1: resourceAttributes, 3: text('user'), 4: list('groups', 'string') }),
  },
  'rbac.authorization.k8s.io/v1/Role': { 1: metadata, 2: list('rules', policyRule) },
  'rbac.authorization.k8s.io/v1/ClusterRole': { 1: metadata, 2: list('rules', policyRule) },
  'rbac.authorization.k8s.io/v1/RoleBinding': binding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': binding,
  'certificates.k8s.io/v1/CertificateSigningRequest': {
    1: metadata,
    2: message('spec', {
      1: base64('request'),
      2: text('username'),
      3: text('uid'),
      4: list('groups', 'string'),
      5: list('usages', 'string'),
      7: text('signerName'),
      8: int('expirationSeconds'),
    }),
    3: message('status', {
      1: list('conditions', {
        1: text('type'),
        2: text('reason'),
        3: text('message'),
        4: time('lastUpdateTime'),
        5: time('lastTransitionTime'),
        6: text('status'),
      }),
      2: base64('certificate'),
    }),
  },
};

const MAGIC = Buffer.from('k8s\0');

export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(MAGIC)) {
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix k8s\\0');
  }
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const field of fields(body.subarray(4))) {
    if (field.number === 1) {
      for (const part of fields(field.bytes)) {
        if (part.number === 1) apiVersion = part.bytes.toString();
        if (part.number === 2) kind = part.bytes.toString();
      }
    }
    if (field.number === 2) raw = field.bytes;
  }
  const known = MESSAGES[kind === 'DeleteOptions' ? kind : `${apiVersion}/${kind}`];
  if (known === undefined) {
    throw badRequest(`this server does not read protobuf of ${apiVersion} ${kind}; send application/json`);
  }
  return { apiVersion, kind, ...decode(raw, known) };
}

interface Raw {
  readonly number: number;
  readonly bytes: Buffer;
  readonly integer: number;
}

function* fields(buffer: Buffer): Generator<Raw> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = buffer[at];
      if (octet === undefined || factor > 2 ** 63) throw badRequest('unexpected end of protobuf message');
      at += 1;
      value += (octet & 0x7f) * factor;
      if (octet < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, bytes: Buffer.alloc(0), integer: varint() };
    else if (wire === 2) {
      const length = varint();
      if (at + length > buffer.length) throw badRequest('unexpected end of protobuf message');
      yield { number, bytes: buffer.subarray(at, at + length), integer: 0 };
      at += length;
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else throw badRequest(`protobuf wire type ${wire} is not used by Kubernetes`);
  }
}

function decode(buffer: Buffer, known: Message): JsonObject {
  const out: JsonObject = {};
  for (const raw of fields(buffer)) {
    const field = known[raw.number];
    if (field === undefined) continue;
    if (field.as === 'map') {
      const entry = decode(raw.bytes, { 1: text('key'), 2: { name: 'value', as: field.value } });
      out[field.name] = { ...(out[field.name] ?? {}), [textOf(entry['key'])]: entry['value'] ?? '' };
    } else if (field.as === 'list') {
      const before = Array.isArray(out[field.name]) ? (out[field.name] as unknown[]) : [];
      const item = field.item === 'string' ? raw.bytes.toString() : decode(raw.bytes, field.item);
      out[field.name] = [...before, item];
    } else {
      const value = scalar(raw, field);
      // Go writes empty strings where JSON leaves the field out.
      if (value !== '' || field.as === 'base64') out[field.name] = value;
    }
  }
  return out;
}

function scalar(raw: Raw, field: Field): unknown {
  switch (field.as) {
    case 'string':
      return raw.bytes.toString();
    case 'base64':
      return raw.bytes.toString('base64');
    case 'int':
      return raw.integer;
    case 'bool':
      return raw.integer !== 0;
    case 'message':
      return decode(raw.bytes, field.fields);
    case 'time':
    case 'microTime': {
      const parts = decode(raw.bytes, { 1: int('seconds'), 2: int('nanos') });
      const seconds = Number(parts['seconds'] ?? 0);
      const date = new Date(seconds * 1000).toISOString().slice(0, 19);
      const micros = String(Math.floor(Number(parts['nanos'] ?? 0) / 1000)).padStart(6, '0');
      return field.as === 'time' ? `${date}Z` : `${date}.${micros}Z`;
    }
    case 'map':
    case 'list':
      throw new TypeError(`${field.name} is no scalar`);
    default:
      return unreachable(field);
  }
}
