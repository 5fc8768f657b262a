import type { KeyObject } from 'node:crypto';
import type { RevocationReason } from '../cmp/index.js';
import type { EnrollmentError } from './error.js';
import type { KnownCertificate, LeftoverCertificate } from './leftover.js';

/** Key usages by the names cert-manager gives them in `spec.usages` ("digital signature", "server auth", ...). */
export type UsageName = string;

/** One certificate wanted. Everything a backend may know about the request; nothing of Kubernetes. */
export interface EnrollmentRequest {
  /** Identifies the request for ever: the uid of its object. */
  readonly id: string;
  /**
   * Which try at this request it is, from 1. The same attempt, begun again, is the same one to the CA: only when it ended
   * (`attemptSpent`) the next begins. Absent: every start is a try of its own.
   */
  readonly attempt?: number;
  /** PEM text with one `CERTIFICATE REQUEST` block. */
  readonly csrPem: string;
  /** Whoever handed it over has verified the CSR's signature. Absent: nobody has. */
  readonly csrVerified?: boolean;
  /** Wanted usages; empty means that the request says nothing and the CSR alone decides. */
  readonly usages: readonly UsageName[];
  readonly isCA: boolean;
  /** Wanted lifetime in seconds; absent when the request says nothing. */
  readonly durationSeconds?: number;
  /**
   * The private key of this request's CSR. Called only by a backend that is configured to need it;
   * throws an EnrollmentError when there is none or when it is not the CSR's own key.
   */
  readonly privateKey: () => Promise<KeyObject>;
  /** DER of the PKIMessage that an end entity sent, where this request was made of it; goes along to the CA. */
  readonly original?: Uint8Array;
  /**
   * What this request is to replace; present for renewals only. Resolves with undefined when it cannot be found or
   * used any more: then the certificate is asked for as a first one.
   */
  readonly previous?: () => Promise<PreviousCertificate | undefined>;
  /**
   * Called with each certificate that is good, before the CA is told that it is accepted: whoever keeps the state can
   * `resume` from there after a crash. Resolves with whether the certificate is still wanted. Absent: it is.
   */
  readonly hold?: (held: HeldCertificate) => Promise<'wanted' | 'unwanted'>;
  /** An earlier try to `resume` from the very same state may have reached the CA: its answer is lost, or unknown here. */
  readonly repeated?: boolean;
}

export interface HeldCertificate {
  readonly state: PendingState;
  readonly certificate: KnownCertificate;
}

/** A certificate and its key as kept so far. */
export interface PreviousCertificate {
  /** PEM, leaf first. */
  readonly certificatesPem: string;
  /** PEM of the private key of the first certificate. */
  readonly privateKeyPem: string;
}

/**
 * What must be known to go on with an enrolment that the CA put off. Plain JSON, so that it can be kept anywhere.
 * Opaque to everybody but the backend that made it.
 */
export type PendingState = Readonly<Record<string, unknown>>;

export type EnrollmentOutcome =
  | {
      readonly kind: 'issued';
      /** DER, leaf first, then intermediates upward, no self-signed root. */
      readonly chain: readonly Uint8Array[];
      /** DER of the certificates for `status.ca`, as the issuer's `caBundle` asks; may be empty. */
      readonly ca: readonly Uint8Array[];
      /** What a person should know although it is no error, e.g. modifications that the CA granted. */
      readonly notes: readonly string[];
      readonly details: IssuedDetails;
    }
  | {
      readonly kind: 'pending';
      readonly state: PendingState;
      /** Do not resume before this time. */
      readonly notBefore: Date;
      /** What the CA gave as reason, printable; empty if none. */
      readonly reason: string;
      /** The certificate that waits for its confirmation; absent while the CA has not decided. */
      readonly certificate?: KnownCertificate;
      /** Present where it was not the CA that asked for time: what our last message got instead of an answer. */
      readonly failure?: EnrollmentError;
    };

/** Facts for the log line, the event and the demo's table. */
export interface IssuedDetails {
  /** Lower-case hex without separators. */
  readonly serial: string;
  /** RFC 4514 text. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Body that asked for it, e.g. `ir`. */
  readonly body: string;
  /** Protection of our messages, e.g. `PasswordBasedMac` or `ECDSA with SHA-256`. */
  readonly protection: string;
  readonly confirmation: 'explicit' | 'implicit';
}

/** One certificate to be revoked. */
export interface RevocationOrder {
  /** PEM; of several certificates the first one. */
  readonly certificatePem: string;
  readonly reason: RevocationReason;
}

export interface RevocationOutcome {
  /** It had been revoked before. */
  readonly already: boolean;
  /** What a person should know although it is no error. */
  readonly notes: readonly string[];
}

/** What tells one root certificate from another. */
export interface RootFacts {
  /** RFC 4514 text. */
  readonly subject: string;
  /** Lower-case hexadecimal fingerprint of the whole certificate. */
  readonly sha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A configured root, and the one that it vouches for as its successor. */
export interface RootSuccessor {
  readonly root: RootFacts;
  readonly successor: RootFacts;
}

/** What the CA tells about roots that are not configured. Information for people: nothing of it is trusted. */
export interface TrustNews {
  /** Verified: the old root certified the new key. */
  readonly successors: readonly RootSuccessor[];
  /** Handed out by the CA, vouched for by no configured root. */
  readonly unknownRoots: readonly RootFacts[];
  /** Announced successors that must not be believed: why. */
  readonly refused: readonly string[];
  /** Questions that the CA did not answer in a way that counts: why. */
  readonly unanswered: readonly string[];
}

/** A way to get certificates: the port between the controller and its backends. Safe for concurrent use. */
export interface Enroller {
  /** Starts a new enrolment. Throws EnrollmentError. */
  enroll(request: EnrollmentRequest, signal: AbortSignal): Promise<EnrollmentOutcome>;
  /** Goes on with one that was pending. Throws EnrollmentError. */
  resume(request: EnrollmentRequest, state: PendingState, signal: AbortSignal): Promise<EnrollmentOutcome>;
  /**
   * Calls one off that was pending and that nobody waits for any more: its certificate, if there is one, is refused.
   * Resolves with what may be left at the CA, or undefined if nothing is. Absent where there is nothing to call off.
   * Throws EnrollmentError.
   */
  abandon?(state: PendingState, signal: AbortSignal): Promise<LeftoverCertificate | undefined>;
  /**
   * Has a certificate revoked; absent where the backend has no way to. Asking again does no harm: what is revoked already
   * counts as done. Throws EnrollmentError.
   */
  revoke?(order: RevocationOrder, signal: AbortSignal): Promise<RevocationOutcome>;
  /**
   * Asks the CA whether the configured roots have successors; absent where the backend has no way to. Changes nobody's
   * trust. Throws EnrollmentError.
   */
  trustNews?(signal: AbortSignal): Promise<TrustNews>;
  /** Cheap check that the configuration could work now; enrols nothing. Throws EnrollmentError. */
  probe(signal: AbortSignal): Promise<void>;
  /** Releases connections. */
  close(): Promise<void>;
}
