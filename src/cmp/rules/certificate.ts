import {
  buildPath,
  Certificate,
  type CertificationRequest,
  compareCertificate,
  type Difference,
  generalNameKey,
  type PathResult,
  PkiError,
  samePublicKey,
  type WantedCertificate,
} from '../../pki/index.js';
import { unreachable } from '../../runtime/unreachable.js';
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import { printable } from '../text.js';
import { type PathLimits, pathOptions } from './path-limits.js';

// Rules about the certificate that was issued. Whatever fails here is told to the CA in certConf.

/** What may differ between request and certificate. The public key never may. */
export interface CertificatePolicy {
  readonly subject: 'Exact' | 'Any';
  /** `AllowAdditional`: all that were asked, and possibly more. */
  readonly subjectAltNames: 'Exact' | 'AllowAdditional' | 'Any';
  /** Key usages and extended key usages. `AllowAdditional`: all that were asked, and possibly more. */
  readonly usages: 'AllowAdditional' | 'Any';
}

export interface RequestedCertificate extends WantedCertificate {
  readonly csr: CertificationRequest;
}

const refuse = (message: string, cause?: unknown): CmpError =>
  new CmpError({
    code: 'CertificateRefused',
    message: `the CA issued a certificate that must not be used: ${message}`,
    cause,
  });

/** The certificate is one, in strict DER, names included. */
export function certificateReadable(der: Uint8Array): Certificate {
  try {
    return Certificate.parse(der);
  } catch (error) {
    if (error instanceof PkiError) throw refuse(error.message, error);
    throw error;
  }
}

/** It certifies the key of the request and no other. */
export function publicKeyMatches(certificate: Certificate, csr: CertificationRequest): void {
  let same: boolean;
  try {
    same = samePublicKey(certificate.spki, csr.spki);
  } catch (error) {
    if (error instanceof PkiError) throw refuse(error.message, error);
    throw error;
  }
  if (!same) throw refuse('it is for another public key than the request');
}

/** It is another one than the certificate that it replaces; simple servers return the old one. */
export function certificateIsNew(certificate: Certificate, { replaces }: { readonly replaces?: Certificate }): void {
  if (replaces !== undefined && certificate.equals(replaces)) throw refuse('it is the very one that is to be replaced');
}

/** It is valid now, give or take what clocks may differ. */
export function certificateValidNow(
  certificate: Certificate,
  now: Date,
  { clockSkewSeconds }: Pick<AnswerLimits, 'clockSkewSeconds'> = DEFAULT_ANSWER_LIMITS,
): void {
  const skew = clockSkewSeconds * 1000;
  if (certificate.notAfter.getTime() + skew < now.getTime()) {
    throw refuse(`it expired at ${certificate.notAfter.toISOString()}`);
  }
  if (certificate.notBefore.getTime() - skew > now.getTime()) {
    throw refuse(`it is not valid before ${certificate.notBefore.toISOString()}; compare the clocks of both sides`);
  }
}

/** It is no CA certificate, unless one was asked for. */
export function caOnlyIfAsked(certificate: Certificate, { isCA }: WantedCertificate): void {
  if (certificate.isCA && !isCA) throw refuse('it is a CA certificate, which was not asked for');
}

/**
 * A path from the certificate to one of the anchors, leaf first, anchor last; where intermediates are anchors too, one
 * that ends at a self-signed root is preferred, since that is what goes into `ca`.
 */
export function pathToTrust(
  certificate: Certificate,
  untrusted: readonly Certificate[],
  anchors: readonly Certificate[],
  at: Date,
  limits: PathLimits = DEFAULT_ANSWER_LIMITS,
): PathResult {
  const { maxLength, skewSeconds } = pathOptions(limits);
  const pathTo = (roots: readonly Certificate[], candidates: readonly Certificate[]) =>
    buildPath(certificate, {
      at,
      untrusted: candidates,
      anchors: roots,
      allowUnknownCriticalInLeaf: true,
      maxLength,
      skewSeconds,
    });
  const roots = anchors.filter(({ isSelfSigned }) => isSelfSigned);
  if (roots.length > 0 && roots.length < anchors.length) {
    const toRoot = pathTo(roots, [...anchors, ...untrusted]);
    if (toRoot.ok) return toRoot;
  }
  return pathTo(anchors, untrusted);
}

/** It chains to an anchor of the operator's. Returns the path as `pathToTrust` finds it. */
export function chainsToTrust(
  certificate: Certificate,
  untrusted: readonly Certificate[],
  anchors: readonly Certificate[],
  at: Date,
  limits?: PathLimits,
): readonly Certificate[] {
  const found = pathToTrust(certificate, untrusted, anchors, at, limits);
  if (found.ok) return found.path;
  throw new CmpError({
    code: 'ChainIncomplete',
    message: `the CA issued a certificate, but no chain leads from it to a configured trust anchor: ${printable(found.reason, 400)}. Add the missing CA certificate to the configured trust`,
  });
}

/** Whether the certificate carries every alternative name of the request. */
function allNamesCovered(certificate: Certificate, { csr }: RequestedCertificate): boolean {
  const issued = new Set(certificate.extensions.subjectAltNames.map(generalNameKey));
  return csr.extensions.subjectAltNames.every((name) => issued.has(generalNameKey(name)));
}

function isAllowed(
  { field }: Difference,
  policy: CertificatePolicy,
  certificate: Certificate,
  request: RequestedCertificate,
): boolean {
  switch (field) {
    case 'subject':
      return policy.subject === 'Any';
    case 'subjectAltName':
      if (policy.subjectAltNames === 'AllowAdditional') return allNamesCovered(certificate, request);
      return policy.subjectAltNames === 'Any';
    case 'keyUsage':
    case 'extendedKeyUsage':
      return policy.usages === 'Any';
    case 'validity':
    case 'extension':
      // CAs decide about lifetimes and have their own way with uncommon extensions; worth telling, not worth refusing.
      return true;
    case 'publicKey':
    case 'basicConstraints':
      return false;
    default:
      return unreachable(field);
  }
}

/**
 * Names and usages are those requested, or differ only as the policy allows. Returns what a person should know all the
 * same. `grantedWithMods` alone excuses nothing: it only tells that the CA did it on purpose.
 */
export function requestCovered(
  certificate: Certificate,
  request: RequestedCertificate,
  policy: CertificatePolicy,
): string[] {
  let differences: readonly Difference[];
  let refused: readonly Difference[];
  try {
    differences = compareCertificate(request.csr, certificate, request);
    refused = differences.filter(
      (difference) =>
        difference.severity === 'refuse' ||
        (difference.severity === 'modification' && !isAllowed(difference, policy, certificate, request)),
    );
  } catch (error) {
    if (error instanceof PkiError) throw refuse(error.message, error);
    throw error;
  }
  if (refused.length > 0) {
    const reasons = printable(refused.map(({ text }) => text).join('; '), 600);
    throw refuse(`${reasons}. Correct the request or the CA's profile, or allow it in the issuer's policy`);
  }
  return differences.map(({ text }) => printable(text));
}
