import type { KubeObject, ResourceType } from './meta.js';

/** cert-manager's Certificate (cert-manager.io/v1), as far as renewals and revocation need it. */
export interface Certificate extends KubeObject {
  readonly spec: {
    /** Secret, in the Certificate's namespace, that holds what was issued last. */
    readonly secretName: string;
    readonly issuerRef?: { readonly group?: string };
  };
}

export const CERTIFICATE: ResourceType = {
  group: 'cert-manager.io',
  version: 'v1',
  plural: 'certificates',
  kind: 'Certificate',
  namespaced: true,
};

/** Annotations of a CertificateRequest: the Certificate it was made for, and the how-manieth one it asks for. */
export const CERTIFICATE_NAME_ANNOTATION = 'cert-manager.io/certificate-name';
export const CERTIFICATE_REVISION_ANNOTATION = 'cert-manager.io/certificate-revision';
