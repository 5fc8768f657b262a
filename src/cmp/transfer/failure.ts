import { CmpError } from '../error.js';
import { printable } from '../text.js';
import { ProxyRefusal } from './proxy.js';
import type { TransferEndpoint } from './transport.js';

/** The connection could not be made, so nothing was sent: the one failure after which another endpoint may be tried. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  /** Which one could not be reached. */
  readonly hop: 'server' | 'proxy';

  constructor(cause: unknown, hop: 'server' | 'proxy' = 'server') {
    super('connection failed', { cause });
    this.hop = hop;
  }
}

interface NetworkError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Duck-typed: errors of Node's own libraries may come from another realm, where `instanceof Error` fails. */
function describe(error: unknown): NetworkError {
  const { name, code, message, errors } = (error ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly message?: unknown;
    readonly errors?: readonly unknown[];
  };
  const own = typeof message === 'string' ? message : '';
  return {
    name: typeof name === 'string' ? name : '',
    code: typeof code === 'string' ? code : '',
    // The error for "all addresses failed" has no text of its own.
    message: printable(own === '' && Array.isArray(errors) ? describe(errors[0]).message : own),
  };
}

const UNKNOWN_CA = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
]);

/** What a TLS failure means and what to do about it; undefined if it is none. */
function tlsAdvice({ code, message }: NetworkError, endpoint: TransferEndpoint): string | undefined {
  const bundle = endpoint.tlsCaPem === undefined ? 'no TLS CA bundle is configured' : 'the configured TLS CA bundle';
  if (UNKNOWN_CA.has(code)) {
    return endpoint.tlsCaPem === undefined
      ? `the server's TLS certificate comes from a CA that this system does not trust, and ${bundle}; configure the CA of the server's TLS certificate (${code})`
      : `the server's TLS certificate does not chain to ${bundle}; put the CA of the server's TLS certificate there (${code})`;
  }
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the server's TLS certificate is for another name (${message}); correct the URL, or set the server name`;
    case 'CERT_HAS_EXPIRED':
      return "the server's TLS certificate, or one of its issuers, has expired; have it renewed";
    case 'CERT_NOT_YET_VALID':
      return "the server's TLS certificate is not valid yet; compare the clocks of both machines";
    case 'CERT_REVOKED':
      return "the server's TLS certificate is revoked";
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `the server does not speak TLS on this port; use http:// or another port (${code})`;
    default:
  }
  if (/ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA|CERTIFICATE_UNKNOWN)/.test(code)) {
    return endpoint.clientCertPem === undefined
      ? `the server broke off the TLS handshake, most likely because it wants a client certificate; configure one (${code})`
      : `the server refused our TLS client certificate; have its CA accepted there, or configure another one (${code})`;
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_')) {
    return `the TLS handshake failed: ${message} (${code})`;
  }
  return undefined;
}

const urlOf = (endpoint: TransferEndpoint) => printable(endpoint.url);

/** What is wrong with a proxy that does not let us through, and what to do about it. */
function refusedByProxy({ status }: ProxyRefusal, where: string, cause: unknown): CmpError {
  const refused = (advice: string) =>
    new CmpError({ code: 'HttpFailed', retry: 'issuer', message: `${where}: it ${advice} (HTTP ${status})`, cause });
  if (status === 407) return refused('wants other credentials than it got; give a user name and a password for it');
  if (status < 500) return refused('does not let us through; have it allow CONNECT to this host and port');
  return new CmpError({
    code: 'ConnectionFailed',
    message: `${where}: it cannot reach the server (HTTP ${status}); check the URL and whether the server runs`,
    cause,
  });
}

/** The way to a proxy has a trust of its own: TLS settings of the endpoint are for the server behind it. */
function proxyError(failure: ConnectFailure, endpoint: TransferEndpoint): CmpError {
  const proxy = new URL(endpoint.proxy ?? '').origin;
  const where = `cannot connect to ${urlOf(endpoint)} through the proxy ${printable(proxy)}`;
  const { cause } = failure;
  if (cause instanceof ProxyRefusal) return refusedByProxy(cause, where, cause);
  const advice = tlsAdvice(describe(cause), { url: proxy });
  if (advice !== undefined) return new CmpError({ code: 'TlsFailed', message: `${where}: ${advice}`, cause });
  const { code, message } = describe(cause);
  return new CmpError({
    code: 'ConnectionFailed',
    message: `${where}: ${message || code}; check the address of the proxy and whether it is one`,
    cause,
  });
}

/** The error for a connection that could not be made. */
export function connectError(failure: ConnectFailure, endpoint: TransferEndpoint): CmpError {
  if (failure.hop === 'proxy') return proxyError(failure, endpoint);
  const error = describe(failure.cause);
  const advice = tlsAdvice(error, endpoint);
  if (advice !== undefined) {
    return new CmpError({
      code: 'TlsFailed',
      message: `cannot connect to ${urlOf(endpoint)}: ${advice}`,
      cause: failure.cause,
    });
  }
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT' || error.code === 'ETIMEDOUT') {
    return new CmpError({
      code: 'ConnectionFailed',
      message: `cannot connect to ${urlOf(endpoint)}: no answer within the connect timeout; check address, port and firewalls`,
      cause: failure.cause,
    });
  }
  return new CmpError({
    code: 'ConnectionFailed',
    message: `cannot connect to ${urlOf(endpoint)}: ${error.message || error.code}; check the URL and whether the server runs`,
    cause: failure.cause,
  });
}

/** The error for an exchange that broke off after the connection stood. */
export function exchangeError(cause: unknown, endpoint: TransferEndpoint, requestTimeoutMs: number): CmpError {
  const error = describe(cause);
  const advice = tlsAdvice(error, endpoint);
  if (advice !== undefined) {
    return new CmpError({ code: 'TlsFailed', message: `${urlOf(endpoint)}: ${advice}`, cause });
  }
  switch (error.code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return timeoutError(endpoint, requestTimeoutMs);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return new CmpError({
        code: 'ResponseTooLarge',
        message: `${urlOf(endpoint)} sent HTTP headers beyond the limit; this is hardly a CMP server`,
        cause,
      });
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE': {
      // With TLS 1.3 a server that misses the client certificate says so only after the handshake, by closing.
      const hint =
        endpoint.url.startsWith('https:') && endpoint.clientCertPem === undefined
          ? ' If the server wants a TLS client certificate, configure one.'
          : '';
      return new CmpError({
        code: 'ConnectionFailed',
        message: `${urlOf(endpoint)} closed the connection before it answered (${error.message}).${hint}`,
        cause,
      });
    }
    default:
  }
  if (error.name === 'HTTPParserError') {
    return new CmpError({
      code: 'HttpFailed',
      message: `${urlOf(endpoint)} does not answer in HTTP (${error.message}); check the port`,
    });
  }
  return new CmpError({
    code: 'ConnectionFailed',
    message: `the exchange with ${urlOf(endpoint)} broke off: ${error.message || error.code}`,
    cause,
  });
}

export function timeoutError(endpoint: TransferEndpoint, requestTimeoutMs: number): CmpError {
  return new CmpError({
    code: 'Timeout',
    message: `${urlOf(endpoint)} took the message but did not answer within ${requestTimeoutMs / 1000} s; look into the server's log, or allow more time`,
  });
}
