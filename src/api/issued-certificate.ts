import type { IssuedCertificateSpec } from './generated/issued-certificate-schema.js';
import { ISSUER_GROUP } from './issuer.js';
import type { KubeObject, ResourceType } from './meta.js';

export type { IssuedCertificateSpec };

/** Our record of a certificate that is to be revoked once its Certificate is deleted. Named by the uid of its request. */
export interface IssuedCertificateRecord extends KubeObject {
  readonly kind: 'CMPv2IssuedCertificate';
  readonly spec: IssuedCertificateSpec;
}

export const ISSUED_CERTIFICATE: ResourceType = {
  group: ISSUER_GROUP,
  version: 'v1',
  plural: 'cmpv2issuedcertificates',
  kind: 'CMPv2IssuedCertificate',
  namespaced: true,
};

/** Annotation of a Certificate (or of a request for it): why its certificates are revoked, as a CRLReason of RFC 5280. */
export const REVOCATION_REASON_ANNOTATION = 'certmanager.onap.org/revocation-reason';
