import { octetsEqual } from '../../../src/asn1/index.js';
import { CmpError } from '../../../src/cmp/error.js';
import { decodeMessage, protectedPart } from '../../../src/cmp/message.js';
import { acceptAnswer } from '../../../src/cmp/transaction/index.js';
import { macProtector, signingProtector } from '../../unit/cmp/support/ca.js';
import { certificates, session, signatureCredential } from '../../unit/cmp/support/session.js';
import type { Subject } from './subject.js';

const id = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => first + index);

/** An answer in an envelope (RFC 9483 section 5.2.2): outside a signature, inside a MAC, and both must hold. */
export async function envelopeSubject(): Promise<Subject> {
  const envelope = signatureCredential();
  if (envelope.kind !== 'signature') throw new Error('no signature');
  const client = session({ envelope, anchors: certificates('root.crt') });
  const expectation = { transactionID: id(1), lastNonce: id(2), seenNonces: [id(2)], knownSigners: [] };
  const header = {
    pvno: 2,
    recipient: { type: 'directoryName', value: client.recipient },
    transactionID: id(1),
    senderNonce: id(3),
    recipNonce: id(2),
  } as const;
  const inner = await macProtector().protect(header, { type: 'pkiconf', value: null });
  const seed = await signingProtector().protect(header, { type: 'nested', value: [inner] });
  const right = protectedPart(decodeMessage(inner));
  return {
    name: 'an answer in an envelope',
    seed,
    feed: async (mutant) => {
      try {
        const { message } = await acceptAnswer(mutant, expectation, client);
        if (!octetsEqual(protectedPart(message), right)) throw new Error('an altered message was believed');
        return 'accepted: only unprotected parts differ';
      } catch (error) {
        if (error instanceof CmpError) return `refused: ${error.code}`;
        throw error;
      }
    },
  };
}
