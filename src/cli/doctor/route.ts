import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { printable } from '../../cmp/text.js';
import { ConnectFailure, connectError } from '../../cmp/transfer/failure.js';
import type { CmpEndpoint } from '../../enrollment/direct-config.js';
import type { Clock } from '../../runtime/clock.js';
import { type Finding, fail, failed, ok } from './finding.js';
import type { Step } from './step.js';
import { within } from './within.js';

/** The way to one endpoint, and how far we have come on it. */
export interface Route {
  readonly endpoint: CmpEndpoint;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** What is open now: TCP, then through the proxy, then TLS. */
  socket: Socket | TLSSocket | undefined;
  /** Why it broke between two steps, e.g. when the server refused our client certificate after the handshake. */
  broken: unknown;
  /** The Date header of the server, and when it came. */
  date: { readonly theirs: Date; readonly ours: Date } | undefined;
}

export const routeTo = (
  endpoint: CmpEndpoint,
  limits: { readonly connectTimeoutMs: number; readonly requestTimeoutMs: number },
  clock: Clock,
): Route => ({
  endpoint,
  connectTimeoutMs: limits.connectTimeoutMs,
  requestTimeoutMs: limits.requestTimeoutMs,
  clock,
  socket: undefined,
  broken: undefined,
  date: undefined,
});

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Brackets of IPv6 addresses belong to URLs alone. */
export const hostPort = ({ hostname, port, protocol }: URL): HostPort => ({
  host: hostname.replace(/^\[|\]$/g, ''),
  port: Number(port) || (protocol === 'https:' ? 443 : 80),
});

/** What we connect to: the proxy if there is one. Its credentials stay out of every text. */
const firstHop = ({ url, proxy }: CmpEndpoint): URL => new URL(proxy ?? url);

/** The endpoint under whose name errors of the first hop are told. */
const hopEndpoint = (endpoint: CmpEndpoint): CmpEndpoint =>
  endpoint.proxy === undefined ? endpoint : { url: new URL(endpoint.proxy).origin };

/** Keeps a socket with the route: whatever happens to it from now on is no reason to fall. */
export function keep<S extends Socket>(route: Route, socket: S): S {
  socket.on('error', (error: unknown) => {
    route.broken = error;
  });
  route.socket = socket;
  return socket;
}

/** What an earlier step opened. */
export function socketOf({ socket }: Route): Socket {
  if (socket === undefined) throw new TypeError('this step needs an open connection');
  return socket;
}

export const hangUp = (route: Route): void => {
  route.socket?.destroy();
  route.socket = undefined;
};

const INSIDE = /\.svc(?:\.|$)|\.cluster\.local$/;

function nameRemedy(host: string): string {
  if (INSIDE.test(host) || !host.includes('.')) {
    return 'Names of services are known inside the cluster only: run doctor in a pod there, or correct the name.';
  }
  return 'Correct the name, or add it to the DNS that this machine asks.';
}

async function dns({ endpoint, connectTimeoutMs, clock }: Route, signal: AbortSignal): Promise<Finding> {
  const { host } = hostPort(firstHop(endpoint));
  if (isIP(host) !== 0) return ok(`${host} is an address, there is nothing to look up`);
  try {
    const found = await within(clock, connectTimeoutMs, signal, () => lookup(host, { all: true }));
    return ok(`${printable(host)} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    signal.throwIfAborted();
    const { code = '' } = error as NodeJS.ErrnoException;
    const why = code === 'ENOTFOUND' ? 'there is no such name' : `the name cannot be looked up now (${code})`;
    return fail(`${printable(host)}: ${why}`, nameRemedy(host));
  }
}

const open = (to: HostPort, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(to);
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', reject).once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', reject);
      resolve(socket);
    });
  });

async function tcp(route: Route, signal: AbortSignal): Promise<Finding> {
  const { endpoint, connectTimeoutMs, clock } = route;
  const to = hostPort(firstHop(endpoint));
  try {
    const begun = clock.monotonic();
    const socket = keep(route, await within(clock, connectTimeoutMs, signal, (limit) => open(to, limit)));
    const which = endpoint.proxy === undefined ? '' : 'the proxy at ';
    const took = Math.round(clock.monotonic() - begun);
    return ok(`connected to ${which}${socket.remoteAddress} port ${to.port} in ${took} ms`);
  } catch (error) {
    signal.throwIfAborted();
    return failed(connectError(new ConnectFailure(error), hopEndpoint(endpoint)));
  }
}

export const REACH_STEPS: readonly Step<Route>[] = [
  { name: 'dns', look: dns },
  { name: 'tcp', needs: ['dns'], look: tcp },
];
