import { type DerLimits, decodeDer, encodeDer, TAG, tlv } from '../asn1/index.js';
import { extraCertsComponent, PKIBody, PKIHeader, PKIMessage, protectionComponent } from './schema/index.js';

/** A message as it was received: meaning and octets side by side. */
export interface ReceivedMessage {
  readonly der: Uint8Array;
  readonly header: PKIHeader;
  readonly body: PKIBody;
  /** The header's TLV as received. */
  readonly rawHeader: Uint8Array;
  /** The body's TLV as received, with the tag that names its type. */
  readonly rawBody: Uint8Array;
  /** MAC or signature octets. */
  readonly protection: Uint8Array | undefined;
  /** DER certificates. Unauthenticated: protection does not cover them. */
  readonly extraCerts: readonly Uint8Array[];
}

/** Decodes a PKIMessage strictly. Throws DerError, and nothing else, for whatever is not exactly one of them. */
export function decodeMessage(der: Uint8Array, limits?: DerLimits): ReceivedMessage {
  const { header, body, protection, extraCerts } = decodeDer(PKIMessage, der, limits);
  return {
    der,
    header: header.value,
    body: body.value,
    rawHeader: header.der,
    rawBody: body.der,
    protection,
    extraCerts: extraCerts ?? [],
  };
}

/** The parts of a message about to be sent, header and body encoded once so that what is protected is what is sent. */
export interface EncodedParts {
  readonly rawHeader: Uint8Array;
  readonly rawBody: Uint8Array;
  readonly protection?: Uint8Array | undefined;
  readonly extraCerts?: readonly Uint8Array[] | undefined;
}

export const encodeHeader = (header: PKIHeader): Uint8Array => encodeDer(PKIHeader, header);
export const encodeBody = (body: PKIBody): Uint8Array => encodeDer(PKIBody, body);

/** ProtectedPart ::= SEQUENCE { header, body }: what the MAC or signature covers (RFC 9810 section 5.1.3). */
export const protectedPart = ({ rawHeader, rawBody }: Pick<EncodedParts, 'rawHeader' | 'rawBody'>): Uint8Array =>
  tlv(TAG.sequence, rawHeader, rawBody);

/** Puts the encoded parts together to one PKIMessage. */
export function assembleMessage({ rawHeader, rawBody, protection, extraCerts = [] }: EncodedParts): Uint8Array {
  const parts = [rawHeader, rawBody];
  if (protection !== undefined) parts.push(protectionComponent.encode(protection));
  if (extraCerts.length > 0) parts.push(extraCertsComponent.encode(extraCerts));
  return tlv(TAG.sequence, ...parts);
}
