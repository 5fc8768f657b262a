/* Generated from crds/certmanager.onap.org_cmpv2issuedcertificates.yaml by "npm run api:generate". Do not edit. */

/**
 * The certificate, what it belongs to, and how its revocation stands.
 */
export interface IssuedCertificateSpec {
  /**
   * The issuer that got it, and no other of the same name. A CMPv2Issuer is in the namespace of this object.
   */
  issuerRef: {
    /**
     * Kind of the issuer.
     */
    kind: 'CMPv2Issuer' | 'CMPv2ClusterIssuer';
    /**
     * Name of the issuer.
     */
    name: string;
    /**
     * Its uid.
     */
    uid: string;
  };
  /**
   * cert-manager's Certificate that it was issued for, and no other of the same name. Absent where nobody ever got it.
   */
  certificateRef?: {
    /**
     * Namespace of the Certificate.
     */
    namespace: string;
    /**
     * Name of the Certificate.
     */
    name: string;
    /**
     * Its uid.
     */
    uid: string;
  };
  /**
   * Present where nobody ever got the certificate, so that it is revoked at once. Undelivered: its request went away before it could be delivered. Unused: it was refused, or given up before it was confirmed, and the CA did not take note of that.
   */
  orphaned?: 'Undelivered' | 'Unused';
  /**
   * The request that it answered.
   */
  requestRef: {
    /**
     * Kind of the request; a CertificateRequest where absent.
     */
    kind?: 'CertificateRequest' | 'CertificateSigningRequest';
    /**
     * Namespace of the request. Absent where it has none, and where it is that of the Certificate.
     */
    namespace?: string;
    /**
     * Name of the request.
     */
    name: string;
    /**
     * Its uid.
     */
    uid: string;
  };
  /**
   * Lower-case hexadecimal.
   */
  serialNumber: string;
  /**
   * Distinguished name of the CA (RFC 4514).
   */
  issuer: string;
  /**
   * Distinguished name (RFC 4514).
   */
  subject: string;
  /**
   * Afterwards there is nothing to revoke any more.
   */
  notAfter: string;
  /**
   * The certificate itself in PEM, without its chain.
   */
  certificate: string;
  /**
   * The annotation certmanager.onap.org/revocation-reason of the Certificate, as last seen. Absent where there is none.
   */
  reason?: string;
  /**
   * The same of the request, which counts where the Certificate has none.
   */
  requestReason?: string;
  /**
   * How the revocation stands. Absent while there is nothing to revoke, or nothing to say.
   */
  revocation?: {
    /**
     * Due: it will be tried, again if need be. Refused: the CA said no; it is tried again when the issuer or its Secrets change. Held: it is not the controller's to decide.
     */
    phase: 'Due' | 'Refused' | 'Held';
    /**
     * What happened and what to do, for a person.
     */
    message: string;
  };
}
