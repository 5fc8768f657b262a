import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { printable } from '../../cmp/text.js';
import { openTunnel, ProxyRefusal } from '../../cmp/transfer/proxy.js';
import { type Finding, fail, ok } from './finding.js';
import { hangUp, hostPort, keep, type Route, socketOf } from './route.js';
import type { Step } from './step.js';
import { within } from './within.js';

const secured = (socket: Socket, host: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const secure = connectTls({ socket, host }, () => resolve(secure));
    secure.once('error', reject);
  });

/** What to do where a proxy wants to know who we are. */
export const CREDENTIALS =
  'Give its user name and password: proxySecretRef of the endpoint, or in the URL behind --proxy.';

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
    keep(route, await within(clock, connectTimeoutMs, signal, () => openTunnel(through, url, target)));
    return ok(`${where} lets us through to ${host} port ${port}`);
  } catch (error) {
    signal.throwIfAborted();
    hangUp(route);
    if (error instanceof ProxyRefusal) {
      return fail(
        `${where} does not let us through to ${host} port ${port} (HTTP ${error.status})`,
        error.status === 407 ? CREDENTIALS : 'Have the proxy allow CONNECT to this host and port.',
      );
    }
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
