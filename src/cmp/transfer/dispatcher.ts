import { buildConnector, Client, type Dispatcher, ProxyAgent } from 'undici';
import { ConnectFailure } from './failure.js';
import type { TransferEndpoint, TransferSettings } from './transport.js';

/**
 * How long an idle connection may be used again. Short on purpose: servers close connections when they please, and a
 * message that meets a closing one is lost without our knowing whether it was read.
 */
const KEEP_ALIVE_MS = 1_000;

export interface EndpointDialer {
  /** A connection to be. Nothing happens before it is used. */
  dial(): Dispatcher;
  /** Connects and hangs up. Throws ConnectFailure. */
  knock(signal: AbortSignal): Promise<void>;
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

/** Makes connections to one endpoint. New ones resume the TLS session of earlier ones through the shared connector. */
export function endpointDialer(endpoint: TransferEndpoint, settings: TransferSettings): EndpointDialer {
  const { origin, protocol, hostname, port } = new URL(endpoint.url);
  const timeout = settings.connectTimeoutMs;
  const limits = {
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: settings.requestTimeoutMs,
    bodyTimeout: settings.requestTimeoutMs,
  };
  const connector = buildConnector({ ...tlsOptions(endpoint), timeout });
  // Wrapped, because undici tries again by itself after some connect errors, and because only we need to tell them apart.
  const connect: typeof connector = (options, callback) =>
    connector(options, (...[error, socket]) =>
      error === null ? callback(null, socket) : callback(new ConnectFailure(error), null),
    );

  if (endpoint.proxy !== undefined) {
    const proxy = new URL(endpoint.proxy);
    proxy.pathname = '/';
    proxy.search = '';
    return {
      dial: () =>
        new ProxyAgent({
          ...limits,
          uri: proxy.href,
          connections: 1,
          // Plain http goes through as an ordinary request: many proxies refuse CONNECT to other ports than 443.
          proxyTunnel: protocol === 'https:',
          requestTls: { ...tlsOptions(endpoint), timeout },
          proxyTls: { timeout },
        }),
      knock: (signal) =>
        knock(
          buildConnector({ timeout }),
          { protocol: proxy.protocol, hostname: proxy.hostname, port: proxy.port },
          signal,
        ),
    };
  }
  return {
    dial: () => new Client(origin, { ...limits, connect }),
    knock: (signal) => knock(connector, { protocol, hostname, port }, signal),
  };
}

function knock(
  connector: ReturnType<typeof buildConnector>,
  target: { readonly protocol: string; readonly hostname: string; readonly port: string },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    connector({ ...target, hostname: target.hostname.replace(/^\[|\]$/g, '') }, (error, socket) => {
      signal.removeEventListener('abort', onAbort);
      socket?.on('error', () => {}).destroy();
      if (error === null) resolve();
      else reject(new ConnectFailure(error));
    });
  });
}
