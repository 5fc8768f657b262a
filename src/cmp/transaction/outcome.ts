import type { Certificate } from '../../pki/index.js';
import type { CmpError } from '../error.js';
import type { StoredTransaction } from './state.js';

/** What an enrollment led to; everything else is a CmpError. */
export type EnrollmentResult = IssuedCertificate | PutOff;

export interface IssuedCertificate {
  readonly kind: 'issued';
  readonly certificate: Certificate;
  /** Leaf first, configured trust anchor last. */
  readonly path: readonly Certificate[];
  /** All trust anchors that counted: those configured, and those of the answer where `trustCaPubs` lets it bring some. */
  readonly anchors: readonly Certificate[];
  /** CA certificates in the protected part of the answer. Not trusted by that alone. */
  readonly caPubs: readonly Certificate[];
  /** Certificates outside the protected part. Trusted for nothing. */
  readonly extraCerts: readonly Certificate[];
  /** What a person should know although it is no error. */
  readonly notes: readonly string[];
  readonly facts: TransactionFacts;
}

/** For log lines and tables. */
interface TransactionFacts {
  /** Body that asked for the certificate, e.g. `ir`. */
  readonly body: string;
  /** Protection of our messages, e.g. `PasswordBasedMac`. */
  readonly protection: string;
  readonly confirmation: 'explicit' | 'implicit';
  readonly endpoint: string;
  /** Lower-case hexadecimal. */
  readonly transactionID: string;
}

interface PutOff {
  readonly kind: 'pending';
  readonly state: StoredTransaction;
  /** Do not resume before this time. */
  readonly notBefore: Date;
  /** Why, printable; empty if the CA does not say. */
  readonly reason: string;
  /** The certificate that waits for its confirmation; absent while the CA has not decided. */
  readonly certificate?: Certificate;
  /** Present where it was not the CA that asked for time: what our last message got instead of an answer. */
  readonly failure?: CmpError;
}
