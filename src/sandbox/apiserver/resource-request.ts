import { unreachable } from '../../runtime/unreachable.js';
import { selfSubjectAccessReview, subjectAccessReview } from './access-review.js';
import { authorize } from './auth.js';
import { deleteOptions } from './delete.js';
import { type Exchange, type HttpContext, json, type Reply } from './exchange.js';
import { listJson, listPage } from './list.js';
import { included, listQuery, negotiate, type ResourcePath } from './request.js';
import { doorsOf, type Resource } from './resource.js';
import * as status from './status.js';
import type { Version } from './store.js';
import { table } from './table.js';
import type { RequestInfo } from './types.js';
import { watchRequest } from './watch-request.js';
import type { Target } from './write.js';
import { body, dryRun, patchOf, writeOptions } from './write-request.js';

/** A request to a resource: finds the type, asks authorization, and hands over to the cluster. */
export function resourceRequest(
  context: HttpContext,
  exchange: Exchange,
  path: ResourcePath,
  info: RequestInfo,
): Reply | 'streaming' {
  if (path.group === 'authorization.k8s.io' && path.plural === 'selfsubjectaccessreviews') {
    return selfSubjectAccessReview(exchange);
  }
  const resource = context.cluster.registry.get(path.group, path.version, path.plural);
  // Whoever may not ask does not learn what is there.
  authorize(exchange.user, info);
  if (path.group === 'authorization.k8s.io' && path.plural === 'subjectaccessreviews') {
    return subjectAccessReview(context, exchange);
  }
  if (resource === undefined) throw status.noSuchResource();
  if (!resource.namespaced && path.namespace !== undefined) throw status.noSuchResource();
  const unscoped = resource.namespaced && path.namespace === undefined;
  if (unscoped && (path.name !== undefined || info.verb === 'deletecollection')) throw status.noSuchResource();
  if (unscoped && info.verb === 'create') throw status.methodNotAllowed();
  if (path.subresource !== undefined) {
    if (!doorsOf(resource).includes(path.subresource)) throw status.noSuchResource();
    if (info.verb === 'delete') throw status.methodNotAllowed();
  }
  const answer = negotiate(exchange.request.headers.accept);
  if (answer === 'none') throw status.notAcceptable();
  const { namespace, name, subresource } = path;
  if (name === undefined) return collectionRequest(context, exchange, resource, namespace, info, answer === 'table');
  return objectRequest(context, exchange, { resource, namespace, name, subresource }, info, answer === 'table');
}

function collectionRequest(
  context: HttpContext,
  exchange: Exchange,
  resource: Resource,
  namespace: string | undefined,
  info: RequestInfo,
  asTable: boolean,
): Reply | 'streaming' {
  const { cluster } = context;
  const { searchParams } = exchange.url;
  switch (info.verb) {
    case 'list': {
      const page = listPage(cluster.store, resource, namespace, listQuery(searchParams));
      if (!asTable) return { code: 200, json: listJson(resource, page) };
      const objects = page.items.map(({ object }) => object);
      return { code: 200, json: table(resource, objects, page.metadata, included(searchParams), cluster.clock.now()) };
    }
    case 'watch':
      return watchRequest(context, exchange, resource, namespace, info, asTable);
    case 'create': {
      const options = writeOptions(exchange);
      const created = cluster.writes.create(resource, namespace, body(exchange, resource), options);
      return { code: 201, json: created.json };
    }
    case 'deletecollection': {
      const page = listPage(cluster.store, resource, namespace, listQuery(searchParams));
      const options = deleteOptions(body(exchange, resource), dryRun(exchange.url), searchParams);
      for (const { object } of page.items) {
        cluster.deletes.delete({ resource, namespace, name: object.metadata.name, subresource: undefined }, options);
      }
      return { code: 200, json: listJson(resource, page) };
    }
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      throw status.methodNotAllowed();
    default:
      return unreachable(info.verb);
  }
}

function objectRequest(
  { cluster }: HttpContext,
  exchange: Exchange,
  target: Target,
  info: RequestInfo,
  asTable: boolean,
): Reply {
  const { resource } = target;
  const one = (code: number, version: Version): Reply => {
    if (!asTable) return { code, json: version.json };
    const metadata = { resourceVersion: version.object.metadata.resourceVersion };
    const include = included(exchange.url.searchParams);
    return { code, json: table(resource, [version.object], metadata, include, cluster.clock.now()) };
  };
  switch (info.verb) {
    case 'get':
      return one(200, cluster.writes.read(target));
    case 'update':
      return one(200, cluster.writes.update(target, body(exchange, resource), writeOptions(exchange)));
    case 'patch': {
      const { type, patch } = patchOf(exchange, resource);
      const { version, created } = cluster.writes.patch(target, type, patch, writeOptions(exchange, type));
      return one(created ? 201 : 200, version);
    }
    case 'delete': {
      const options = deleteOptions(body(exchange, resource), dryRun(exchange.url), exchange.url.searchParams);
      const outcome = cluster.deletes.delete(target, options);
      return 'waiting' in outcome ? one(200, outcome.waiting) : json(200, outcome.gone);
    }
    case 'create':
    case 'list':
    case 'watch':
    case 'deletecollection':
      throw status.methodNotAllowed();
    default:
      return unreachable(info.verb);
  }
}
