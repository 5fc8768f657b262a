/**
 * What a failed transaction means for the next step:
 * - `transient`: nobody is to blame, the same request will work later (network, CA overloaded).
 * - `request`: this request can never be granted as it is.
 * - `issuer`: configuration or credentials are wrong, on our side or at the CA.
 * - `transaction`: this exchange is spoilt, a fresh one may work.
 * - `unauthenticated`: somebody said no, but nothing proves that it was the CA.
 */
export type CmpRetryClass = 'transient' | 'request' | 'issuer' | 'transaction' | 'unauthenticated';

/** Closed set of reasons why a CMP transaction did not yield a certificate. */
export type CmpErrorCode =
  | 'CsrInvalid'
  | 'KeyUnsupported'
  | 'PrivateKeyUnavailable'
  | 'PrivateKeyMismatch'
  | 'ConfigurationInvalid'
  | 'ConnectionFailed'
  | 'TlsFailed'
  | 'Timeout'
  | 'HttpFailed'
  | 'ResponseTooLarge'
  | 'ResponseMalformed'
  | 'ProtectionMissing'
  | 'ProtectionInvalid'
  | 'SignerUntrusted'
  | 'HeaderMismatch'
  | 'UnexpectedBody'
  | 'Rejected'
  | 'PollingExpired'
  | 'CertificateRefused'
  | 'ChainIncomplete'
  | 'Internal';

/**
 * The class of each code where the thrower knows no better. Whatever can be forged by somebody on the path without
 * any key is `unauthenticated`, so that it never settles the fate of a request.
 */
const USUAL_RETRY = {
  CsrInvalid: 'request',
  KeyUnsupported: 'request',
  PrivateKeyUnavailable: 'request',
  PrivateKeyMismatch: 'request',
  ConfigurationInvalid: 'issuer',
  ConnectionFailed: 'transient',
  TlsFailed: 'issuer',
  Timeout: 'transient',
  HttpFailed: 'issuer',
  ResponseTooLarge: 'unauthenticated',
  ResponseMalformed: 'unauthenticated',
  ProtectionMissing: 'unauthenticated',
  ProtectionInvalid: 'unauthenticated',
  SignerUntrusted: 'issuer',
  HeaderMismatch: 'unauthenticated',
  UnexpectedBody: 'transaction',
  Rejected: 'request',
  PollingExpired: 'transaction',
  CertificateRefused: 'request',
  ChainIncomplete: 'issuer',
  Internal: 'transient',
} as const satisfies Record<CmpErrorCode, CmpRetryClass>;

export interface CmpErrorDetails {
  readonly code: CmpErrorCode;
  /** Absent: the usual class of the code. */
  readonly retry?: CmpRetryClass;
  /** What happened, who said it, and what to do next. Bounded, printable, no secrets. */
  readonly message: string;
  /** PKIFailureInfo names the peer gave, if any (RFC 9810 section 5.2.3). */
  readonly failInfo?: readonly string[];
  /** The first text that the peer gave with its refusal, bounded and printable; absent if none. */
  readonly statusText?: string;
  /** How long the peer asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The only error that the CMP client throws on purpose. */
export class CmpError extends Error {
  readonly code: CmpErrorCode;
  readonly retry: CmpRetryClass;
  readonly failInfo: readonly string[];
  readonly statusText: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(details: CmpErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CmpError';
    this.code = details.code;
    this.retry = details.retry ?? USUAL_RETRY[details.code];
    this.failInfo = details.failInfo ?? [];
    this.statusText = details.statusText;
    this.retryAfterMs = details.retryAfterMs;
  }
}
