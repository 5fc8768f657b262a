/* Generated from crds/certmanager.onap.org_cmpv2transactions.yaml by "npm run api:generate". Do not edit. */

export interface TransactionSpec {
  /**
   * The request that waits.
   */
  requestRef: {
    kind: 'CertificateRequest' | 'CertificateSigningRequest';
    name: string;
    uid: string;
  };
  /**
   * The issuer that it was begun with, and no other of the same name.
   */
  issuerRef: {
    kind: 'CMPv2Issuer' | 'CMPv2ClusterIssuer';
    name: string;
    uid: string;
  };
  /**
   * Which try at the request it is. Determines the transactionID, together with the request's uid.
   */
  attempt: number;
  /**
   * What the exchange waits for.
   */
  waitingFor: 'Decision' | 'Confirmation';
  /**
   * The CA is not asked again before this time.
   */
  notBefore: string;
  /**
   * What the CA said.
   */
  message?: string;
  /**
   * The certificate that waits for its confirmation.
   */
  certificate?: {
    /**
     * Lower-case hexadecimal.
     */
    serialNumber: string;
    /**
     * Distinguished name (RFC 4514).
     */
    issuer: string;
    /**
     * Distinguished name (RFC 4514).
     */
    subject: string;
    notAfter: string;
    /**
     * The certificate itself, without its chain.
     */
    pem?: string;
  };
  /**
   * All that is needed to go on, as JSON text for the controller alone. It is verified anew when it is read back: a certificate in it must be the one that was asked for, from a CA that the issuer trusts.
   */
  state: string;
}
