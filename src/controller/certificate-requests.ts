import {
  CERTIFICATE_REQUEST,
  type CertificateRequest,
  PRIVATE_KEY_SECRET_ANNOTATION,
} from '../api/certificate-request.js';
import { findCondition, isTrue } from '../api/conditions.js';
import { ISSUER_GROUP, ISSUER_TYPES, isIssuerKind } from '../api/issuer.js';
import { certificateRequestStatus } from './certificate-request-status.js';
import { goDurationSeconds } from './go-duration.js';
import type { IssuerName } from './issuer-key.js';
import { finishedRequest, type RequestResource, type SigningRequest } from './signing-request.js';

/** cert-manager's CertificateRequests, and how they are answered. */
const RESOURCE: RequestResource = {
  type: CERTIFICATE_REQUEST,
  issuerField: 'spec.issuerRef of the Certificate',
  verifiesCsr: true,
  keylessBecause:
    `the request has no annotation ${PRIVATE_KEY_SECRET_ANNOTATION} (only requests made for a Certificate have it): ` +
    'use a Certificate',
  status: certificateRequestStatus,
};

/** Undefined for what no API server has stored. */
export function viewCertificateRequest(request: CertificateRequest): SigningRequest | undefined {
  const { apiVersion, metadata, spec, status } = request;
  const { uid } = metadata;
  if (uid === undefined) return undefined;
  const object = {
    apiVersion,
    kind: 'CertificateRequest',
    metadata: { ...metadata, uid },
    resource: RESOURCE,
    issuer: issuerOf(request),
  } as const;
  const state = stateOf(request);
  if (state !== 'open') return finishedRequest(object, state);
  const conditions = status?.conditions ?? [];
  const durationSeconds = spec.duration === undefined ? undefined : goDurationSeconds(spec.duration);
  return {
    ...object,
    state,
    approval: isTrue(conditions, 'Denied') ? 'denied' : isTrue(conditions, 'Approved') ? 'approved' : 'none',
    conditions,
    csrPem: Buffer.from(spec.request, 'base64').toString('utf8'),
    usages: spec.usages ?? [],
    isCA: spec.isCA ?? false,
    ...(durationSeconds !== undefined && { durationSeconds }),
  };
}

/**
 * The group must be given and be ours; an empty group is cert-manager's own, and an empty kind means its `Issuer`.
 */
function issuerOf({ metadata, spec: { issuerRef } }: CertificateRequest): IssuerName | undefined {
  const { group, kind, name } = issuerRef;
  if (group !== ISSUER_GROUP || !isIssuerKind(kind)) return undefined;
  const { namespace } = metadata;
  return ISSUER_TYPES[kind].namespaced && namespace !== undefined ? { kind, namespace, name } : { kind, name };
}

function stateOf({ status }: CertificateRequest): SigningRequest['state'] {
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready?.status === 'True') return 'issued';
  // Whoever wrote a certificate has answered, whatever the conditions say.
  const answered = (status?.certificate ?? '') !== '' || ready?.reason === 'Failed' || ready?.reason === 'Denied';
  return answered ? 'closed' : 'open';
}
