import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { printable } from '../../cmp/text.js';
import { type Finding, fail, ok } from './finding.js';
import { hangUp, hostPort, keep, type Route, socketOf } from './route.js';
import type { Step } from './step.js';
import { within } from './within.js';

/** Proxy-Authorization for the credentials in the URL of a proxy, if it has any. */
export function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` };
}

const secured = (socket: Socket, host: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const secure = connectTls({ socket, host }, () => resolve(secure));
    secure.once('error', reject);
  });

interface Tunnel {
  readonly status: number;
  readonly socket: Socket;
}

const tunnel = (through: Socket, proxy: URL, target: string): Promise<Tunnel> =>
  new Promise((resolve, reject) => {
    const asked = request({
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxyAuthorization(proxy) },
      createConnection: () => through,
    });
    asked.once('error', reject);
    asked.once('connect', ({ statusCode = 0 }, socket: Socket) => resolve({ status: statusCode, socket }));
    asked.once('response', ({ statusCode = 0 }) => resolve({ status: statusCode, socket: through }));
    asked.end();
  });

/** Plain http goes to a proxy as an ordinary request: only https needs a way through. */
async function proxy(route: Route, signal: AbortSignal): Promise<Finding> {
  const { endpoint, connectTimeoutMs, clock } = route;
  const socket = socketOf(route);
  const url = new URL(endpoint.proxy ?? '');
  const target = new URL(endpoint.url);
  const { host, port } = hostPort(target);
  const where = `the proxy at ${url.host}`;
  try {
    const through =
      url.protocol === 'https:'
        ? keep(route, await within(clock, connectTimeoutMs, signal, () => secured(socket, hostPort(url).host)))
        : socket;
    if (target.protocol === 'http:') return ok(`${where} takes requests for http URLs as they are`);
    const opened = await within(clock, connectTimeoutMs, signal, () =>
      tunnel(through, url, `${host.includes(':') ? `[${host}]` : host}:${port}`),
    );
    if (opened.status === 200) {
      keep(route, opened.socket);
      return ok(`${where} lets us through to ${host} port ${port}`);
    }
    hangUp(route);
    return fail(
      `${where} does not let us through to ${host} port ${port} (HTTP ${opened.status})`,
      opened.status === 407
        ? 'Put its user name and password into the URL of the proxy.'
        : 'Have the proxy allow CONNECT to this host and port.',
    );
  } catch (error) {
    signal.throwIfAborted();
    hangUp(route);
    const why = error instanceof Error ? error.message : String(error);
    return fail(`${where} does not answer as one: ${printable(why)}`, 'Check address, port and scheme of the proxy.');
  }
}

export const PROXY_STEP: Step<Route> = {
  name: 'proxy',
  needs: ['tcp'],
  applies: ({ endpoint }) => endpoint.proxy !== undefined,
  look: proxy,
};
