import type { Certificate } from '../../api/certificate.js';
import { type IssuedCertificateRecord, REVOCATION_REASON_ANNOTATION } from '../../api/issued-certificate.js';
import type { KubeObject } from '../../api/meta.js';
import type { RevocationOutcome } from '../../enrollment/enroller.js';
import type { ObjectEvent } from '../../kube/event-object.js';
import { objectKey } from '../../kube/store.js';
import { ANNOTATED_REASONS, annotatedReason, DEFAULT_REASON, type RevocationReason } from './reason.js';
import { type RevocationRecord, type RevocationStanding, wantedReason } from './record.js';

const ACTION = 'Revoke';

/** What is wrong with the annotation; undefined when nothing is. */
export function annotationProblem(annotation: string | undefined): string | undefined {
  if (annotation === undefined || annotatedReason(annotation) !== undefined) return undefined;
  return `annotation ${REVOCATION_REASON_ANNOTATION}: "${annotation}" is none of ${ANNOTATED_REASONS.join(', ')}; ${DEFAULT_REASON} is taken`;
}

/** At the Certificate whose annotation makes no sense, while it can be corrected. */
export const annotationEvent = (certificate: Certificate, problem: string): ObjectEvent => ({
  regarding: certificate,
  type: 'Warning',
  reason: 'RevocationReasonUnknown',
  action: ACTION,
  note: problem,
});

/** At the issuer: the Certificate is gone, or there never was one, and so is our record. */
export function revokedEvent(
  issuer: KubeObject,
  record: RevocationRecord,
  reason: RevocationReason,
  { already, notes }: RevocationOutcome,
): ObjectEvent {
  const { serial, issuedBy, owner, request } = record;
  const what = `The certificate with serial ${serial} of "${issuedBy}"`;
  const how = already ? 'had been revoked already' : `was revoked (${reason})`;
  const why =
    owner === undefined ? `nobody ever got it (request ${request})` : `Certificate ${objectKey(owner)} was deleted`;
  const problem = annotationProblem(wantedReason(record));
  return {
    regarding: issuer,
    type: 'Normal',
    reason: 'CertificateRevoked',
    action: ACTION,
    note: [`${what} ${how}: ${why}`, ...notes, ...(problem ? [problem] : [])].join('. '),
  };
}

const STANDING_REASONS: Readonly<Record<RevocationStanding['phase'], string>> = {
  Due: 'RevocationDelayed',
  Refused: 'RevocationRefused',
  Held: 'RevocationHeld',
};

/** At the record, which waits. */
export const standingEvent = (
  record: IssuedCertificateRecord,
  { phase, message }: RevocationStanding,
): ObjectEvent => ({
  regarding: record,
  type: 'Warning',
  reason: STANDING_REASONS[phase],
  action: ACTION,
  note: message,
});
