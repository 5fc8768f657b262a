import type { Certificate } from '../pki/index.js';
import { type CmpErrorCode, type CmpRetryClass, ERROR_CODES } from './error-codes.js';

export type { CmpErrorCode, CmpRetryClass };

/** What a spoilt exchange may have left behind at the CA: nobody will ever use it. */
export interface Leftover {
  /** Lower-case hexadecimal. */
  readonly transactionID: string;
  /** Absent where the answer that held it was lost: then the CA alone knows whether there is one. */
  readonly certificate?: Certificate;
  /** `rejected`: the CA took note that it is not wanted, and revokes it. `unknown`: it may be valid. */
  readonly state: 'rejected' | 'unknown';
}

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
  /** Present where the CA may hold a certificate of this exchange. */
  readonly leftover?: Leftover | undefined;
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
  readonly leftover: Leftover | undefined;

  constructor(details: CmpErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CmpError';
    this.code = details.code;
    this.retry = details.retry ?? ERROR_CODES[details.code].retry;
    this.status = details.status;
    this.failInfo = details.failInfo ?? [];
    this.statusText = details.statusText;
    this.retryAfterMs = details.retryAfterMs;
    this.leftover = details.leftover;
  }

  /** The same error with what `change` says. */
  with(change: Partial<CmpErrorDetails>): CmpError {
    const { code, retry, message, status, failInfo, statusText, retryAfterMs, leftover, cause } = this;
    return new CmpError({
      code,
      retry,
      message,
      failInfo,
      leftover,
      cause,
      ...(status !== undefined && { status }),
      ...(statusText !== undefined && { statusText }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...change,
    });
  }
}

const NO_BELIEVABLE_ANSWER: readonly CmpErrorCode[] = [
  'ConnectionFailed',
  'TlsFailed',
  'Timeout',
  'HttpFailed',
  'ResponseTooLarge',
  'SignerUntrusted',
];

/** Failures after which nobody knows whether the CA has our message, and what it thinks of it. */
export function outcomeUnknown({ code, retry }: CmpError): boolean {
  return retry === 'unauthenticated' || NO_BELIEVABLE_ANSWER.includes(code);
}
