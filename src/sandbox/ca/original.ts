import { DerError, decodeDer } from '../../asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { OID } from '../../cmp/oids.js';
import { PKIMessages } from '../../cmp/schema/index.js';
import { RequestRefused } from './refusal.js';

/**
 * The message of the end entity that an RA sends along (id-it-origPKIMessage, RFC 9810 section 5.1.1.3); undefined if there
 * is none. Throws RequestRefused.
 */
export function originalMessage({ header }: ReceivedMessage): ReceivedMessage | undefined {
  const [item, ...repeated] = (header.generalInfo ?? []).filter(({ infoType }) => infoType === OID.origPKIMessage);
  if (item === undefined) return undefined;
  try {
    const [der, ...more] = decodeDer(PKIMessages, item.infoValue ?? new Uint8Array());
    if (der !== undefined && more.length === 0 && repeated.length === 0) return decodeMessage(der);
  } catch (error) {
    if (error instanceof DerError) throw new RequestRefused('badDataFormat', `origPKIMessage: ${error.message}`);
    throw error;
  }
  throw new RequestRefused('badRequest', 'origPKIMessage must hold exactly one message');
}
