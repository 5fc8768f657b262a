import type { CmpError, CmpSession, SignatureCredential } from '../cmp/index.js';
import { buildPath, type CertificationRequest, PkiError, sameNames } from '../pki/index.js';
import { signatureCredential } from './direct-setup.js';
import type { PreviousCertificate } from './enroller.js';
import { EnrollmentError } from './error.js';

/** What a key update is signed with, its certificate being the one that is replaced; or why there can be none. */
export type KeyUpdateCredential =
  | { readonly ok: true; readonly credential: SignatureCredential }
  | { readonly ok: false; readonly reason: string };

const useless = (reason: string): KeyUpdateCredential => ({ ok: false, reason });

/**
 * Whether a certificate can be updated to what the CSR asks for (RFC 9483 section 4.1.3): it is the one of the key at
 * hand, may sign, is valid, comes from the CA that is asked, and has the names of the request.
 */
export function keyUpdateCredential(
  previous: PreviousCertificate,
  csr: CertificationRequest,
  { anchors, clock }: Pick<CmpSession, 'anchors' | 'clock'>,
): KeyUpdateCredential {
  try {
    const credential = signatureCredential({ type: 'signature', ...previous }, 'previous');
    const { certificate, issuers } = credential;
    const at = clock.now();
    if (certificate.notAfter.getTime() < at.getTime()) {
      return useless(`it expired at ${certificate.notAfter.toISOString()}`);
    }
    if (!sameNames(csr, certificate)) return useless('the request asks for other names, and a key update keeps them');
    const path = buildPath(certificate, { untrusted: issuers, anchors, at, allowUnknownCriticalInLeaf: true });
    return path.ok ? { ok: true, credential } : useless(`it leads to no configured trust anchor: ${path.reason}`);
  } catch (error) {
    if (error instanceof PkiError || error instanceof EnrollmentError) return useless(error.message);
    throw error;
  }
}

/** Reasons of a CA (PKIFailureInfo) that are about the old certificate, which alone protects a key update. */
const ABOUT_OLD_CERTIFICATE: ReadonlySet<string> = new Set([
  'certRevoked',
  'badCertId',
  'signerNotTrusted',
  'badMessageCheck',
]);

/**
 * Whether a CA's answer to a key update says that the old certificate is of no use, so that a first one may be asked for
 * in its place. An answer that nobody vouches for will do: it settles nothing, and CAs that do not know who asks seldom
 * protect what they say. What is said about a confirmation does not count: by then there is a certificate.
 */
export const endsKeyUpdate = ({ code, status, failInfo }: CmpError): boolean =>
  code === 'Rejected' &&
  status !== undefined &&
  (status === 'keyUpdateWarning' || failInfo.some((name) => ABOUT_OLD_CERTIFICATE.has(name)));
