import { octetsEqual } from '../../asn1/index.js';
import { buildPath, type Certificate, isNullName, type Name, namesEqual, PkiError } from '../../pki/index.js';
import { DEFAULT_ANSWER_LIMITS } from '../answer-limits.js';
import { CmpError } from '../error.js';
import type { ReceivedMessage } from '../message.js';
import { verifySignature } from '../protection/index.js';
import type { PKIHeader } from '../schema/index.js';
import { printable } from '../text.js';
import { type PathLimits, pathOptions } from './path-limits.js';

// Rules about who signed an answer.

/** Extended key usages of those who speak for a CA (RFC 9810 section 4.5, RFC 6402 section 2.10). */
const ID_KP_CMC_CA = '1.3.6.1.5.5.7.3.27';
const ID_KP_CMC_RA = '1.3.6.1.5.5.7.3.28';

const untrusted = (message: string): CmpError => new CmpError({ code: 'SignerUntrusted', message });

/** How a message calls a certificate, which may come from a stranger and hold a name that cannot be read. */
function named(certificate: Certificate): string {
  try {
    return `"${printable(certificate.subjectText, 200)}"`;
  } catch (error) {
    if (error instanceof PkiError) return 'a certificate with an unreadable name';
    throw error;
  }
}

/** The directoryName of the sender, unless it is another kind of name or the NULL-DN. */
function senderName({ sender }: PKIHeader): Name | undefined {
  return sender.type === 'directoryName' && !isNullName(sender.value) ? sender.value : undefined;
}

function sameName(a: Name, b: Name): boolean {
  try {
    return namesEqual(a, b);
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

/** The sender, if the header names one, is the subject of the signer's certificate (RFC 9810 section 5.1.1). */
export function senderIsSigner(header: PKIHeader, signer: Certificate): void {
  const sender = senderName(header);
  if (sender === undefined || sameName(sender, signer.subject)) return;
  throw untrusted(`the answer names another sender than its signer ${named(signer)}`);
}

/** senderKID, where both exist, is the signer's key identifier. */
export function senderKidIsSigner({ senderKID }: PKIHeader, signer: Certificate): boolean {
  const own = signer.extensions.subjectKeyIdentifier;
  return senderKID === undefined || own === undefined || octetsEqual(senderKID, own);
}

/** A signer that limits its key usage must allow digitalSignature (RFC 9483 section 1.5). */
export function signerKeyUsage(signer: Certificate, ignoreKeyUsage: boolean): void {
  if (ignoreKeyUsage || signer.extensions.keyUsage?.has('digitalSignature') !== false) return;
  throw untrusted(`the key usage of ${named(signer)}, who signed the answer, does not include digitalSignature`);
}

/** Whether the certificate is that of the recipient we wrote to. */
export function signerIsRecipient(signer: Certificate, recipient: Name): boolean {
  return !isNullName(recipient) && sameName(signer.subject, recipient);
}

/** The one certificate that an operator expects to sign answers. */
export interface SignerPin {
  /** Lower-case hexadecimal SHA-256 of the whole certificate. */
  readonly sha256: string;
  /** The certificate itself, where the operator gave it: then the CA need not send it. */
  readonly certificate?: Certificate;
}

/** The signer is the one that is expected. */
export function signerIsExpected(signer: Certificate, { sha256 }: SignerPin): void {
  if (signer.sha256 === sha256) return;
  throw untrusted(
    `${named(signer)} with SHA-256 fingerprint ${signer.sha256} signed the answer, but the configured signer is ${sha256}; if the CA has a new signing certificate, configure that one`,
  );
}

/**
 * The signer may speak for the CA: it is the recipient itself, a CA, or marked as CMC CA or RA. Without this rule every
 * certificate below the trust anchor, such as one that this very CA issued to a web server, could pose as the CA.
 */
export function signerSpeaksForCa(signer: Certificate, recipient: Name): void {
  if (signerIsRecipient(signer, recipient) || signer.isCA) return;
  const usages = signer.extensions.extendedKeyUsage ?? [];
  if (usages.includes(ID_KP_CMC_CA) || usages.includes(ID_KP_CMC_RA)) return;
  throw untrusted(
    `${named(signer)} signed the answer, but it is neither the configured recipient nor marked as a CA's or RA's signer (extended key usage cmcCA or cmcRA); if it speaks for your CA, configure it as the recipient`,
  );
}

/** The signer chains to an anchor of the operator's, at this time. The message's certificates only help to find the way. */
export function signerTrusted(
  signer: Certificate,
  untrustedCertificates: readonly Certificate[],
  anchors: readonly Certificate[],
  at: Date,
  limits: PathLimits = DEFAULT_ANSWER_LIMITS,
): void {
  const found = buildPath(signer, { untrusted: untrustedCertificates, anchors, at, ...pathOptions(limits) });
  if (found.ok) return;
  throw untrusted(
    `${named(signer)} signed the answer, but no way leads from it to a configured trust anchor: ${printable(found.reason, 400)}. Check the configured trust`,
  );
}

/** Those with this subject. Most CAs copy it octet for octet, which saves the comparison of all the others by meaning. */
function namedAs(sender: Name | undefined, known: readonly Certificate[]): readonly Certificate[] {
  if (sender === undefined) return known;
  const verbatim = known.filter(({ subject }) => octetsEqual(sender, subject));
  return verbatim.length > 0 ? verbatim : known.filter(({ subject }) => sameName(sender, subject));
}

/**
 * Certificates that may be the signer's, likeliest first: those whose key identifier is the senderKID, then those whose
 * subject is the sender; without either hint, all, in the order given. Some CAs put our key identifier into senderKID,
 * so a KID that fits nobody is no reason to give up.
 */
export function signerCandidates(header: PKIHeader, known: readonly Certificate[]): readonly Certificate[] {
  const bySubject = namedAs(senderName(header), known);
  const byKid = bySubject.filter(
    (certificate) =>
      certificate.extensions.subjectKeyIdentifier !== undefined && senderKidIsSigner(header, certificate),
  );
  return byKid.length > 0 ? byKid : bySubject;
}

/** How many keys are tried before we call it an attempt to keep us busy. */
const MAX_CANDIDATES = 4;

/** The candidate whose key made the message's signature. Throws CmpError `ProtectionInvalid` or `SignerUntrusted`. */
export function findSigner(message: ReceivedMessage, known: readonly Certificate[]): Certificate {
  let failure: CmpError | undefined;
  for (const candidate of signerCandidates(message.header, known).slice(0, MAX_CANDIDATES)) {
    try {
      verifySignature(message, candidate.publicKey);
      return candidate;
    } catch (error) {
      if (error instanceof CmpError) failure = error;
      else if (error instanceof PkiError)
        failure = untrusted(`the key of ${named(candidate)} is unusable: ${error.message}`);
      else throw error;
    }
  }
  throw (
    failure ??
    untrusted(
      "the answer is signed, but nobody knows by whom: its signer's certificate is neither in the answer (extraCerts) nor among the trusted ones",
    )
  );
}
