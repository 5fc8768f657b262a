import type { KubeObject } from '../object.js';
import type { Column, Resource, TypeRules } from '../resource.js';
import type { Schema } from '../schema.js';
import { schemaChecks } from '../validate.js';

/** What a built-in type says of itself; the rest follows. */
export interface BuiltIn {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly namespaced?: boolean;
  readonly schema: Schema;
  readonly columns?: readonly Column[];
  readonly selectableFields?: Readonly<Record<string, (object: KubeObject) => string>>;
  readonly statusSubresource?: boolean;
  readonly subresources?: readonly string[];
  readonly generation?: boolean;
  readonly rules?: TypeRules;
  readonly storedAs?: string;
  readonly fromStored?: Resource['fromStored'];
  readonly toStored?: Resource['toStored'];
}

export const NAME: Column = { name: 'Name', type: 'string', format: 'name', value: (o) => o.metadata.name };
export const AGE: Column = { name: 'Age', type: 'date', value: (o) => o.metadata.creationTimestamp };

export function builtIn(type: BuiltIn): Resource {
  return {
    group: type.group,
    version: type.version,
    plural: type.plural,
    singular: type.kind.toLowerCase(),
    kind: type.kind,
    listKind: `${type.kind}List`,
    shortNames: type.shortNames ?? [],
    categories: [],
    namespaced: type.namespaced ?? true,
    custom: false,
    statusSubresource: type.statusSubresource ?? false,
    subresources: type.subresources ?? [],
    generation: type.generation ?? false,
    checks: schemaChecks(type.schema),
    openApi: type.schema,
    columns: type.columns ?? [NAME, AGE],
    selectableFields: type.selectableFields ?? {},
    rules: type.rules ?? {},
    storedAs: type.storedAs ?? (type.group === '' ? type.plural : `${type.plural}.${type.group}`),
    ...(type.fromStored === undefined ? {} : { fromStored: type.fromStored }),
    ...(type.toStored === undefined ? {} : { toStored: type.toStored }),
  };
}

export const string: Schema = { type: 'string' };
export const strings: Schema = { type: 'object', additionalProperties: string };
export const bytes: Schema = {
  type: 'object',
  additionalProperties: { type: 'string', format: 'byte', nullable: true },
};
export const boolean: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32', minimum: -2147483648, maximum: 2147483647 };
export const time: Schema = { type: 'string', format: 'date-time', nullable: true };
export const microTime: Schema = { type: 'string', format: 'micro-time', nullable: true };
export const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });

/** ObjectReference of core/v1. Atomic, as in the real API. */
export const objectReference: Schema = {
  ...object({
    kind: string,
    namespace: string,
    name: string,
    uid: string,
    apiVersion: string,
    resourceVersion: string,
    fieldPath: string,
  }),
  'x-kubernetes-map-type': 'atomic',
};
