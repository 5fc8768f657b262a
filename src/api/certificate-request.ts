import type { Condition } from './conditions.js';
import type { KubeObject, ResourceType } from './meta.js';

/** cert-manager's CertificateRequest (cert-manager.io/v1), as far as an issuer deals with it. */
export interface CertificateRequest extends KubeObject {
  readonly spec: CertificateRequestSpec;
  readonly status?: CertificateRequestStatus;
}

interface CertificateRequestSpec {
  /** Base64 of the PEM CSR. */
  readonly request: string;
  readonly issuerRef: IssuerReference;
  /** Go duration, e.g. `2160h0m0s`. */
  readonly duration?: string;
  readonly isCA?: boolean;
  readonly usages?: readonly string[];
  readonly username?: string;
}

interface IssuerReference {
  readonly name: string;
  /** Empty or absent: `Issuer`. */
  readonly kind?: string;
  /** Empty or absent: `cert-manager.io`. */
  readonly group?: string;
}

export interface CertificateRequestStatus {
  readonly conditions?: readonly Condition[];
  /** Base64 of PEM: leaf first, then intermediates. */
  readonly certificate?: string;
  /** Base64 of PEM CA certificates. */
  readonly ca?: string;
  /** RFC 3339; together with a Ready condition of reason Failed or Denied, never alone. */
  readonly failureTime?: string;
}

/** The Ready reasons that cert-manager and its tools know; others confuse them. */
export type RequestReadyReason = 'Pending' | 'Issued' | 'Failed' | 'Denied';

export const CERTIFICATE_REQUEST: ResourceType = {
  group: 'cert-manager.io',
  version: 'v1',
  plural: 'certificaterequests',
  kind: 'CertificateRequest',
  namespaced: true,
};

/** Names the Secret, in the request's namespace, where cert-manager keeps the private key for this request. */
export const PRIVATE_KEY_SECRET_ANNOTATION = 'cert-manager.io/private-key-secret-name';
