import { DerError, encodeDer } from '../asn1/index.js';
import { PkiError, parseCsr, samePublicKey } from '../pki/index.js';
import { CmpError } from './error.js';
import { decodeMessage } from './message.js';
import { OID } from './oids.js';
import { type InfoTypeAndValue, type PKIBody, PKIMessages } from './schema/index.js';
import { printable } from './text.js';
import type { Wish } from './wish.js';

/** DER of the public key that a body asks a certificate for; undefined if it asks for none. */
function requestedKey(body: PKIBody): Uint8Array | undefined {
  if (body.type === 'p10cr') return parseCsr(body.value).spki;
  const isRequest = body.type === 'ir' || body.type === 'cr' || body.type === 'kur';
  return isRequest ? body.value[0]?.certReq.certTemplate.publicKey : undefined;
}

const unfit = (what: string, cause?: unknown): CmpError =>
  new CmpError({
    code: 'CsrInvalid',
    message: `the original message of the end entity cannot be sent along: ${what}; give the one that this request was taken from, or none`,
    cause,
  });

/**
 * id-it-origPKIMessage (RFC 9810 section 5.1.1.3, RFC 9483 section 5.2.3): what an RA received from the end entity, so that
 * the CA can see what the RA changed, and check the proof of possession that a change may have broken. Empty if the request
 * was not taken from a message. Throws CmpError `CsrInvalid` for one that asks for another key than the CSR.
 */
export function originalMessageInfo({ csr, original }: Pick<Wish, 'csr' | 'original'>): InfoTypeAndValue[] {
  if (original === undefined) return [];
  try {
    const key = requestedKey(decodeMessage(original).body);
    if (key === undefined) throw unfit('it asks for no certificate');
    if (!samePublicKey(key, csr.spki)) throw unfit('it is about another public key');
  } catch (error) {
    if (error instanceof DerError || error instanceof PkiError) throw unfit(printable(error.message), error);
    throw error;
  }
  return [{ infoType: OID.origPKIMessage, infoValue: encodeDer(PKIMessages, [original]) }];
}
