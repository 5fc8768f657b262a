import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { printable } from '../../cmp/text.js';
import { exchangeError } from '../../cmp/transfer/failure.js';
import { proxyAuthorization } from '../../cmp/transfer/proxy.js';
import { type Finding, failed, ok, warn } from './finding.js';
import { CREDENTIALS } from './proxy.js';
import { hangUp, type Route, socketOf } from './route.js';
import type { Step } from './step.js';
import { within } from './within.js';

/** A GET, which no CMP server takes for a message: it shows who is there and what time it is there. */
const get = (socket: Socket, { endpoint }: Route, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const url = new URL(endpoint.url);
    const proxied = endpoint.proxy !== undefined && url.protocol === 'http:';
    const asked = request({
      method: 'GET',
      path: proxied ? url.href : `${url.pathname}${url.search}`,
      headers: { host: url.host, connection: 'close', ...(proxied && proxyAuthorization(new URL(endpoint.proxy))) },
      createConnection: () => socket,
      signal,
    });
    asked.once('error', reject).once('response', (response) => {
      response.on('error', () => {}).resume();
      resolve(response);
    });
    asked.end();
  });

function judged({ statusCode = 0, headers }: IncomingMessage): Finding {
  if (statusCode === 407) return warn('the proxy wants credentials (HTTP 407)', CREDENTIALS);
  if (statusCode >= 300 && statusCode <= 399) {
    return warn(
      `redirects to ${printable(headers.location ?? 'nowhere', 200)} (HTTP ${statusCode})`,
      'Redirects are not followed: configure the final URL.',
    );
  }
  if (statusCode === 401 || statusCode === 403) {
    return warn(
      `refuses access (HTTP ${statusCode})`,
      "Check the TLS client certificate and the server's access rules.",
    );
  }
  if (statusCode >= 500 && statusCode !== 501) {
    return warn(`fails (HTTP ${statusCode})`, "Look into the server's log, and into that of what stands before it.");
  }
  return ok(`speaks HTTP (${statusCode} to a GET, which is no CMP message)`);
}

async function http(route: Route, signal: AbortSignal): Promise<Finding> {
  const { endpoint, requestTimeoutMs, connectTimeoutMs, clock } = route;
  const socket = socketOf(route);
  try {
    const limit = Math.min(connectTimeoutMs, requestTimeoutMs);
    const response = await within(clock, limit, signal, (late) => get(socket, route, late));
    const theirs = new Date(response.headers.date ?? '');
    if (!Number.isNaN(theirs.getTime())) route.date = { theirs, ours: clock.now() };
    return judged(response);
  } catch (error) {
    signal.throwIfAborted();
    const { code = '', message } = (route.broken ?? error) as NodeJS.ErrnoException;
    const garbage = code.startsWith('HPE_');
    const cause = garbage ? { name: 'HTTPParserError', code, message } : { code, message };
    const problem = exchangeError(cause, endpoint, requestTimeoutMs);
    if (garbage || problem.code === 'TlsFailed') return failed(problem);
    // Some servers answer nothing but messages. Whether this one does shows in the next steps.
    const hint = endpoint.url.startsWith('http:')
      ? ' Where the server speaks TLS, the URL must begin with https:.'
      : '';
    return warn(
      `no answer to a GET: ${problem.message}`,
      `If the next steps fail, too, look into the log of the server.${hint}`,
    );
  } finally {
    hangUp(route);
  }
}

export const HTTP_STEP: Step<Route> = { name: 'http', needs: ['tcp', 'proxy', 'tls'], look: http };
