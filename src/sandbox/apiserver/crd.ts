import { AGE, builtIn, NAME } from './builtin/define.js';
import { jsonPath } from './json-path.js';
import { isJsonObject, type JsonObject, type KubeObject, valueAt } from './object.js';
import type { Column, Resource } from './resource.js';
import { hasDefaults, type Schema } from './schema.js';
import { type Cause, cause } from './status.js';
import { messageOf, textOf } from './text.js';
import { schemaChecks } from './validate.js';

const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown) => list(value).filter((item) => typeof item === 'string');
const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** apiextensions.k8s.io/v1 CustomResourceDefinition: creating one makes its type served. */
export const customResourceDefinitions = builtIn({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  shortNames: ['crd', 'crds'],
  namespaced: false,
  statusSubresource: true,
  schema: { type: 'object', required: ['spec'], properties: { spec: anything, status: anything } },
  columns: [NAME, { name: 'Created At', type: 'string', value: (o) => o.metadata.creationTimestamp }],
  rules: { prepare: establish, validate: definitionCauses },
});

/** Established and NamesAccepted at once: there is nothing here that could take time. */
function establish(crd: KubeObject, old: KubeObject | undefined): void {
  if (old !== undefined) return;
  const spec = record(crd['spec']);
  const names = record(spec['names']);
  names['singular'] ??= textOf(names['kind']).toLowerCase();
  names['listKind'] ??= `${textOf(names['kind'])}List`;
  spec['conversion'] ??= { strategy: 'None' };
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: crd.metadata.creationTimestamp,
  });
  crd['status'] = {
    acceptedNames: names,
    storedVersions: list(spec['versions'])
      .filter((v) => valueAt(v, 'storage') === true)
      .map((v) => valueAt(v, 'name')),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
  };
}

function definitionCauses(crd: KubeObject): Cause[] {
  const spec = record(crd['spec']);
  const names = record(spec['names']);
  const causes = [
    ...(['group', 'scope'] as const).filter((f) => textOf(spec[f]) === '').map((f) => cause.required(`spec.${f}`)),
    ...(['plural', 'kind'] as const)
      .filter((f) => textOf(names[f]) === '')
      .map((f) => cause.required(`spec.names.${f}`)),
  ];
  if (causes.length > 0) return causes;
  const wanted = `${textOf(names['plural'])}.${textOf(spec['group'])}`;
  if (crd.metadata.name !== wanted) {
    causes.push(cause.invalid('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  const versions = list(spec['versions']);
  if (versions.filter((version) => valueAt(version, 'storage') === true).length !== 1) {
    causes.push(cause.invalid('spec.versions', versions, 'must have exactly one version marked as storage version'));
  }
  if (textOf(valueAt(spec, 'conversion.strategy')) === 'Webhook') {
    causes.push(
      cause.invalid('spec.conversion.strategy', 'Webhook', 'this server has no conversion webhooks; use None'),
    );
  }
  for (const [i, version] of versions.entries()) {
    const at = `spec.versions[${i}].schema.openAPIV3Schema`;
    const schema = valueAt(version, 'schema.openAPIV3Schema');
    if (!isJsonObject(schema)) causes.push(cause.required(at, 'schemas are required'));
    else causes.push(...structuralCauses(schema, at, true));
  }
  if (causes.length === 0) {
    try {
      customResources(crd);
    } catch (error) {
      causes.push(cause.invalid('spec.versions', versions, messageOf(error)));
    }
  }
  return causes;
}

/** The main rules of structural schemas: every field has a type; map lists name their keys. */
function structuralCauses(schema: Schema, at: string, root = false): Cause[] {
  const causes: Cause[] = [];
  const untyped = schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true;
  if (untyped && (root || schema['x-kubernetes-preserve-unknown-fields'] !== true)) {
    causes.push(cause.required(`${at}.type`, 'must not be empty for specified object fields'));
  }
  if (root && schema.type !== undefined && schema.type !== 'object') {
    causes.push(cause.invalid(`${at}.type`, schema.type, 'must be object at the root'));
  }
  if (schema['x-kubernetes-list-type'] === 'map' && (schema['x-kubernetes-list-map-keys'] ?? []).length === 0) {
    causes.push(
      cause.required(`${at}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    );
  }
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const known = schema.items?.properties?.[key];
    if (known === undefined)
      causes.push(cause.invalid(`${at}.x-kubernetes-list-map-keys`, key, 'must name a property of the items'));
    else if (known.default === undefined && schema.items?.required?.includes(key) !== true) {
      causes.push(
        cause.required(
          `${at}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
    }
  }
  if (schema.type === 'array' && schema.items === undefined)
    causes.push(cause.required(`${at}.items`, 'must be specified'));
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    if (root && field === 'metadata') continue;
    causes.push(...structuralCauses(child, `${at}.properties[${field}]`));
  }
  if (schema.items !== undefined) causes.push(...structuralCauses(schema.items, `${at}.items`));
  if (typeof schema.additionalProperties === 'object') {
    causes.push(...structuralCauses(schema.additionalProperties, `${at}.additionalProperties`));
  }
  return causes;
}

/** One Resource per served version. Throws when a schema holds a rule that is not understood. */
export function customResources(crd: KubeObject): Resource[] {
  const spec = record(crd['spec']);
  const names = record(spec['names']);
  const group = textOf(spec['group']);
  const kind = textOf(names['kind']);
  const plural = textOf(names['plural']);
  return list(spec['versions'])
    .map(record)
    .filter((version) => version['served'] !== false)
    .map((version): Resource => {
      const own = record(valueAt(version, 'schema.openAPIV3Schema')) as Schema;
      const subresources = record(version['subresources']);
      const apiVersion = `${group}/${textOf(version['name'])}`;
      return {
        group,
        version: textOf(version['name']),
        plural,
        singular: textOf(names['singular']) || kind.toLowerCase(),
        kind,
        listKind: textOf(names['listKind']) || `${kind}List`,
        shortNames: texts(names['shortNames']),
        categories: texts(names['categories']),
        namespaced: spec['scope'] === 'Namespaced',
        custom: true,
        statusSubresource: subresources['status'] !== undefined,
        subresources: [],
        generation: true,
        checks: schemaChecks(own),
        openApi: own,
        ...(hasDefaults(own) ? { defaultsSince: Number(crd.metadata.resourceVersion ?? 0) } : {}),
        columns: columnsOf(version),
        selectableFields: Object.fromEntries(
          list(version['selectableFields']).map((entry) => {
            const path = textOf(valueAt(entry, 'jsonPath')).replace(/^\./, '');
            return [path, (object: KubeObject) => textOf(valueAt(object, path))];
          }),
        ),
        rules: {},
        storedAs: `${plural}.${group}`,
        // Conversion strategy None: only the apiVersion differs.
        fromStored: (object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }),
      };
    });
}

function columnsOf(version: JsonObject): readonly Column[] {
  const declared = list(version['additionalPrinterColumns']).map(record);
  if (declared.length === 0) return [NAME, AGE];
  return [
    NAME,
    ...declared.map((column): Column => {
      const path = jsonPath(textOf(column['jsonPath']));
      return {
        name: textOf(column['name']),
        type: textOf(column['type']),
        ...(typeof column['format'] === 'string' ? { format: column['format'] } : {}),
        ...(typeof column['description'] === 'string' ? { description: column['description'] } : {}),
        ...(typeof column['priority'] === 'number' ? { priority: column['priority'] } : {}),
        value: path,
      };
    }),
  ];
}
