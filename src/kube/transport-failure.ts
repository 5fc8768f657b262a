import { TransportError, type TransportFailure } from './api-error.js';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const RESET = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET']);
const TIMEOUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const TLS = /^(EPROTO|ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

function codeOf(error: unknown): string {
  for (let at = error, depth = 0; depth < 4 && typeof at === 'object' && at !== null; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    // undici wraps what the socket said; the innermost code tells most.
    if (typeof code === 'string' && (code !== 'UND_ERR_SOCKET' || cause === undefined || cause === null)) return code;
    at = cause;
  }
  return '';
}

function classify(code: string): TransportFailure {
  if (UNREACHABLE.has(code)) return 'unreachable';
  if (RESET.has(code)) return 'reset';
  if (TIMEOUT.has(code)) return 'timeout';
  return TLS.test(code) ? 'tls' : 'protocol';
}

function explain(failure: TransportFailure, server: string, said: string): string {
  switch (failure) {
    case 'unreachable':
      return `cannot connect to the API server ${server}: ${said}; check the address and that the server runs`;
    case 'tls':
      return `the TLS handshake with the API server ${server} failed: ${said}; check the certificate authority in the kubeconfig`;
    case 'timeout':
      return `the API server ${server} does not answer: ${said}`;
    case 'reset':
      return `the connection to the API server ${server} broke: ${said}`;
    case 'protocol':
      return `the API server ${server} sent something that is no usable HTTP: ${said}`;
  }
}

/** What the HTTP client threw, in our own words. */
export function transportError(error: unknown, server: string): TransportError {
  if (error instanceof TransportError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const failure = classify(code);
  return new TransportError(failure, explain(failure, server, code || message.slice(0, 200)), { cause: error });
}
