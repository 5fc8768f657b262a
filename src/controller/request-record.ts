import type { EnrollmentOutcome, PendingState } from '../enrollment/enroller.js';
import type { EnrollmentErrorCode, RetryClass } from '../enrollment/error.js';
import type { CertificateNames } from '../enrollment/leftover.js';

export type IssuedOutcome = Extract<EnrollmentOutcome, { kind: 'issued' }>;

/** What is known of one request beyond its object. Kept by uid: a recreated name is another request. */
export type RequestRecord =
  /** The last exchange failed; another one follows, not before `notBefore`. */
  | {
      readonly phase: 'retrying';
      /** The attempt that follows. */
      readonly attempt: number;
      readonly failure: Failure;
      readonly notBefore: Date;
      /** Revision of the issuer that it failed with: another revision may be tried at once. */
      readonly issuerRevision: string;
    }
  | WaitingRecord
  /** A validated certificate that is not in the object yet. Never dropped before it is, or the object is gone. */
  | {
      readonly phase: 'issued';
      readonly outcome: IssuedOutcome;
      /** It was tried to write it into the object: an answer that says otherwise may be about a second try. */
      readonly offered?: true;
    }
  /** The request can never be granted; the object does not say so yet. */
  | { readonly phase: 'refused'; readonly code: EnrollmentErrorCode; readonly message: string }
  /** The final state was written; our copy of the object may still be the one from before. */
  | { readonly phase: 'done' };

/** The CA put the request off, or a certificate waits for its confirmation; it goes on, not before `notBefore`. */
export interface WaitingRecord extends SuspendedExchange {
  readonly phase: 'waiting';
  readonly issuerRevision: string;
  /** The last try to go on failed. */
  readonly failure?: Failure;
  /** Of an earlier process, of which nobody knows whether it tried to go on. */
  readonly inherited?: true;
}

/** An exchange with the CA that stands still: all that must be known to go on, even in another process. */
export interface SuspendedExchange {
  readonly attempt: number;
  readonly state: PendingState;
  /** The incarnation of the issuer that it began with. */
  readonly issuerUid: string;
  readonly notBefore: Date;
  /** For a person: what the CA said. */
  readonly message: string;
  /** The certificate that waits for its confirmation; absent while the CA has not decided. */
  readonly certificate?: CertificateNames & { readonly pem?: string };
  /**
   * Nothing but an object says so that others may have written, or another process that may have delivered the certificate:
   * good enough to go on with and to name it, not to have it revoked.
   */
  readonly hearsay?: true;
}

export interface Failure {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  readonly message: string;
  /** Failures in a row, this one included. */
  readonly count: number;
}
