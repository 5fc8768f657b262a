import { encodeDer, TAG, tlv } from '../asn1/index.js';
import { ExtensionSyntax } from '../pki/index.js';

/** CRLReason by name and number (RFC 5280 section 5.3.1); 7 is not used. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

const REASON_CODE = '2.5.29.21';

/** DER of the reasonCode CRL entry extension. */
export function reasonCodeExtension(reason: RevocationReason): Uint8Array {
  const extnValue = tlv(TAG.enumerated, Uint8Array.of(REVOCATION_REASONS[reason]));
  return encodeDer(ExtensionSyntax, { extnID: REASON_CODE, extnValue });
}
