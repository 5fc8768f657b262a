import { buildConnector, type Dispatcher, Pool } from 'undici';
import { CmpError } from '../../cmp/error.js';
import { printable } from '../../cmp/text.js';
import { ConnectFailure, connectError, exchangeError, timeoutError } from '../../cmp/transfer/failure.js';
import { type HttpResponseHead, header, readBounded } from '../../cmp/transfer/response.js';
import type { TransferEndpoint } from '../../cmp/transfer/transport.js';
import type { CertServiceConfig } from '../../enrollment/certservice-config.js';
import type { Clock } from '../../runtime/clock.js';
import { startDeadline } from '../../runtime/deadline.js';
import type { CertServiceHeaders } from './headers.js';

/** An answer, read to its end. */
export interface CertServiceAnswer extends HttpResponseHead {
  readonly body: Uint8Array;
}

/** The connections of one issuer to its CertService. Safe for concurrent use. */
export interface CertServiceConnection {
  /**
   * Sends one GET, follows no redirect, and reads whatever comes back. Throws CmpError `ConnectionFailed`, `TlsFailed`,
   * `Timeout`, `HttpFailed` or `ResponseTooLarge`, the signal's reason if that aborts. No error holds a header.
   */
  get(path: string, headers: CertServiceHeaders | undefined, signal: AbortSignal): Promise<CertServiceAnswer>;
  close(): Promise<void>;
}

/** More than any issuer has exchanges under way: nobody waits for a connection. */
const MAX_CONNECTIONS = 257;
/** Shorter than servers keep idle connections (Tomcat: 60 s): a request must not meet a closing one. */
const KEEP_ALIVE_MS = 10_000;

export function connectCertService(
  origin: string,
  { clientCertPem, clientKeyPem, serverCaPem, limits }: CertServiceConfig,
  clock: Clock,
): CertServiceConnection {
  const { connectTimeoutMs, requestTimeoutMs, maxResponseBytes } = limits;
  const tls = { ca: serverCaPem, cert: clientCertPem, key: clientKeyPem, minVersion: 'TLSv1.2' as const };
  const connector = buildConnector({ ...tls, timeout: connectTimeoutMs });
  // Wrapped, because undici tries again by itself after some connect errors, and because only we need to tell them apart.
  const connect: typeof connector = (options, callback) =>
    connector(options, (...[error, socket]) =>
      error === null ? callback(null, socket) : callback(new ConnectFailure(error), null),
    );
  const pool = new Pool(origin, {
    connect,
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: requestTimeoutMs,
    bodyTimeout: requestTimeoutMs,
  });

  return {
    get: async (path, headers, signal) => {
      const endpoint: TransferEndpoint = {
        url: `${origin}${path}`,
        tlsCaPem: serverCaPem,
        clientCertPem,
        clientKeyPem,
      };
      const expired = timeoutError(endpoint, requestTimeoutMs);
      const deadline = startDeadline(clock, requestTimeoutMs, () => expired, signal);
      let response: Dispatcher.ResponseData | undefined;
      try {
        response = await pool.request({
          path,
          method: 'GET',
          headers: { accept: 'application/json', ...headers },
          signal: deadline.signal,
        });
        const { statusCode, body } = response;
        assertPlain(response, endpoint);
        const octets = await readBounded(body, response, printable(endpoint.url), maxResponseBytes);
        return { statusCode, headers: response.headers, body: octets };
      } catch (error) {
        // Whatever is left of the body would only be read to be thrown away.
        response?.body.on('error', () => {}).destroy();
        if (signal.aborted) throw signal.reason;
        if (deadline.signal.aborted) throw expired;
        if (error instanceof CmpError) throw error;
        if (error instanceof ConnectFailure) throw connectError(error, endpoint);
        throw withHint(exchangeError(error, endpoint, requestTimeoutMs));
      } finally {
        deadline.release();
      }
    },
    close: () => pool.destroy(),
  };
}

/** With TLS 1.3 a server refuses a client certificate only after the handshake, and some do it by hanging up. */
function withHint(error: CmpError): CmpError {
  if (error.code !== 'ConnectionFailed') return error;
  const { code, retry, message, cause } = error;
  const hint = ' If it does so each time, it may not accept our TLS client certificate (spec.certSecretRef).';
  return new CmpError({ code, retry, message: `${message}${hint}`, cause });
}

function assertPlain(head: HttpResponseHead, { url }: TransferEndpoint): void {
  const encoding = header(head, 'content-encoding').toLowerCase();
  if (encoding === '' || encoding === 'identity') return;
  throw new CmpError({
    code: 'HttpFailed',
    message: `${printable(url)} answered with content encoding "${printable(encoding, 40)}" although none was asked for; switch compression off there`,
  });
}
