import { isJsonObject } from './object.js';
import { apiVersionOf, type Resource, shown } from './resource.js';
import { both, fieldSelector, labelSelector, type Selector } from './selectors.js';
import * as status from './status.js';
import type { Store, Version } from './store.js';

export interface ListQuery {
  readonly limit: number | undefined;
  readonly continue: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly resourceVersionMatch: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly sendInitialEvents: string | undefined;
}

export interface Page {
  readonly items: readonly Version[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

export const selectorOf = (query: ListQuery, resource: Resource): Selector | undefined =>
  both(labelSelector(query.labelSelector), fieldSelector(query.fieldSelector, resource));

/** One page of a list. Every page of one list shows the state at the first page's resourceVersion. */
export function listPage(store: Store, resource: Resource, namespace: string | undefined, query: ListQuery): Page {
  if (query.sendInitialEvents !== undefined) {
    throw status.invalidListOptions('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  const from = startOf(store, query);
  const selector = selectorOf(query, resource);
  // A read from "any cached state" ignores the limit, as the watch cache does.
  const limit = query.resourceVersion === '0' ? undefined : query.limit;
  const entries = store.list(resource.storedAs, namespace, from.revision);
  const items: Version[] = [];
  let last = '';
  for (const [i, [key, version]] of entries.entries()) {
    if (from.after !== undefined && key <= from.after) continue;
    const view = shown(resource, version);
    if (selector !== undefined && !selector(view.object)) continue;
    if (limit !== undefined && items.length === limit) {
      return {
        items,
        metadata: {
          resourceVersion: String(from.revision),
          continue: encodeToken({ revision: from.revision, after: last }),
          ...(selector === undefined ? { remainingItemCount: entries.length - i } : {}),
        },
      };
    }
    items.push(view);
    last = key;
  }
  return { items, metadata: { resourceVersion: String(from.revision) } };
}

interface Position {
  readonly revision: number;
  /** The key after which this page starts. */
  readonly after: string | undefined;
}

function startOf(store: Store, query: ListQuery): Position {
  const { resourceVersion, resourceVersionMatch: match } = query;
  if (query.continue !== undefined && query.continue !== '') {
    if (match !== undefined) {
      throw status.invalidListOptions(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden when continue is provided',
      );
    }
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
      throw status.badRequest('specifying resource version is not allowed when using continue');
    }
    return resume(store, query.continue);
  }
  if (match !== undefined && (resourceVersion === undefined || resourceVersion === '')) {
    throw status.invalidListOptions(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan') {
    throw status.invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions' }, '', [
      status.cause.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']),
    ]);
  }
  if (resourceVersion === undefined || resourceVersion === '' || resourceVersion === '0') {
    if (match === 'Exact') {
      throw status.invalidListOptions(
        'resourceVersionMatch',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      );
    }
    return { revision: store.revision, after: undefined };
  }
  const wanted = parseRevision(resourceVersion);
  assertReached(store, wanted);
  const exact = match === 'Exact' || (match === undefined && query.limit !== undefined);
  if (!exact) return { revision: store.revision, after: undefined };
  store.assertKept(wanted);
  return { revision: wanted, after: undefined };
}

export function parseRevision(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw status.badRequest(`Invalid value: "${text}": strconv.ParseUint: invalid syntax`);
  return Number(text);
}

/** 504 for a version from the future. */
export function assertReached(store: Store, revision: number): void {
  if (revision <= store.revision) return;
  throw new status.ApiError(504, 'Timeout', `Too large resource version: ${revision}, current: ${store.revision}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

const encodeToken = (position: Position): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: position.revision, start: position.after })).toString(
    'base64url',
  );

/** Stands for "whatever is latest" in the token that an expired one is answered with. */
const LATEST = -1;

function resume(store: Store, token: string): Position {
  const { revision, after } = decodeToken(token);
  if (revision === LATEST) return { revision: store.revision, after };
  try {
    store.assertKept(revision);
  } catch {
    throw status.expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeToken({ revision: LATEST, after }),
    );
  }
  return { revision, after };
}

function decodeToken(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isJsonObject(value) && typeof value['rv'] === 'number' && typeof value['start'] === 'string') {
      return { revision: value['rv'], after: value['start'] };
    }
  } catch {
    // Not a token of ours: the answer below says so.
  }
  throw status.badRequest('continue key is not valid');
}

/** The list as JSON text. Items of built-in types come without apiVersion and kind, as on a real server. */
export function listJson(resource: Resource, page: Page): string {
  const apiVersion = apiVersionOf(resource);
  const head = JSON.stringify({ kind: resource.listKind, apiVersion, metadata: page.metadata });
  const prefix = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(resource.kind)},`;
  const items = page.items.map(({ json }) =>
    resource.custom || !json.startsWith(prefix) ? json : `{${json.slice(prefix.length)}`,
  );
  return `${head.slice(0, -1)},"items":[${items.join(',')}]}`;
}
