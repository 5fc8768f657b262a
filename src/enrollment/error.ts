/**
 * What a failed enrolment means for the next step. The controller derives every decision from this one word:
 * - `transient`: nobody is to blame, the same request will work later (network, CA overloaded). Try again with backoff.
 * - `request`: this request can never be granted as it is. Fail it.
 * - `issuer`: the issuer's configuration or credentials are wrong. Wait until they are repaired; slow retries.
 * - `transaction`: this exchange is spoilt, a fresh transaction may work. Try anew, a bounded number of times.
 * - `unauthenticated`: somebody said no, but nothing proves that it was the CA. Never final; bounded fast retries, then slow.
 */
export type RetryClass = 'transient' | 'request' | 'issuer' | 'transaction' | 'unauthenticated';

/** Closed set of reasons why an enrolment did not yield a certificate. Stable: metric labels and log fields. */
export type EnrollmentErrorCode =
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

export interface EnrollmentErrorDetails {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  /** What happened, who said it, and what to do next: one or two sentences for a person. Bounded, printable, no secrets. */
  readonly message: string;
  /** PKIFailureInfo names the peer gave, if any (RFC 9810 section 5.2.3). */
  readonly failInfo?: readonly string[];
  /** How long the peer asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The only error an Enroller throws on purpose. */
export class EnrollmentError extends Error {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  readonly failInfo: readonly string[];
  readonly retryAfterMs: number | undefined;

  constructor(details: EnrollmentErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'EnrollmentError';
    this.code = details.code;
    this.retry = details.retry;
    this.failInfo = details.failInfo ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}
