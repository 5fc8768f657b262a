import type { Condition } from './conditions.js';
import type { KubeObject, ResourceType } from './meta.js';

/** Kubernetes' CertificateSigningRequest (certificates.k8s.io/v1), as far as a signer deals with it. Cluster-scoped. */
export interface CertificateSigningRequest extends KubeObject {
  readonly spec: CertificateSigningRequestSpec;
  readonly status?: CertificateSigningRequestStatus;
}

interface CertificateSigningRequestSpec {
  /** Base64 of the PEM CSR. */
  readonly request: string;
  /** `DOMAIN/NAME`: who is to sign. */
  readonly signerName: string;
  /** By the same names as cert-manager's. */
  readonly usages?: readonly string[];
  /** A wish; at least 600. */
  readonly expirationSeconds?: number;
}

export interface CertificateSigningRequestStatus {
  /** `Approved`, `Denied` and `Failed`: with status True or not there at all, and never removed. */
  readonly conditions?: readonly Condition[];
  /** Base64 of PEM, leaf first, then intermediates. Never changes again. */
  readonly certificate?: string;
}

export const CERTIFICATE_SIGNING_REQUEST: ResourceType = {
  group: 'certificates.k8s.io',
  version: 'v1',
  plural: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  namespaced: false,
};

/** cert-manager's: a Go duration, which wins over `spec.expirationSeconds`. */
export const REQUEST_DURATION_ANNOTATION = 'experimental.cert-manager.io/request-duration';
/** cert-manager's: `true` asks for a CA certificate, for which the resource has no field. */
export const REQUEST_IS_CA_ANNOTATION = 'experimental.cert-manager.io/request-is-ca';
