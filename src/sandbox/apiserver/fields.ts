import { equal, isJsonObject, type JsonObject } from './object.js';
import { fieldSchema, type Schema } from './schema.js';
import { listMapKey } from './validate.js';

/**
 * A set of field paths, as managedFields speaks of them. A path is its elements joined by NUL; an element is
 * `f:<field>`, `k:<list-map keys as JSON>` or `v:<set value as JSON>` (structured-merge-diff's FieldsV1 form).
 */
export type FieldSet = Set<string>;

const SEPARATOR = '\0';
const SELF = '.';

export const elements = (path: string): string[] => path.split(SEPARATOR);
const join = (path: string, element: string) => (path === '' ? element : path + SEPARATOR + element);

export const isBelow = (path: string, ancestor: string) => path.startsWith(ancestor + SEPARATOR);

export const difference = (a: FieldSet, b: ReadonlySet<string>): FieldSet => new Set([...a].filter((p) => !b.has(p)));
export const sameSet = (a: FieldSet, b: FieldSet) => a.size === b.size && [...a].every((path) => b.has(path));

/** What the server decides itself: never in managedFields. */
const UNOWNED = new Set([
  'f:apiVersion',
  'f:kind',
  ...[
    'name',
    'namespace',
    'generateName',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'managedFields',
  ].map((field) => `f:metadata${SEPARATOR}f:${field}`),
]);

const isAtomic = (value: unknown, schema: Schema | undefined): boolean => {
  if (Array.isArray(value)) return (schema?.['x-kubernetes-list-type'] ?? 'atomic') === 'atomic';
  if (isJsonObject(value)) return schema === undefined || schema['x-kubernetes-map-type'] === 'atomic';
  return true;
};

/** The children of a value that merges by parts: path element, value, schema. */
function* children(value: unknown, schema: Schema | undefined): Generator<[string, unknown, Schema | undefined]> {
  if (Array.isArray(value)) {
    const byKey = schema?.['x-kubernetes-list-type'] === 'map' && schema !== undefined;
    for (const item of value) {
      yield [
        byKey ? `k:${JSON.stringify(listMapKey(item, schema))}` : `v:${JSON.stringify(item)}`,
        item,
        schema?.items,
      ];
    }
  } else if (isJsonObject(value)) {
    for (const [field, item] of Object.entries(value)) yield [`f:${field}`, item, childSchema(schema, field)];
  }
}

/** Fields below preserve-unknown-fields have no description but merge by parts all the same. */
function childSchema(schema: Schema | undefined, field: string): Schema | undefined {
  const known = fieldSchema(schema, field);
  if (known !== undefined) return known;
  return schema?.['x-kubernetes-preserve-unknown-fields'] === true ? UNKNOWN : undefined;
}
const UNKNOWN: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

/** Every field that `value` sets. */
export function fieldsOf(value: unknown, schema: Schema | undefined, path = '', into: FieldSet = new Set()): FieldSet {
  if (isAtomic(value, schema)) {
    into.add(path);
    return into;
  }
  let empty = true;
  for (const [element, item, itemSchema] of children(value, schema)) {
    empty = false;
    const at = join(path, element);
    if (UNOWNED.has(at)) continue;
    if (element.startsWith('k:')) into.add(at);
    fieldsOf(item, itemSchema, at, into);
  }
  if (empty && path !== '' && path !== 'f:metadata') into.add(path);
  return into;
}

