import { octetsEqual } from '../../asn1/index.js';
import type { PKIHeader } from '../../cmp/schema/index.js';
import { MessageRefused } from './refusal.js';

const LEAST_OCTETS = 16;
const CLOCK_SKEW = 300_000;

/** What every request's header must hold (RFC 9810 section 5.1.1, RFC 9483 section 3.1). Throws MessageRefused. */
export function checkHeader(header: PKIHeader, now: Date): void {
  if (header.pvno !== 2 && header.pvno !== 3) {
    throw new MessageRefused('unsupportedVersion', `pvno ${header.pvno} is not supported`);
  }
  if ((header.transactionID?.length ?? 0) < LEAST_OCTETS) {
    throw new MessageRefused('badRequest', `a transactionID of at least ${LEAST_OCTETS} octets is needed`);
  }
  if ((header.senderNonce?.length ?? 0) < LEAST_OCTETS) {
    throw new MessageRefused('badSenderNonce', `a senderNonce of at least ${LEAST_OCTETS} octets is needed`);
  }
  if (header.messageTime !== undefined && Math.abs(header.messageTime.getTime() - now.getTime()) > CLOCK_SKEW) {
    throw new MessageRefused('badTime', 'messageTime is more than 300 s away from the time of the CA');
  }
}

/** Later messages repeat the nonce of our last answer. Throws MessageRefused. */
export function checkRecipNonce(header: PKIHeader, expected: Uint8Array | undefined): void {
  // Nothing to repeat if we were told to leave it out.
  if (expected === undefined) return;
  if (header.recipNonce === undefined || !octetsEqual(header.recipNonce, expected)) {
    throw new MessageRefused('badRecipientNonce', 'recipNonce is not the senderNonce of the last answer');
  }
}
