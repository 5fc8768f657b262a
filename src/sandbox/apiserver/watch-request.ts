import { TLSSocket } from 'node:tls';
import type { Exchange, HttpContext } from './exchange.js';
import { flag, included, listQuery } from './request.js';
import type { Resource } from './resource.js';
import * as status from './status.js';
import { table } from './table.js';
import type { RequestInfo } from './types.js';
import { prepareWatch, type Watch } from './watch.js';

/** Octets that a watcher may leave unread before its connection is cut. */
const MAX_UNREAD = 64 * 1024 * 1024;

/** Answers 200 and streams until somebody ends it. */
export function watchRequest(
  context: HttpContext,
  { request, reply, url }: Exchange,
  resource: Resource,
  namespace: string | undefined,
  info: RequestInfo,
  asTable: boolean,
): 'streaming' {
  const { cluster, faults, random } = context;
  const expiry = faults.takeExpiry(info);
  const tooOld = 'too old resource version: injected';
  if (expiry === 'http') throw status.expired(tooOld);
  const seconds = url.searchParams.get('timeoutSeconds') ?? '0';
  if (!/^\d{1,9}$/.test(seconds)) throw status.badRequest(`strconv.ParseInt: parsing "${seconds}": invalid syntax`);
  // Unset or 0, a watch ends after 30 to 60 minutes, as kube-apiserver has it.
  const timeout = Number(seconds) * 1000 || 1_800_000 * (1 + (random(1)[0] ?? 0) / 256);
  const include = included(url.searchParams);
  const open = prepareWatch({
    store: cluster.store,
    clock: cluster.clock,
    resource,
    namespace,
    query: { ...listQuery(url.searchParams), allowBookmarks: flag(url.searchParams, 'allowWatchBookmarks'), timeout },
    bookmarkInterval: context.bookmarkInterval,
    render: asTable
      ? ({ object }) =>
          table(resource, [object], { resourceVersion: object.metadata.resourceVersion }, include, cluster.clock.now())
      : (version) => version.json,
  });
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  raw.flushHeaders();
  if (expiry === 'event') {
    raw.end(`{"type":"ERROR","object":${JSON.stringify(status.expired(tooOld).status)}}\n`);
    return 'streaming';
  }
  // The watch may end while it opens, so nothing here may wait for it.
  const watch: Watch = open({
    write(line) {
      raw.write(line);
      if (raw.writableLength > MAX_UNREAD) raw.destroy();
    },
    end: () => raw.end(),
  });
  const forget = faults.opened({
    request: info,
    end(how) {
      if (how === 'eof') watch.end();
      else {
        watch.stop();
        const { socket } = request.raw;
        // TLS sockets cannot send a TCP reset; cut off in the middle is all they can do.
        if (socket instanceof TLSSocket) socket.destroy();
        else socket.resetAndDestroy();
      }
    },
    fail: (code, reason) => watch.fail(code, reason),
  });
  raw.on('close', () => {
    forget();
    watch.stop();
  });
  return 'streaming';
}
