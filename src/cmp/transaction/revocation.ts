import { type RevocationReason, reasonCodeExtension } from '../revocation-reason.js';
import {
  type CertificateName,
  exactlyOneStatus,
  type RevocationVerdict,
  revCertsNameOurs,
  revocationVerdict,
} from '../rules/index.js';
import type { PKIBody } from '../schema/index.js';
import { askPatiently, type ExchangeFacts } from './patience.js';
import type { CmpSession } from './session.js';

export interface RevocationRequest {
  /** What is to be revoked: a Certificate, or whatever else knows issuer and serial number. */
  readonly certificate: CertificateName;
  readonly reason: RevocationReason;
}

export interface RevocationResult extends RevocationVerdict {
  readonly facts: ExchangeFacts;
}

/** rr with one RevDetails (RFC 9483 section 4.2): issuer, serial number and always a reason, as products insist on all three. */
export function revocationBody({ certificate, reason }: RevocationRequest): PKIBody {
  const { issuer, serialNumber } = certificate;
  return {
    type: 'rr',
    value: [{ certDetails: { serialNumber, issuer }, crlEntryDetails: [reasonCodeExtension(reason)] }],
  };
}

/**
 * Has one certificate revoked, or with `removeFromCRL` taken off hold; there is nothing to confirm. Asking again does no
 * harm: what is revoked already counts as done. Waits where the CA wants time. Throws CmpError, or the signal's reason.
 */
export async function revokeCertificate(
  request: RevocationRequest,
  session: CmpSession,
  signal: AbortSignal,
): Promise<RevocationResult> {
  const { body, facts } = await askPatiently(revocationBody(request), 'rp', session, signal);
  const status = exactlyOneStatus(body.value);
  revCertsNameOurs(body.value, request.certificate);
  return { ...revocationVerdict(status, request.reason), facts };
}
