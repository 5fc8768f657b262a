import { request } from 'node:http';
import type { Socket } from 'node:net';

/** The proxy answered CONNECT with something else than 200: nothing was sent to the server. */
export class ProxyRefusal extends Error {
  override readonly name = 'ProxyRefusal';
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered CONNECT with HTTP ${status}`);
    this.status = status;
  }
}

/** Proxy-Authorization for the credentials in the URL of a proxy, if it has any. */
export function proxyAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` };
}

/** `host:port` as CONNECT wants it, with brackets around an IPv6 address. */
const authority = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;

/**
 * Asks a proxy, to which `through` is open, for a way to the host and port of `target` (RFC 9110 section 9.3.6), and
 * resolves with it. Rejects with ProxyRefusal or with what went wrong with the connection; it is closed then.
 */
export function openTunnel(through: Socket, proxy: URL, target: URL): Promise<Socket> {
  const host = authority(target);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      through.destroy();
      reject(error);
    };
    request({
      method: 'CONNECT',
      path: host,
      headers: { host, ...proxyAuthorization(proxy) },
      createConnection: () => through,
    })
      .once('error', fail)
      .once('connect', ({ statusCode = 0 }, socket: Socket, beyond: Buffer) => {
        if (statusCode !== 200) return fail(new ProxyRefusal(statusCode));
        if (beyond.length > 0) socket.unshift(beyond);
        resolve(socket);
      })
      .once('response', ({ statusCode = 0 }) => fail(new ProxyRefusal(statusCode)))
      .end();
  });
}
