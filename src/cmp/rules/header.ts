import { octetsEqual } from '../../asn1/index.js';
import { CmpError } from '../error.js';
import { OID } from '../oids.js';
import type { CmpProfile } from '../profile.js';
import type { PKIBodyType, PKIHeader } from '../schema/index.js';

// Rules about the header of an answer. Each returns if all is well and throws CmpError otherwise.

/** RFC 9810 section 5.1.1: nonces have 128 bits. */
const MIN_NONCE_OCTETS = 16;

const mismatch = (message: string): CmpError => new CmpError({ code: 'HeaderMismatch', message });

/**
 * cmp2000 and cmp2021. Version 1 is tolerated on errors alone, where some CAs use it for whatever they cannot read, and
 * only where the server's profile says so.
 */
export function pvnoSupported(
  { pvno }: PKIHeader,
  body: PKIBodyType,
  version1Errors: CmpProfile['version1Errors'] = 'hearsay',
): void {
  if (pvno === 2 || pvno === 3 || (pvno === 1 && body === 'error' && version1Errors === 'hearsay')) return;
  throw mismatch(`the answer has protocol version ${pvno}; versions 2 and 3 are supported`);
}

/** The answer belongs to our transaction (RFC 9810 section 5.1.1). */
export function transactionIdEqual({ transactionID }: PKIHeader, expected: Uint8Array): void {
  if (transactionID === undefined) throw mismatch('the answer has no transactionID');
  if (!octetsEqual(transactionID, expected))
    throw mismatch('the answer belongs to another transaction (transactionID)');
}

/** The answer is to a message of ours that may still be answered: our last one, or one whose answer was delayed. */
export function recipNonceMatches({ recipNonce }: PKIHeader, accepted: readonly Uint8Array[]): void {
  if (recipNonce === undefined) throw mismatch('the answer has no recipNonce, so it may be a replay');
  if (!accepted.some((nonce) => octetsEqual(nonce, recipNonce))) {
    throw mismatch('the answer is to another message than ours (recipNonce): a replay, or an answer mixed up');
  }
}

/** A nonce of its own, long enough and never seen before in the transaction: neither a replay nor our own message. */
export function senderNonceFresh({ senderNonce }: PKIHeader, seen: readonly Uint8Array[]): void {
  if (senderNonce === undefined) throw mismatch('the answer has no senderNonce');
  if (senderNonce.length < MIN_NONCE_OCTETS) {
    throw mismatch(`the answer's senderNonce has ${senderNonce.length} octets, fewer than ${MIN_NONCE_OCTETS}`);
  }
  if (seen.some((nonce) => octetsEqual(nonce, senderNonce))) {
    throw mismatch('the answer repeats a nonce of this transaction: a replay, or our own message sent back');
  }
}

/** messageTime lies within the window around now; a message without one passes. */
export function messageTimeRecent({ messageTime }: PKIHeader, now: Date, windowMs: number | undefined): void {
  if (windowMs === undefined || messageTime === undefined) return;
  const distance = Math.abs(messageTime.getTime() - now.getTime());
  if (distance > windowMs) {
    throw mismatch(`the answer's messageTime is ${Math.round(distance / 1000)} s away from our clock`);
  }
}

/**
 * For an error that nobody vouches for: identifiers may be missing, but those present must be ours
 * (RFC 9810 section 5.3.21 allows errors about messages that could not be read).
 */
export function identifiersOursIfPresent(
  header: PKIHeader,
  transactionID: Uint8Array,
  accepted: readonly Uint8Array[],
): void {
  if (header.transactionID !== undefined) transactionIdEqual(header, transactionID);
  if (header.recipNonce !== undefined) recipNonceMatches(header, accepted);
}

/** Whether the CA does without certConf: only if we asked for it and the header of the final answer grants it. */
export function implicitConfirmGranted({ generalInfo }: PKIHeader, requested: boolean): boolean {
  return requested && (generalInfo ?? []).some(({ infoType }) => infoType === OID.implicitConfirm);
}
