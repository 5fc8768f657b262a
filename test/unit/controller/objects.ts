import type { CertificateRequest, CertificateRequestStatus } from '../../../src/api/certificate-request.js';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestStatus,
} from '../../../src/api/certificate-signing-request.js';
import type { Condition } from '../../../src/api/conditions.js';
import type { Issuer } from '../../../src/api/issuer.js';
import { viewCertificateRequest } from '../../../src/controller/certificate-requests.js';
import { viewCertificateSigningRequest } from '../../../src/controller/certificate-signing-requests.js';
import type { IssuedOutcome } from '../../../src/controller/request-record.js';
import type { SigningRequest } from '../../../src/controller/signing-request.js';

export const NOW = new Date('2030-01-02T03:04:05Z');
export const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

export const condition = (type: string, status: Condition['status'], reason = 'x'): Condition => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2030-01-01T00:00:00Z',
});

export const approved = condition('Approved', 'True');
export const denied = condition('Denied', 'True');

export interface RequestChanges {
  readonly issuerRef?: CertificateRequest['spec']['issuerRef'];
  readonly conditions?: readonly Condition[];
  readonly status?: CertificateRequestStatus;
  readonly metadata?: Partial<CertificateRequest['metadata']>;
  readonly spec?: Partial<CertificateRequest['spec']>;
}

/** An approved request for a CMPv2Issuer, unless changed. */
export function request(changes: RequestChanges = {}): CertificateRequest {
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { name: 'web-1', namespace: 'shop', uid: 'uid-1', resourceVersion: '7', ...changes.metadata },
    spec: {
      request: '',
      issuerRef: changes.issuerRef ?? { group: 'certmanager.onap.org', kind: 'CMPv2Issuer', name: 'ca' },
      ...changes.spec,
    },
    status: { conditions: changes.conditions ?? [approved], ...changes.status },
  };
}

export interface SigningChanges {
  readonly signerName?: string;
  readonly conditions?: readonly Condition[];
  readonly status?: CertificateSigningRequestStatus;
  readonly metadata?: Partial<CertificateSigningRequest['metadata']>;
  readonly spec?: Partial<CertificateSigningRequest['spec']>;
}

/** An approved CertificateSigningRequest for a CMPv2ClusterIssuer, unless changed. */
export function signing(changes: SigningChanges = {}): CertificateSigningRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'node-1', uid: 'uid-csr', resourceVersion: '7', ...changes.metadata },
    spec: {
      request: '',
      signerName: changes.signerName ?? 'cmpv2clusterissuers.certmanager.onap.org/ca',
      usages: ['client auth'],
      ...changes.spec,
    },
    status: { conditions: changes.conditions ?? [approved], ...changes.status },
  };
}

/** As the controller sees it. */
export function viewed(object: CertificateRequest | CertificateSigningRequest): SigningRequest {
  const view =
    'signerName' in object.spec
      ? viewCertificateSigningRequest(object as CertificateSigningRequest)
      : viewCertificateRequest(object as CertificateRequest);
  if (view === undefined) throw new TypeError(`${object.metadata.name} has no uid`);
  return view;
}

export const issued: IssuedOutcome = {
  kind: 'issued',
  chain: [Uint8Array.of(1, 2, 3), Uint8Array.of(4)],
  ca: [Uint8Array.of(5)],
  notes: [],
  details: {
    serial: '0a',
    subject: 'CN=web',
    issuer: 'CN=CA',
    notBefore: NOW,
    notAfter: later(3600),
    body: 'ir',
    protection: 'PasswordBasedMac',
    confirmation: 'explicit',
  },
};

export type CmpSpec = NonNullable<Issuer['spec']['cmp']>;

export const cmpSpec = (changes: Partial<CmpSpec> = {}): CmpSpec => ({
  endpoints: [{ url: 'http://ca.example:8080/pkix/' }],
  profile: 'default',
  enrollment: 'IR',
  proofOfPossession: 'RAVerified',
  renewal: 'SameAsEnrollment',
  confirmation: 'Explicit',
  protection: {
    mac: {
      secretRef: { name: 'creds', referenceKey: 'reference', secretKey: 'secret' },
      algorithm: 'PBM',
      owf: 'SHA256',
      mac: 'HMAC-SHA256',
      iterations: 1000,
    },
  },
  trust: { caSecretRef: { name: 'trust', key: 'ca.crt' } },
  responseProtection: 'AllowSignature',
  trustRefresh: 'Never',
  revocation: 'Never',
  policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
  connectTimeoutSeconds: 10,
  requestTimeoutSeconds: 60,
  pollingTimeoutSeconds: 600,
  maxResponseBytes: 1_048_576,
  ...changes,
});

export function issuer(changes: { metadata?: Partial<Issuer['metadata']>; cmp?: Partial<CmpSpec> } = {}): Issuer {
  return {
    apiVersion: 'certmanager.onap.org/v1',
    kind: 'CMPv2Issuer',
    metadata: { name: 'ca', namespace: 'shop', uid: 'issuer-1', generation: 3, ...changes.metadata },
    spec: { caBundle: 'All', limits: {}, cmp: cmpSpec(changes.cmp) },
  };
}
