import type { KeyObject } from 'node:crypto';
import {
  type Certificate,
  type CertificationRequest,
  PkiError,
  parseCsr,
  type WantedCertificate,
} from '../pki/index.js';
import { CmpError } from './error.js';
import type { EnrollmentBody } from './template.js';

/** One certificate wanted: a CSR, and what the requester says besides it. */
export interface CertificateRequest extends WantedCertificate {
  /** PEM text with one `CERTIFICATE REQUEST` block. */
  readonly csrPem: string;
  /** The private key of the CSR. Asked for only when possession is proved by signature. */
  readonly privateKey: () => Promise<KeyObject>;
  /** For kur: the certificate that the new one replaces. */
  readonly replaces?: Certificate;
  /**
   * DER of the PKIMessage that an end entity sent, where we as its RA made this request of it: goes along, so that the CA
   * can see what was changed (id-it-origPKIMessage).
   */
  readonly original?: Uint8Array;
  /**
   * Accept a CSR that is signed with a weak hash. Right only where the caller holds the private key and proves possession
   * anew (proof `signature`), so that nothing hangs on the CSR's own signature.
   */
  readonly acceptWeakSignature?: boolean;
  /**
   * Whoever handed the CSR over has verified its signature, so that its key and what it says belong together. Then nobody
   * does it once more before a p10cr, whose CA verifies it anyway; where we vouch for it ourselves, we do.
   */
  readonly csrVerified?: boolean;
  /**
   * 16 octets that name the transaction; absent: random ones. Whoever derives them from the request makes a second start
   * of the same exchange known to the CA, which answers transactionIdInUse (RFC 9810 section 5.1.1).
   */
  readonly transactionID?: Uint8Array;
  /** See HoldCertificate. */
  readonly hold?: HoldCertificate;
  /** An earlier try to go on from the very same state may have reached the CA, though its answer did not reach us. */
  readonly repeated?: boolean | undefined;
}

/**
 * Called with each certificate that passed all rules, before the CA is told so, and with what `resumeEnrollment` needs to
 * go on from there: whoever keeps it loses no certificate if the process dies. The certificate is confirmed once this
 * resolves to `wanted`, and refused if it is `unwanted` by now.
 */
export type HoldCertificate = (
  state: Readonly<Record<string, unknown>>,
  certificate: Certificate,
) => Promise<'wanted' | 'unwanted'>;

/** A request whose CSR was read and found to be signed with its own key, by us or by those around us. */
export interface Wish extends WantedCertificate {
  readonly csr: CertificationRequest;
  readonly privateKey: () => Promise<KeyObject>;
  readonly replaces?: Certificate;
  readonly original?: Uint8Array;
}

/**
 * Reads the CSR, verifies its signature (an RA must, before it vouches with raVerified: RFC 9483 section 5.2.3.2) unless
 * that is done before (`csrVerified`) and after us (`body` is p10cr), and refuses one that asks for more than the request
 * around it: approvers look at the request, not into the CSR. Throws CmpError `CsrInvalid` or `KeyUnsupported`.
 */
export function readWish(
  request: Omit<CertificateRequest, 'transactionID' | 'hold' | 'repeated'>,
  body?: EnrollmentBody,
): Wish {
  const { csrPem, usages, isCA, durationSeconds, privateKey, replaces, original } = request;
  const { acceptWeakSignature = false, csrVerified = false } = request;
  let csr: CertificationRequest;
  try {
    csr = parseCsr(csrPem);
    if (!csrVerified || body !== 'p10cr') csr.verifySignature({ evenIfWeak: acceptWeakSignature });
  } catch (error) {
    throw csrError(error);
  }
  if (csr.extensions.basicConstraints?.ca === true && !isCA) {
    throw new CmpError({
      code: 'CsrInvalid',
      message:
        'the CSR asks for a CA certificate (basicConstraints), but the request does not; set isCA, or make a CSR without it',
    });
  }
  return {
    csr,
    usages,
    isCA,
    privateKey,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(replaces === undefined ? {} : { replaces }),
    ...(original === undefined ? {} : { original }),
  };
}

/** What is wrong with a CSR, in the terms of the client; anything else is passed on. */
export function csrError(error: unknown): unknown {
  if (!(error instanceof PkiError)) return error;
  return new CmpError({
    code: error.code === 'KeyUnsupported' ? 'KeyUnsupported' : 'CsrInvalid',
    message: error.message,
    cause: error,
  });
}
