import type { PKIBody, PKIHeader } from '../schema/index.js';

type FilledIn = 'protectionAlg' | 'sender' | 'senderKID';

/** A header whose protection is still to come. Where `sender` or `senderKID` is given, it stands instead of the protector's own. */
export type HeaderToProtect = Omit<PKIHeader, FilledIn> & Partial<Pick<PKIHeader, 'sender' | 'senderKID'>>;

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
