import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { discovery, openApiDocument, openApiIndex, version as serverVersion } from './discovery.js';
import { type Exchange, failure, type HttpContext, json, type Reply, send, toApiError } from './exchange.js';
import { parsePath, type ResourcePath, verbOf } from './request.js';
import { resourceRequest } from './resource-request.js';
import * as status from './status.js';
import type { RequestInfo } from './types.js';

const PROBES = new Set(['/healthz', '/livez', '/readyz']);

/** Everything between the socket and the cluster. */
export function serve(app: FastifyInstance, context: HttpContext): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: { code?: string; message: string }, _request, reply) => {
    send(reply, failure(toApiError(error, context.logger)));
  });
  app.all('/*', (request, reply) => handle(context, request, reply));
}

async function handle(context: HttpContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const url = new URL(request.url, 'http://sandbox');
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  let info: RequestInfo | undefined;
  let dryRun = false;
  let outcome: Reply | 'streaming';
  let lost = false;
  try {
    const open = openDocument(url.pathname);
    if (open !== undefined) return send(reply, open);
    const user = context.users.authenticate(request.headers.authorization);
    const exchange = { request, reply, url, user, contentType };
    const path = parsePath(url.pathname);
    info = requestInfo(exchange, path);
    const delay = context.faults.takeDelay(info);
    if (delay !== undefined) await context.cluster.clock.sleep(delay, context.closing);
    if ((await context.faults.pass('before', info)) === 'cut') return cut(request, reply);
    context.faults.takeFailure(info);
    dryRun = url.searchParams.get('dryRun') === 'All';
    outcome = path === undefined ? documents(context, exchange) : resourceRequest(context, exchange, path, info);
    lost = context.faults.takeLostResponse(info);
    if (outcome !== 'streaming') lost = (await context.faults.pass('after', info)) === 'cut' || lost;
  } catch (error) {
    outcome = failure(toApiError(error, context.logger));
  }
  const code = lost ? 0 : outcome === 'streaming' ? 200 : outcome.code;
  if (info !== undefined) {
    context.journal.record({ ...info, time: context.cluster.clock.now().toISOString(), code, dryRun });
  }
  if (lost) return cut(request, reply);
  return outcome === 'streaming' ? reply : send(reply, outcome);
}

function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

function requestInfo(exchange: Exchange, path: ResourcePath | undefined): RequestInfo {
  const { request, url, user, contentType } = exchange;
  const verb = path === undefined ? 'get' : verbOf(request.method, path, url.searchParams);
  if (verb === undefined) throw status.methodNotAllowed();
  // For a Namespace itself, its name is the namespace, as authorization sees it.
  const namespace = path?.namespace ?? (path?.plural === 'namespaces' && path.group === '' ? path.name : undefined);
  return {
    verb,
    group: path?.group ?? '',
    version: path?.version ?? '',
    resource: path?.plural ?? '',
    ...(path?.subresource === undefined ? {} : { subresource: path.subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(path?.name === undefined ? {} : { name: path.name }),
    user: user.name,
    method: request.method,
    url: request.url,
    ...(contentType === undefined ? {} : { contentType }),
  };
}

/** What anybody may read. */
function openDocument(path: string): Reply | undefined {
  if (PROBES.has(path)) return { code: 200, json: 'ok', type: 'text/plain' };
  return path === '/version' ? json(200, serverVersion) : undefined;
}

function documents({ cluster }: HttpContext, { request, url }: Exchange): Reply {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw status.methodNotAllowed();
  const path = url.pathname.replace(/\/$/, '');
  const found =
    path === '/openapi/v3'
      ? openApiIndex(cluster.registry)
      : path.startsWith('/openapi/v3/')
        ? openApiDocument(cluster.registry, path.slice('/openapi/v3/'.length))
        : discovery(cluster.registry, path);
  if (found === undefined) return { code: 404, json: '404 page not found\n', type: 'text/plain' };
  return json(200, found);
}
