import { DerError } from '../../asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { type PbmCredential, type Protector, pbmProtector } from '../../cmp/protection/index.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { Behaviour } from './behaviour.js';
import { withBadProtection } from './compose.js';
import { MessageRefused } from './refusal.js';

/** The one message inside an envelope. Throws MessageRefused. */
export function messageInside([der, ...more]: readonly Uint8Array[]): ReceivedMessage {
  if (der === undefined || more.length > 0) {
    throw new MessageRefused('badRequest', 'this CA takes nested messages with exactly one message inside');
  }
  try {
    const message = decodeMessage(der);
    if (message.body.type === 'nested') throw new MessageRefused('badRequest', 'a nested message inside a nested one');
    return message;
  } catch (error) {
    if (error instanceof DerError) throw new MessageRefused('badDataFormat', error.message);
    throw error;
  }
}

export interface Wrapping {
  readonly signer: Protector;
  readonly credential: PbmCredential;
  readonly random: Random;
}

/** The answer in an envelope that bears its identifiers (RFC 9483 section 5.2.2.1), spoilt where asked for. */
export async function wrapAnswer(
  der: Uint8Array,
  { nesting }: Behaviour,
  { signer, credential, random }: Wrapping,
): Promise<Uint8Array> {
  const { header } = decodeMessage(der);
  const wrap = (inner: readonly Uint8Array[], protector = signer) => {
    const { pvno, recipient, messageTime, transactionID, senderNonce, recipNonce } = header;
    const outer = { pvno, recipient, messageTime, transactionID, senderNonce, recipNonce };
    return protector.protect(outer, { type: 'nested', value: inner });
  };
  switch (nesting) {
    case undefined:
      return wrap([der]);
    case 'plain':
      return der;
    case 'twoInner':
      return wrap([der, der]);
    case 'nestedTwice':
      return wrap([await wrap([der])]);
    case 'badOuterProtection':
      return withBadProtection(decodeMessage(await wrap([der])));
    case 'badInnerProtection':
      return wrap([withBadProtection(decodeMessage(der))]);
    case 'outerMac':
      return wrap(
        [der],
        pbmProtector(credential, { salt: random(16), owf: 'sha256', iterationCount: 500, mac: 'sha256' }),
      );
    default:
      return unreachable(nesting);
  }
}
