import { clone, isJsonObject, type JsonObject } from './object.js';

/** The parts of a structural OpenAPI v3 schema (apiextensions.k8s.io/v1 JSONSchemaProps) that we give meaning to. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic';
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** One entry of x-kubernetes-validations. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

const string: Schema = { type: 'string' };
const strings: Schema = { type: 'object', additionalProperties: string };
const time: Schema = { type: 'string', format: 'date-time', nullable: true };

/** ObjectMeta, the same for every type. */
export const metadataSchema: Schema = {
  type: 'object',
  properties: {
    name: string,
    generateName: string,
    namespace: string,
    uid: string,
    resourceVersion: string,
    generation: { type: 'integer', format: 'int64' },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64' },
    selfLink: string,
    labels: strings,
    annotations: strings,
    finalizers: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      items: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: {
          apiVersion: string,
          kind: string,
          name: string,
          uid: string,
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
      },
    },
    managedFields: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          manager: string,
          operation: string,
          apiVersion: string,
          time,
          fieldsType: string,
          fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          subresource: string,
        },
      },
    },
  },
};

/** A whole object's schema: the type's own, with apiVersion, kind and metadata put in. */
export function objectSchema(own: Schema): Schema {
  return {
    ...own,
    type: 'object',
    properties: { ...own.properties, apiVersion: string, kind: string, metadata: metadataSchema },
  };
}

/** The schema of a field, or undefined when it is not described. */
export function fieldSchema(schema: Schema | undefined, field: string): Schema | undefined {
  const declared = schema?.properties?.[field];
  if (declared !== undefined) return declared;
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/**
 * Removes in place what the schema does not know, and returns the JSON paths of what was removed.
 * `x-kubernetes-preserve-unknown-fields` keeps everything at its level; described fields below are still pruned.
 */
export function prune(value: unknown, schema: Schema, path = ''): string[] {
  const removed: string[] = [];
  if (Array.isArray(value)) {
    if (schema.items !== undefined) {
      for (const [i, item] of value.entries()) removed.push(...prune(item, schema.items, `${path}[${i}]`));
    }
    return removed;
  }
  if (!isJsonObject(value)) return removed;
  const keepUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
  for (const field of Object.keys(value)) {
    const at = path === '' ? field : `${path}.${field}`;
    const known = fieldSchema(schema, field);
    if (known !== undefined) removed.push(...prune(value[field], known, at));
    else if (!keepUnknown) {
      delete value[field];
      removed.push(at);
    }
  }
  return removed;
}

/**
 * Puts defaults in place. A null where none is allowed becomes the default; without a default the field goes away,
 * as the server prunes it.
 */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [field, known] of Object.entries(schema.properties ?? {})) {
    const missing = value[field] === undefined;
    const badNull = value[field] === null && known.nullable !== true;
    if (known.default !== undefined && (missing || badNull)) value[field] = clone(known.default);
    else if (badNull && isDescribed(known)) delete value[field];
    if (value[field] !== undefined) applyDefaults(value[field], known);
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const [field, item] of Object.entries(value)) {
      if (schema.properties?.[field] === undefined) applyDefaults(item, schema.additionalProperties);
    }
  }
}

const isDescribed = (schema: Schema) => schema['x-kubernetes-preserve-unknown-fields'] !== true;

/** Whether a default anywhere in the schema can apply: objects of types without one need no second look on reading. */
export function hasDefaults(schema: Schema): boolean {
  return (
    schema.default !== undefined ||
    Object.values(schema.properties ?? {}).some(hasDefaults) ||
    (schema.items !== undefined && hasDefaults(schema.items)) ||
    (typeof schema.additionalProperties === 'object' && hasDefaults(schema.additionalProperties))
  );
}

/** A standard JSON Schema for ajv that accepts what the structural schema accepts. */
export function toJsonSchema(schema: Schema): JsonObject {
  const out: JsonObject = {};
  if (schema['x-kubernetes-int-or-string'] === true) out['type'] = ['integer', 'string'];
  else if (schema.type !== undefined) out['type'] = schema.type;
  if (schema.nullable === true && out['type'] !== undefined) out['type'] = [out['type'], 'null'].flat();
  if (schema.enum !== undefined) out['enum'] = schema.nullable === true ? [...schema.enum, null] : schema.enum;
  if (schema.minimum !== undefined)
    out[schema.exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = schema.minimum;
  if (schema.maximum !== undefined)
    out[schema.exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum'] = schema.maximum;
  for (const keyword of COPIED) if (schema[keyword] !== undefined) out[keyword] = schema[keyword];
  if (schema.items !== undefined) out['items'] = toJsonSchema(schema.items);
  if (schema.properties !== undefined) out['properties'] = mapValues(schema.properties, toJsonSchema);
  if (typeof schema.additionalProperties === 'object') {
    out['additionalProperties'] = toJsonSchema(schema.additionalProperties);
  }
  if (schema.not !== undefined) out['not'] = toJsonSchema(schema.not);
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    if (schema[keyword] !== undefined) out[keyword] = schema[keyword].map(toJsonSchema);
  }
  return out;
}

const COPIED = [
  'format',
  'required',
  'pattern',
  'minLength',
  'maxLength',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
] as const;

const mapValues = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
