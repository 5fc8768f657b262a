import { parse as parseYaml } from 'yaml';
import type { ListQuery } from './list.js';
import { decodeProtobuf } from './protobuf.js';
import { badRequest, unsupportedMediaType } from './status.js';
import type { IncludeObject } from './table.js';
import { messageOf } from './text.js';
import type { Verb } from './types.js';

/** A resource path, taken apart. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** `/api/v1/...` and `/apis/<group>/<version>/...`; undefined for anything else, discovery included. */
export function parsePath(path: string): ResourcePath | undefined {
  const [root, ...steps] = path.split('/').slice(1).map(decode);
  const start = root === 'api' ? 1 : root === 'apis' ? 2 : undefined;
  if (start === undefined || steps.includes('')) return undefined;
  const group = root === 'api' ? '' : (steps[0] ?? '');
  const version = steps[start - 1];
  let rest = steps.slice(start);
  if (version === undefined || rest.length === 0) return undefined;
  // namespaces/<ns> alone is the Namespace itself; with a type behind it, it is a scope.
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const namespace = scoped ? rest[1] : undefined;
  if (scoped) rest = rest.slice(2);
  const [plural, name, subresource, ...more] = rest;
  if (plural === undefined || more.length > 0) return undefined;
  return { group, version, namespace, plural, name, subresource };
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw badRequest(`malformed path segment: ${step}`);
  }
}

/** The verb of a request as authorization knows it; undefined for a method that does not fit the path. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): Verb | undefined {
  const single = path.name !== undefined;
  switch (method) {
    case 'GET':
      if (single) return 'get';
      return flag(query, 'watch') ? 'watch' : 'list';
    case 'POST':
      return single ? undefined : 'create';
    case 'PUT':
      return single ? 'update' : undefined;
    case 'PATCH':
      return single ? 'patch' : undefined;
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      return undefined;
  }
}

export const flag = (query: URLSearchParams, name: string) => ['true', '1'].includes(query.get(name) ?? '');

export function listQuery(query: URLSearchParams): ListQuery {
  const limit = query.get('limit');
  if (limit !== null && !/^\d{1,9}$/.test(limit))
    throw badRequest(`strconv.ParseInt: parsing "${limit}": invalid syntax`);
  const text = (name: string) => query.get(name) ?? undefined;
  return {
    limit: limit === null || limit === '0' ? undefined : Number(limit),
    continue: text('continue'),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: text('resourceVersionMatch'),
    labelSelector: text('labelSelector'),
    fieldSelector: text('fieldSelector'),
    sendInitialEvents: text('sendInitialEvents'),
  };
}

const BODY_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The body of a create, update or delete. An absent one is undefined. */
export function decodeBody(body: Buffer | undefined, contentType: string | undefined, builtIn: boolean): unknown {
  if (body === undefined || body.length === 0) return undefined;
  switch (contentType) {
    case undefined:
    case 'application/json':
      return parseJson(body);
    case 'application/yaml':
      return parseYamlBody(body);
    case 'application/vnd.kubernetes.protobuf':
      // Custom resources have no protobuf form.
      if (builtIn) return decodeProtobuf(body);
      break;
    default:
  }
  throw unsupportedMediaType(BODY_TYPES);
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type JSON): ${messageOf(error)}`);
  }
}

/** YAML, which JSON is a part of: as apply patches are sent. Clients that send JSON are spared the slow parser. */
export function parseYamlBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    if (text.startsWith('{')) return JSON.parse(text);
  } catch {
    // A YAML flow mapping, perhaps.
  }
  try {
    return parseYaml(text, { maxAliasCount: 0 });
  } catch (error) {
    throw badRequest(`error decoding YAML: ${messageOf(error)}`);
  }
}

/** What the Accept header lets us answer with. */
export type Answer = 'json' | 'table' | 'none';

export function negotiate(accept: string | undefined): Answer {
  if (accept === undefined || accept === '') return 'json';
  for (const offer of accept.split(',')) {
    const [type, ...parameters] = offer.split(';').map((part) => part.trim());
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (type === 'application/json' && as === 'Table' && parameters.includes('v=v1')) return 'table';
    if ((type === 'application/json' || type === '*/*' || type === 'application/*') && as === undefined) return 'json';
  }
  return 'none';
}

/** Which form of the object a Table's rows carry. */
export function included(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject') ?? 'Metadata';
  if (include !== 'None' && include !== 'Metadata' && include !== 'Object') {
    throw badRequest(`unrecognized includeObject value: "${include}"`);
  }
  return include;
}
