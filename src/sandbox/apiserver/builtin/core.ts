import { equal, isJsonObject, type JsonObject, type KubeObject } from '../object.js';
import { type Cause, cause } from '../status.js';
import { textOf } from '../text.js';
import { AGE, boolean, builtIn, bytes, NAME, object, string, strings } from './define.js';

const MAX_DATA = 1024 * 1024;

const dataOf = (thing: KubeObject, field = 'data'): JsonObject => {
  const data = thing[field];
  return isJsonObject(data) ? data : {};
};

function keyCauses(data: JsonObject): Cause[] {
  return Object.keys(data)
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key === '..')
    .map((key) =>
      cause.invalid(
        `data[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

const octets = (data: JsonObject, base64: boolean) =>
  Object.values(data).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? Buffer.byteLength(value, base64 ? 'base64' : 'utf8') : 0),
    0,
  );

function frozenCauses(thing: KubeObject, old: KubeObject | undefined): Cause[] {
  if (old?.['immutable'] !== true) return [];
  const causes: Cause[] = [];
  if (thing['immutable'] !== true)
    causes.push(cause.forbidden('immutable', 'field is immutable when `immutable` is set'));
  for (const field of ['data', 'binaryData']) {
    if (!equal(dataOf(thing, field), dataOf(old, field))) {
      causes.push(cause.forbidden(field, 'field is immutable when `immutable` is set'));
    }
  }
  return causes;
}

/** Which keys a Secret's type demands: each entry is a set of alternatives. */
const DEMANDED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'kubernetes.io/tls': [['tls.crt'], ['tls.key']],
  'kubernetes.io/basic-auth': [['username', 'password']],
  'kubernetes.io/ssh-auth': [['ssh-privatekey']],
  'kubernetes.io/dockerconfigjson': [['.dockerconfigjson']],
};

function secretCauses(secret: KubeObject, old: KubeObject | undefined): Cause[] {
  const data = dataOf(secret);
  const type = textOf(secret['type']);
  const causes = [...keyCauses(data), ...frozenCauses(secret, old)];
  if (octets(data, true) > MAX_DATA) causes.push(cause.tooLong('data', MAX_DATA));
  for (const alternatives of DEMANDED[type] ?? []) {
    if (!alternatives.some((key) => data[key] !== undefined)) {
      causes.push(...alternatives.map((key) => cause.required(`data[${key}]`)));
    }
  }
  if (old !== undefined && old['type'] !== type) causes.push(cause.invalid('type', type, 'field is immutable'));
  return causes;
}

/** Moves `stringData` into `data`; a null value is an empty one; the type has a default. */
function prepareSecret(secret: KubeObject): void {
  const data: JsonObject = { ...dataOf(secret) };
  for (const [key, value] of Object.entries(data)) data[key] = value ?? '';
  for (const [key, value] of Object.entries(dataOf(secret, 'stringData'))) {
    data[key] = Buffer.from(textOf(value)).toString('base64');
  }
  delete secret['stringData'];
  if (Object.keys(data).length > 0) secret['data'] = data;
  else delete secret['data'];
  if (!secret['type']) secret['type'] = 'Opaque';
}

const size = (...fields: readonly string[]) => ({
  name: 'Data',
  type: 'integer',
  value: (o: KubeObject) => fields.reduce((sum, field) => sum + Object.keys(dataOf(o, field)).length, 0),
});

export const secrets = builtIn({
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  schema: object({ data: bytes, stringData: strings, type: string, immutable: boolean }),
  columns: [NAME, { name: 'Type', type: 'string', value: (o) => o['type'] }, size('data'), AGE],
  selectableFields: { type: (o) => textOf(o['type']) },
  rules: { prepare: prepareSecret, validate: secretCauses },
});

export const configMaps = builtIn({
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  shortNames: ['cm'],
  schema: object({ data: strings, binaryData: bytes, immutable: boolean }),
  columns: [NAME, size('data', 'binaryData'), AGE],
  rules: {
    validate(map, old) {
      const causes = [...keyCauses({ ...dataOf(map), ...dataOf(map, 'binaryData') }), ...frozenCauses(map, old)];
      const total = octets(dataOf(map), false) + octets(dataOf(map, 'binaryData'), true);
      return total > MAX_DATA ? [...causes, cause.tooLong('', MAX_DATA)] : causes;
    },
  },
});

export const serviceAccounts = builtIn({
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  schema: object({
    automountServiceAccountToken: boolean,
    imagePullSecrets: { type: 'array', items: object({ name: string }) },
    secrets: { type: 'array', items: object({ name: string, namespace: string }) },
  }),
});

export const namespaces = builtIn({
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  shortNames: ['ns'],
  namespaced: false,
  statusSubresource: true,
  schema: object({
    spec: object({ finalizers: { type: 'array', items: string } }),
    status: object({ phase: string }),
  }),
  columns: [
    NAME,
    { name: 'Status', type: 'string', value: (o) => (isJsonObject(o['status']) ? o['status']['phase'] : '') },
    AGE,
  ],
  selectableFields: {
    'status.phase': (o) => (isJsonObject(o['status']) ? textOf(o['status']['phase']) : ''),
  },
  rules: {
    prepare(namespace, old) {
      namespace.metadata.labels = {
        ...namespace.metadata.labels,
        'kubernetes.io/metadata.name': namespace.metadata.name,
      };
      if (old === undefined) namespace['status'] = { phase: 'Active' };
    },
  },
});
