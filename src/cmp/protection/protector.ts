import type { PKIBody, PKIHeader } from '../schema/index.js';

type FilledIn = 'protectionAlg' | 'sender' | 'senderKID';

/** A header whose protection is still to come. Where `sender` or `senderKID` is given, it stands instead of the protector's own. */
export type HeaderToProtect = Omit<PKIHeader, FilledIn> & Partial<Pick<PKIHeader, 'sender' | 'senderKID'>>;

/** Who protects, and how: the same in every message. */
export type ProtectorIdentity = Pick<PKIHeader, FilledIn>;

/** The header as it goes out. Spelled out, because spreading objects of many shapes takes longer than encoding them. */
export function filledIn(header: HeaderToProtect, identity: ProtectorIdentity): PKIHeader {
  return {
    pvno: header.pvno,
    sender: header.sender ?? identity.sender,
    recipient: header.recipient,
    messageTime: header.messageTime,
    protectionAlg: identity.protectionAlg,
    senderKID: header.senderKID ?? identity.senderKID,
    recipKID: header.recipKID,
    transactionID: header.transactionID,
    senderNonce: header.senderNonce,
    recipNonce: header.recipNonce,
    freeText: header.freeText,
    generalInfo: header.generalInfo,
  };
}

/** Protects the messages of one transaction. Keeps its parameters, so that both sides may cache what they derive. */
export interface Protector {
  readonly kind: 'mac' | 'signature';
  /** For logs and tables, e.g. `PasswordBasedMac` or `ECDSA with SHA-256`. */
  readonly title: string;
  /**
   * Fills in sender, senderKID and protectionAlg, protects header and body, and returns the whole PKIMessage.
   * `extraCerts` go behind the protector's own certificates.
   */
  protect(header: HeaderToProtect, body: PKIBody, extraCerts?: readonly Uint8Array[]): Promise<Uint8Array>;
}
