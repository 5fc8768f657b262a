import { type CmpErrorCode, type CmpRetryClass, ERROR_CODES } from './error-codes.js';

export type { CmpErrorCode, CmpRetryClass };

export interface CmpErrorDetails {
  readonly code: CmpErrorCode;
  /** Absent: the usual class of the code. */
  readonly retry?: CmpRetryClass;
  /** What happened, who said it, and what to do next. Bounded, printable, no secrets. */
  readonly message: string;
  /** PKIStatus with which the peer answered the request itself; absent where the error is about anything else. */
  readonly status?: string;
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
  readonly status: string | undefined;
  readonly failInfo: readonly string[];
  readonly statusText: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(details: CmpErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CmpError';
    this.code = details.code;
    this.retry = details.retry ?? ERROR_CODES[details.code].retry;
    this.status = details.status;
    this.failInfo = details.failInfo ?? [];
    this.statusText = details.statusText;
    this.retryAfterMs = details.retryAfterMs;
  }
}
