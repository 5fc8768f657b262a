import {
  CERTIFICATE_SIGNING_REQUEST,
  type CertificateSigningRequest,
  type CertificateSigningRequestStatus,
  REQUEST_DURATION_ANNOTATION,
  REQUEST_IS_CA_ANNOTATION,
} from '../api/certificate-signing-request.js';
import { isTrue } from '../api/conditions.js';
import { CLUSTER_ISSUER, ISSUER, ISSUER_GROUP, type IssuerKind } from '../api/issuer.js';
import { unreachable } from '../runtime/unreachable.js';
import { goDurationSeconds } from './go-duration.js';
import type { IssuerName } from './issuer-key.js';
import { base64Pem, bounded, type RequestNews } from './request-news.js';
import { finishedRequest, type RequestFlaw, type RequestResource, type SigningRequest } from './signing-request.js';

/** Kubernetes' own CertificateSigningRequests, and how they are answered. */
const RESOURCE: RequestResource = {
  type: CERTIFICATE_SIGNING_REQUEST,
  issuerField: 'spec.signerName of a new CertificateSigningRequest',
  verifiesCsr: false,
  keylessBecause: 'a CertificateSigningRequest leaves it with whoever made it: ask with a Certificate of cert-manager',
  status,
};

/** Kubernetes itself allows no less. */
const LEAST_SECONDS = 600;

/** Annotations may be long. */
const MAX_QUOTED = 64;

/** Undefined for what no API server has stored. */
export function viewCertificateSigningRequest(request: CertificateSigningRequest): SigningRequest | undefined {
  const { apiVersion, metadata, spec } = request;
  const { uid } = metadata;
  if (uid === undefined) return undefined;
  const object = {
    apiVersion,
    kind: 'CertificateSigningRequest',
    metadata: { ...metadata, uid },
    resource: RESOURCE,
    issuer: issuerOf(spec.signerName),
  } as const;
  const state = stateOf(request);
  if (state !== 'open') return finishedRequest(object, state);
  const conditions = request.status?.conditions ?? [];
  const durationSeconds = durationOf(request);
  const flaw = flawOf(request, object.issuer, durationSeconds);
  return {
    ...object,
    state,
    approval: isTrue(conditions, 'Approved') ? 'approved' : 'none',
    conditions,
    csrPem: Buffer.from(spec.request, 'base64').toString('utf8'),
    usages: spec.usages ?? [],
    isCA: metadata.annotations?.[REQUEST_IS_CA_ANNOTATION] === 'true',
    ...(durationSeconds !== undefined && { durationSeconds }),
    ...(flaw !== undefined && { flaw }),
  };
}

const KIND_OF_DOMAIN: ReadonlyMap<string, IssuerKind> = new Map([
  [`${CLUSTER_ISSUER.plural}.${ISSUER_GROUP}`, 'CMPv2ClusterIssuer'],
  [`${ISSUER.plural}.${ISSUER_GROUP}`, 'CMPv2Issuer'],
]);

/** What stands before the only slash says who signs; the API server lets nothing else through. */
function issuerOf(signerName: string): IssuerName | undefined {
  const [domain = '', name] = signerName.split('/');
  const kind = KIND_OF_DOMAIN.get(domain);
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

/** Presence is what counts; once there, a condition stays. What was denied is nobody's business any more. */
function stateOf({ status }: CertificateSigningRequest): SigningRequest['state'] {
  if ((status?.certificate ?? '') !== '') return 'issued';
  return isTrue(status?.conditions, 'Failed') || isTrue(status?.conditions, 'Denied') ? 'closed' : 'open';
}

function durationOf({ metadata, spec }: CertificateSigningRequest): number | undefined {
  const wish = metadata.annotations?.[REQUEST_DURATION_ANNOTATION];
  return wish === undefined ? spec.expirationSeconds : goDurationSeconds(wish);
}

function flawOf(
  { metadata, spec }: CertificateSigningRequest,
  issuer: IssuerName | undefined,
  durationSeconds: number | undefined,
): RequestFlaw | undefined {
  // It would have to be found out whether the requester may use that issuer, as cert-manager does for its own ones.
  if (issuer?.kind === 'CMPv2Issuer')
    return {
      kind: 'unsupportedIssuer',
      message:
        `spec.signerName "${spec.signerName}" names a namespaced issuer, which signs no CertificateSigningRequests: ` +
        `name a CMPv2ClusterIssuer, ${CLUSTER_ISSUER.plural}.${ISSUER_GROUP}/NAME`,
    };
  const wish = metadata.annotations?.[REQUEST_DURATION_ANNOTATION];
  if (wish !== undefined && durationSeconds === undefined)
    return {
      kind: 'invalidDuration',
      message: `annotation ${REQUEST_DURATION_ANNOTATION} is "${wish.slice(0, MAX_QUOTED)}", which is no duration such as 2160h or 90m`,
    };
  if (durationSeconds !== undefined && durationSeconds < LEAST_SECONDS)
    return {
      kind: 'invalidDuration',
      message: `a certificate for ${durationSeconds} s is asked for; the least is ${LEAST_SECONDS} s`,
    };
  return undefined;
}

/** There are no words for waiting and for what is denied: nothing is written then. */
function status(news: RequestNews): CertificateSigningRequestStatus | undefined {
  switch (news.kind) {
    case 'pending':
    case 'denied':
      return undefined;
    case 'failed':
      return {
        conditions: [{ type: 'Failed', status: 'True', reason: news.reason, message: bounded(news.message) }],
      };
    case 'issued':
      return { certificate: base64Pem(news.outcome.chain) };
    default:
      return unreachable(news);
  }
}
