import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { ConnectFailure } from './failure.js';
import { openTunnel, proxyAuthorization } from './proxy.js';
import type { TransferEndpoint, TransferSettings } from './transport.js';

/**
 * How long an idle connection may be used again. Short on purpose: servers close connections when they please, and a
 * message that meets a closing one is lost without our knowing whether it was read.
 */
const KEEP_ALIVE_MS = 1_000;

/** What a request must say so that it reaches the endpoint over such a connection. */
export interface Addressing {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface EndpointDialer {
  readonly addressing: Addressing;
  /** A connection to be. Nothing happens before it is used. */
  dial(): Dispatcher;
  /** Connects and hangs up. Throws ConnectFailure. */
  knock(signal: AbortSignal): Promise<void>;
}

type Connector = ReturnType<typeof buildConnector>;

interface Hop {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

function tlsOptions(endpoint: TransferEndpoint) {
  return {
    minVersion: 'TLSv1.2' as const,
    ...(endpoint.tlsCaPem === undefined ? {} : { ca: endpoint.tlsCaPem }),
    ...(endpoint.clientCertPem === undefined ? {} : { cert: endpoint.clientCertPem }),
    ...(endpoint.clientKeyPem === undefined ? {} : { key: endpoint.clientKeyPem }),
    ...(endpoint.serverName === undefined ? {} : { servername: endpoint.serverName }),
  };
}

const connected = (connector: Connector, options: Parameters<Connector>[0]): Promise<Socket | TLSSocket> =>
  new Promise((resolve, reject) =>
    connector(options, (...[error, socket]) => (error === null ? resolve(socket) : reject(error))),
  );

/** Wrapped, because undici tries again by itself after some connect errors, and because only we need to tell them apart. */
function failing(connector: Connector): Connector {
  return (options, callback) =>
    connector(options, (...[error, socket]) =>
      error === null ? callback(null, socket) : callback(new ConnectFailure(error, 'server'), null),
    );
}

/** Times the answer to CONNECT as if it were part of connecting, which it is for whoever waits. */
async function tunnelled(socket: Socket, proxy: URL, target: URL, timeoutMs: number): Promise<Socket> {
  const late = Object.assign(new Error('the proxy does not answer CONNECT'), { code: 'ETIMEDOUT' });
  socket.setTimeout(timeoutMs, () => socket.destroy(late));
  const through = await openTunnel(socket, proxy, target);
  through.setTimeout(0);
  return through;
}

/** Connects to a proxy, and for https goes on through it to the server. Every failure is a ConnectFailure: nothing was sent. */
function proxyConnector(proxy: URL, target: URL, toServer: Connector, timeoutMs: number): Connector {
  const connector = buildConnector({ timeout: timeoutMs });
  const toProxy = { ...hopOf(proxy), hostname: bare(proxy.hostname) };
  const dial = async (options: Parameters<Connector>[0]): Promise<Socket | TLSSocket> => {
    let socket: Socket;
    try {
      socket = await connected(connector, toProxy);
      if (target.protocol === 'http:') return socket;
      socket = await tunnelled(socket, proxy, target, timeoutMs);
    } catch (error) {
      throw new ConnectFailure(error, 'proxy');
    }
    return connected(toServer, { ...options, ...hopOf(target), hostname: bare(target.hostname), httpSocket: socket });
  };
  return (options, callback) => {
    dial(options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

const hopOf = ({ protocol, hostname, port }: URL): Hop => ({ protocol, hostname, port });

/** Brackets of IPv6 addresses belong to URLs alone. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** Makes connections to one endpoint. New ones resume the TLS session of earlier ones through the shared connector. */
export function endpointDialer(endpoint: TransferEndpoint, settings: TransferSettings): EndpointDialer {
  const target = new URL(endpoint.url);
  const timeout = settings.connectTimeoutMs;
  const toServer = failing(buildConnector({ ...tlsOptions(endpoint), timeout }));
  const proxy = endpoint.proxy === undefined ? undefined : new URL(endpoint.proxy);
  const connect = proxy === undefined ? toServer : proxyConnector(proxy, target, toServer, timeout);
  const limits = {
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: settings.requestTimeoutMs,
    bodyTimeout: settings.requestTimeoutMs,
  };
  return {
    addressing: addressing(target, proxy),
    dial: () => new Client(target.origin, { ...limits, connect }),
    knock: (signal) => knock(connect, hopOf(target), signal),
  };
}

/** Plain http goes through a proxy as an ordinary request: many proxies refuse CONNECT to other ports than 443. */
function addressing(target: URL, proxy: URL | undefined): Addressing {
  const path = `${target.pathname}${target.search}`;
  if (proxy === undefined || target.protocol === 'https:') return { origin: target.origin, path, headers: {} };
  return { origin: target.origin, path: `${target.origin}${path}`, headers: proxyAuthorization(proxy) };
}

function knock(connector: Connector, target: Hop, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    connector({ ...target, hostname: bare(target.hostname) }, (error, socket) => {
      signal.removeEventListener('abort', onAbort);
      socket?.on('error', () => {}).destroy();
      if (error === null) resolve();
      else reject(error);
    });
  });
}
