import type { EnrollmentOutcome, PendingState } from '../enrollment/enroller.js';
import type { EnrollmentErrorCode, RetryClass } from '../enrollment/error.js';

export type IssuedOutcome = Extract<EnrollmentOutcome, { kind: 'issued' }>;

/** What is known of one CertificateRequest beyond its object. Kept by uid: a recreated name is another request. */
export type RequestRecord =
  /** The last exchange failed; another one follows, not before `notBefore`. */
  | {
      readonly phase: 'retrying';
      readonly failure: Failure;
      readonly notBefore: Date;
      /** Revision of the issuer that it failed with: another revision may be tried at once. */
      readonly issuerRevision: string;
    }
  /** The CA put the request off; the exchange goes on, not before `notBefore`. */
  | {
      readonly phase: 'waiting';
      readonly state: PendingState;
      /** The incarnation of the issuer that the exchange began with. */
      readonly issuerUid: string;
      readonly issuerRevision: string;
      readonly notBefore: Date;
      /** For a person: what the CA said. */
      readonly message: string;
      /** The last try to go on failed. */
      readonly failure?: Failure;
    }
  /** A validated certificate that is not in the object yet. Never dropped before it is, or the object is gone. */
  | { readonly phase: 'issued'; readonly outcome: IssuedOutcome }
  /** The request can never be granted; the object does not say so yet. */
  | { readonly phase: 'refused'; readonly code: EnrollmentErrorCode; readonly message: string }
  /** The final state was written; our copy of the object may still be the one from before. */
  | { readonly phase: 'done' };

export interface Failure {
  readonly code: EnrollmentErrorCode;
  readonly retry: RetryClass;
  readonly message: string;
  /** Failures in a row, this one included. */
  readonly count: number;
}