/** What differs between two states of an object. */
export interface Comparison {
  /** Added or changed. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

export function compare(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  path = '',
  out: Comparison = { set: new Set(), removed: new Set() },
): Comparison {
  if (before === after || UNOWNED.has(path)) return out;
  if (after === undefined) fieldsOf(before, schema, path, out.removed);
  else if (before === undefined) fieldsOf(after, schema, path, out.set);
  else if (isAtomic(before, schema) || isAtomic(after, schema) || Array.isArray(before) !== Array.isArray(after)) {
    if (!equal(before, after)) out.set.add(path);
  } else {
    const old = new Map([...children(before, schema)].map(([element, item]) => [element, item]));
    for (const [element, item, itemSchema] of children(after, schema)) {
      const at = join(path, element);
      if (element.startsWith('k:') && !old.has(element)) out.set.add(at);
      compare(old.get(element), item, itemSchema, at, out);
      old.delete(element);
    }
    for (const [element, item, itemSchema] of children(before, schema)) {
      if (!old.has(element)) continue;
      const at = join(path, element);
      if (element.startsWith('k:')) out.removed.add(at);
      compare(item, undefined, itemSchema, at, out);
    }
  }
  return out;
}

/** FieldsV1 as stored in managedFields. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const root: JsonObject = {};
  for (const path of [...set].sort()) {
    let at = root;
    for (const element of elements(path)) {
      const next = at[element];
      if (isJsonObject(next)) at = next;
      else {
        const made: JsonObject = {};
        at[element] = made;
        at = made;
      }
    }
    at[SELF] = {};
  }
  return simplified(root);
}

/** A member without members below is written `{}`, not `{".": {}}`. */
function simplified(node: JsonObject): JsonObject {
  const keys = Object.keys(node);
  if (keys.length === 1 && keys[0] === SELF) return {};
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => [key, key === SELF || !isJsonObject(child) ? {} : simplified(child)]),
  );
}

export function fromFieldsV1(node: JsonObject, path = '', into: FieldSet = new Set()): FieldSet {
  const keys = Object.keys(node);
  if (keys.length === 0 && path !== '') into.add(path);
  for (const key of keys) {
    const child = node[key];
    if (key === SELF) into.add(path);
    else if (isJsonObject(child)) fromFieldsV1(child, join(path, key), into);
  }
  return into;
}

/** A path for people, as the server writes it in conflict causes: `.status.conditions[type="Ready"].status`. */
export function readable(path: string): string {
  return elements(path)
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys: unknown = JSON.parse(rest);
      const pairs = isJsonObject(keys) ? Object.entries(keys) : [];
      return `[${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** Merges `config` into `live`: described maps and keyed lists by part, everything else whole. Changes neither. */
export function merge(live: unknown, config: unknown, schema: Schema | undefined): unknown {
  if (live === undefined || config === null || isAtomic(config, schema) || isAtomic(live, schema)) return config;
  if (Array.isArray(config) && Array.isArray(live)) {
    const byElement = new Map([...children(live, schema)].map(([element, item]) => [element, item]));
    for (const [element, item, itemSchema] of children(config, schema)) {
      byElement.set(element, merge(byElement.get(element), item, itemSchema));
    }
    return [...byElement.values()];
  }
  if (!isJsonObject(config) || !isJsonObject(live)) return config;
  const merged: JsonObject = { ...live };
  for (const [field, item] of Object.entries(config)) {
    merged[field] = merge(live[field], item, childSchema(schema, field));
  }
  return merged;
}

/** A copy of `value` without the fields in `paths`; maps and lists that become empty by that go away too. */
export function without(value: unknown, paths: ReadonlySet<string>, schema: Schema | undefined, path = ''): unknown {
  if (isAtomic(value, schema)) return value;
  const touched = [...paths].some((candidate) => path === '' || isBelow(candidate, path));
  if (!touched) return value;
  const kept: [string, unknown][] = [];
  const keys = new Set(keyFieldsOf(path));
  for (const [element, item, itemSchema] of children(value, schema)) {
    const at = join(path, element);
    // The keys of an item that stays are what it is known by.
    if (paths.has(at) && !keys.has(element)) continue;
    const rest = without(item, paths, itemSchema, at);
    if (rest !== undefined) kept.push([element, rest]);
  }
  if (kept.length === 0 && path !== '') return undefined;
  if (Array.isArray(value)) return kept.map(([, item]) => item);
  return Object.fromEntries(kept.map(([element, item]) => [element.slice(2), item]));
}

function keyFieldsOf(path: string): string[] {
  const last = elements(path).at(-1) ?? '';
  if (!last.startsWith('k:')) return [];
  const keys: unknown = JSON.parse(last.slice(2));
  return isJsonObject(keys) ? Object.keys(keys).map((name) => `f:${name}`) : [];
}
