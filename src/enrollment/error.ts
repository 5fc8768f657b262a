import type { CmpErrorCode, CmpRetryClass } from '../cmp/error.js';
import type { LeftoverCertificate } from './leftover.js';

/** What a failed enrolment means for the next step. The controller derives every decision from this one word. */
export type RetryClass = CmpRetryClass;

/** Closed set of reasons why an enrolment did not yield a certificate. Stable: metric labels and log fields. */
export type EnrollmentErrorCode = CmpErrorCode;

export interface EnrollmentErrorDetails {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  /** What happened, who said it, and what to do next: one or two sentences for a person. Bounded, printable, no secrets. */
  readonly message: string;
  /** PKIFailureInfo names the peer gave, if any (RFC 9810 section 5.2.3). */
  readonly failInfo?: readonly string[];
  /** How long the peer asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The CA ended the attempt, or knows it already: the next try must be another attempt. Default false. */
  readonly attemptSpent?: boolean;
  /** Present where the attempt may have led to a certificate that nobody will use. */
  readonly leftover?: LeftoverCertificate | undefined;
  readonly cause?: unknown;
}

/** The only error an Enroller throws on purpose. */
export class EnrollmentError extends Error {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  readonly failInfo: readonly string[];
  readonly retryAfterMs: number | undefined;
  readonly attemptSpent: boolean;
  readonly leftover: LeftoverCertificate | undefined;

  constructor(details: EnrollmentErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'EnrollmentError';
    this.code = details.code;
    this.retry = details.retry;
    this.failInfo = details.failInfo ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.attemptSpent = details.attemptSpent ?? false;
    this.leftover = details.leftover;
  }
}
