import { clone, equal, isJsonObject, type JsonObject } from './object.js';
import { fieldSchema, type Schema } from './schema.js';
import { ApiError, badRequest } from './status.js';
import { listMapKey } from './validate.js';

/** RFC 7396. Lists are replaced whole, null deletes. Changes neither argument. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

/**
 * Strategic merge for built-in types: as a merge patch, but lists with a key or of a set are merged.
 * The directives `$patch: delete|replace` and `$deleteFromPrimitiveList` are honoured; the ordering hints are not needed.
 */
export function strategicMerge(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(patch)) return mergeLists(Array.isArray(target) ? target : [], patch, schema);
  if (!isJsonObject(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const merged: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    const deletion = /^\$deleteFromPrimitiveList\/(.*)$/.exec(field)?.[1];
    if (deletion !== undefined) {
      const list = merged[deletion];
      if (Array.isArray(list) && Array.isArray(value)) merged[deletion] = list.filter((item) => !value.includes(item));
    } else if (field.startsWith('$')) continue;
    else if (value === null) delete merged[field];
    else merged[field] = strategicMerge(merged[field], value, fieldSchema(schema, field));
  }
  return merged;
}

function mergeLists(target: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): unknown {
  const type = schema?.['x-kubernetes-list-type'] ?? 'atomic';
  if (schema === undefined || type === 'atomic') return patch;
  if (type === 'set') return [...new Set([...target, ...patch])];
  const merged = [...target];
  for (const item of patch) {
    const key = listMapKey(item, schema);
    const at = merged.findIndex((candidate) => equal(listMapKey(candidate, schema), key));
    if (isJsonObject(item) && item['$patch'] === 'delete') {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = strategicMerge(merged[at], item, schema.items);
    else merged.push(item);
  }
  return merged;
}

const withoutDirectives = (patch: JsonObject) =>
  Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith('$')));

const refused = (message: string) =>
  new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`, {});

/** RFC 6902. A failing `test` or a path that is not there is 422, a malformed patch is 400. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (patch.length > 10_000) {
    throw new ApiError(413, 'RequestEntityTooLarge', 'The allowed maximum operations in a JSON patch is 10000');
  }
  const document = { root: clone(target) };
  for (const operation of patch) applyOperation(document, operation);
  return document.root;
}

type Document = { root: unknown };

function applyOperation(document: Document, operation: unknown): void {
  if (!isJsonObject(operation) || typeof operation['path'] !== 'string')
    throw badRequest('invalid JSON patch operation');
  const path = operation['path'];
  const value = clone(operation['value']);
  switch (operation['op']) {
    case 'add':
      add(document, path, value);
      return;
    case 'remove':
      remove(document, path);
      return;
    case 'replace':
      remove(document, path);
      add(document, path, value);
      return;
    case 'move':
      add(document, path, remove(document, from(operation)));
      return;
    case 'copy':
      add(document, path, clone(read(document, from(operation))));
      return;
    case 'test':
      if (!equal(read(document, path, false), value ?? null)) {
        throw refused(`testing path ${path} failed: value is not as expected`);
      }
      return;
    default:
      throw badRequest(`unexpected kind: ${String(operation['op'])}`);
  }
}

function from(operation: JsonObject): string {
  if (typeof operation['from'] !== 'string') throw badRequest('JSON patch operation needs "from"');
  return operation['from'];
}

function pointer(path: string): string[] {
  if (path !== '' && !path.startsWith('/')) throw badRequest(`JSON pointer must start with "/": ${path}`);
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: Document, path: string, strict = true): unknown {
  let at: unknown = document.root;
  for (const step of pointer(path)) {
    if (Array.isArray(at)) at = at[index(step, at.length - 1, path)];
    else if (isJsonObject(at) && Object.hasOwn(at, step)) at = at[step];
    else if (strict) throw refused(`path ${path} does not exist`);
    else return null;
  }
  return at;
}

function index(step: string, max: number, path: string): number {
  const at = Number(step);
  if (!/^(?:0|[1-9]\d*)$/.test(step) || at > max) throw refused(`index out of bounds: ${path}`);
  return at;
}

function parentOf(document: Document, path: string): { parent: unknown; step: string } {
  const cut = path.lastIndexOf('/');
  return { parent: read(document, path.slice(0, cut)), step: pointer(path).at(-1) ?? '' };
}

function add(document: Document, path: string, value: unknown): void {
  if (path === '') {
    document.root = value;
    return;
  }
  const { parent, step } = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(step === '-' ? parent.length : index(step, parent.length, path), 0, value);
  else if (isJsonObject(parent)) parent[step] = value;
  else throw refused(`add operation does not apply: ${path}`);
}

function remove(document: Document, path: string): unknown {
  const { parent, step } = parentOf(document, path);
  if (Array.isArray(parent)) return parent.splice(index(step, parent.length - 1, path), 1)[0];
  if (isJsonObject(parent) && Object.hasOwn(parent, step)) {
    const value = parent[step];
    delete parent[step];
    return value;
  }
  throw refused(`remove operation does not apply: doc is missing path: ${path}`);
}
