import type { RevocationOrder } from '../../enrollment/enroller.js';

export type RevocationReason = RevocationOrder['reason'];

/**
 * What may stand in the annotation: the reasons of RFC 5280 section 5.3.1 that make sense for a certificate whose
 * Certificate is gone. Nobody could ever take it off hold again.
 */
export const ANNOTATED_REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const satisfies readonly RevocationReason[];

export const DEFAULT_REASON: RevocationReason = 'cessationOfOperation';

/** The reason that an annotation asks for; undefined when it is none. Case does not count. */
export function annotatedReason(annotation: string): RevocationReason | undefined {
  const wanted = annotation.trim().toLowerCase();
  return ANNOTATED_REASONS.find((reason) => reason.toLowerCase() === wanted);
}
