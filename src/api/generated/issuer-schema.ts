/* Generated from crds/certmanager.onap.org_cmpv2issuers.yaml by "npm run api:generate". Do not edit. */

/**
 * How to reach the certificate authority: either directly over CMP (`cmp`), or through ONAP's CertService (`url`, `healthEndpoint`, `certEndpoint`, `caName`, `certSecretRef`).
 */
export interface IssuerSpec {
  /**
   * CertService only: base URL, for example https://oom-cert-service:8443. Always https: requests carry a private key. A path in it comes before the paths of the endpoint fields.
   */
  url?: string;
  /**
   * CertService only: path of the health check, for example actuator/health. The issuer is ready while it answers 200.
   */
  healthEndpoint?: string;
  /**
   * CertService only: path for first certificates, for example v1/certificate.
   */
  certEndpoint?: string;
  /**
   * CertService only: path for renewals, for example v1/certificate-update; there the certificate that is replaced and its key are sent along. Absent or empty: every certificate is asked for as a first one.
   */
  updateEndpoint?: string;
  /**
   * CertService only: name of the CA in the configuration of CertService, for example RA.
   */
  caName?: string;
  /**
   * CertService only: Secret with the TLS client identity towards CertService, all PEM. Keys may have any name. A changed Secret is taken into use without a restart.
   */
  certSecretRef?: {
    /**
     * Name of the Secret.
     */
    name: string;
    /**
     * Key in the Secret that holds the private key of the TLS client.
     */
    keyRef: string;
    /**
     * Key in the Secret that holds the certificate chain of the TLS client.
     */
    certRef: string;
    /**
     * Key in the Secret that holds the CAs of CertService's server certificate.
     */
    cacertRef: string;
  };
  /**
   * CertService only: how to speak with it. Absent: as ONAP's CertService needs it.
   */
  certService?: {
    /**
     * What is sent as CSR. Auto: the request's own, with its order of names and its signature; where ONAP's CertService would fail over it (attributes but no alternative names), one with the same subject and alternative names and nothing else. AsIs: the request's own in any case. Reduced: one made anew with C, O, OU, L, ST, CN and alternative names of the types DNS, e-mail, IP and URI only, as ONAP's provider does it. Absent: Auto.
     */
    csr?: 'Auto' | 'AsIs' | 'Reduced';
    /**
     * Kinds of keys to ask certificates for. RSA: all that ONAP's CertService takes; requests with other keys fail at once. Any: leave it to the service. Absent: RSA.
     */
    keys?: 'RSA' | 'Any';
    /**
     * What may differ between the request and the certificate. The public key never may. What was let through is told in the event of the request.
     */
    policy?: {
      /**
       * Exact: as requested, in any order. Any: whatever the CA puts there. Absent: Exact.
       */
      subject?: 'Exact' | 'Any';
      /**
       * Exact: those requested and no others. AllowAdditional: those requested, and possibly more. Any: whatever the CA puts there. Absent: AllowAdditional.
       */
      subjectAltNames?: 'Exact' | 'AllowAdditional' | 'Any';
      /**
       * Key usages and extended key usages. AllowAdditional: those requested, and possibly more. Any: whatever CertService and the CA put there; ONAP's CertService always asks for the same ones. Absent: Any.
       */
      usages?: 'AllowAdditional' | 'Any';
    };
    /**
     * Seconds to connect, TLS handshake included. Absent: 10.
     */
    connectTimeoutSeconds?: number;
    /**
     * Seconds from sending a request to the end of its answer. Absent: 60.
     */
    requestTimeoutSeconds?: number;
    /**
     * Size of the largest answer that is read, in octets. Absent: 1048576.
     */
    maxResponseBytes?: number;
    /**
     * Size of request line and headers that the service takes, in octets; what is larger is not sent. Absent: 16384, the limit of ONAP's CertService.
     */
    maxHeaderBytes?: number;
  };
  /**
   * What goes into status.ca of a request, and from there into ca.crt. All: every CA certificate that the chain or this issuer's trust vouches for, several roots included. Root: the root of the chain alone. None: nothing.
   */
  caBundle: 'All' | 'Root' | 'None';
  /**
   * Bounds on what this issuer may do at once.
   */
  limits: {
    /**
     * Enrolments under way at the same time for this issuer. Absent: the controller's --workers.
     */
    concurrency?: number;
    /**
     * Exchanges with the CA begun per second, renewals before first certificates where there is a choice; as many may begin at once after a pause. Absent: as many as limits.concurrency allows.
     */
    requestsPerSecond?: number;
  };
  /**
   * Direct CMP over HTTP (RFC 9810, RFC 9811).
   */
  cmp?: {
    /**
     * CMP servers of one and the same CA, tried in this order.
     */
    endpoints: {
      /**
       * URL of the CMP server, used verbatim, for example https://ca.example.com/.well-known/cmp or http://ejbca:8080/ejbca/publicweb/cmp/cmpRA.
       */
      url: string;
      /**
       * TLS towards this server. Only for https URLs.
       */
      tls?: {
        /**
         * PEM of the CAs that may vouch for the server's certificate. Without caBundle and caSecretRef: the public CAs that the controller's runtime trusts.
         */
        caBundle?: string;
        /**
         * Secret with the PEM of those CAs.
         */
        caSecretRef?: {
          /**
           * Name of the Secret.
           */
          name: string;
          /**
           * Key in the Secret.
           */
          key: string;
        };
        /**
         * Secret of type kubernetes.io/tls (keys tls.crt and tls.key) with the TLS client identity. Absent: no client certificate.
         */
        clientCertSecretRef?: {
          /**
           * Name of the Secret.
           */
          name: string;
        };
        /**
         * Name to ask for and to verify instead of the host in the URL.
         */
        serverName?: string;
      };
      /**
       * URL of an HTTP proxy on the way to this server, for example http://proxy.example:3128. https servers are reached through a tunnel (CONNECT), http servers by forwarding. Absent: no proxy; the environment of the controller does not count.
       */
      proxy?: string;
      /**
       * Secret of type kubernetes.io/basic-auth (keys username and password) for the proxy. Absent: no credentials.
       */
      proxySecretRef?: {
        /**
         * Name of the Secret.
         */
        name: string;
      };
    }[];
    /**
     * The kind of CMP server, whose ways are then allowed for. default suits most; what the others change is in docs/reference/profiles.md.
     */
    profile: 'default' | 'ejbca' | 'insta-ncm' | 'entrust-3gpp' | 'openssl-test';
    /**
     * Distinguished name of the CA (RFC 4514, for example CN=Issuing CA,O=Example), sent as recipient. Absent: the empty name. Several CAs pick the issuing CA by it.
     */
    recipient?: string;
    /**
     * Message that asks for the certificate. IR: initialization request. CR: certification request. P10CR: the CSR as it is.
     */
    enrollment: 'IR' | 'CR' | 'P10CR';
    /**
     * How IR and CR prove that the requester holds the private key. RAVerified: this issuer checked the CSR's signature, says so, and never sees the key; the CA must accept that from it. Signature: signed with the private key that cert-manager keeps for the request.
     */
    proofOfPossession: 'RAVerified' | 'Signature';
    /**
     * How a certificate is renewed. SameAsEnrollment: as the first one was enrolled. KUR: by a key update request, signed with the old certificate's key, and with the new one as proof of possession; the controller must be allowed to read Certificates and their Secrets. Where that cannot be, the certificate is asked for as a first one, see docs/guides/renewal.md.
     */
    renewal: 'SameAsEnrollment' | 'KUR';
    /**
     * Explicit: every certificate is confirmed to the CA (certConf). Implicit: asks the CA to do without, and confirms all the same when it does not agree.
     */
    confirmation: 'Explicit' | 'Implicit';
    /**
     * How our messages are protected. Exactly one of mac and signature.
     */
    protection: {
      /**
       * By a shared secret (RFC 9810 section 5.1.3).
       */
      mac?: {
        /**
         * PBM: PasswordBasedMac (RFC 9810 section 5.1.3.1), which every CA knows. PBMAC1: PBKDF2 and an HMAC (RFC 9481 section 6.1.2), for CAs that know it. Answers may use either.
         */
        algorithm: 'PBM' | 'PBMAC1';
        /**
         * Secret with the reference value and the shared secret.
         */
        secretRef: {
          /**
           * Name of the Secret.
           */
          name: string;
          /**
           * Key in the Secret that holds the reference value (also called reference number, RV or user name). White space around it is dropped.
           */
          referenceKey: string;
          /**
           * Key in the Secret that holds the shared secret (also called authorization code, IAK or password). Used octet for octet: mind a line feed at the end.
           */
          secretKey: string;
        };
        /**
         * One-way function that stretches the secret; with PBMAC1 the hash below PBKDF2's HMAC. SHA1 is for old CAs only. Absent: what the profile says, which is SHA256 by default.
         */
        owf?: 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';
        /**
         * MAC algorithm. HMAC-SHA1 is for old CAs only. Absent: what the profile says, which is HMAC-SHA256 by default.
         */
        mac?: 'HMAC-SHA1' | 'HMAC-SHA256' | 'HMAC-SHA384' | 'HMAC-SHA512';
        /**
         * Iterations of owf, with PBMAC1 those of PBKDF2. PBM takes 100 to 100000, PBMAC1 1000 to 250000. Some CAs refuse more than 10000, or even more than 2047; their profiles do so, too. Absent: what the profile says, which is 1000 by default.
         */
        iterations?: number;
      };
      /**
       * By a certificate of ours, for example of a registration authority.
       */
      signature?: {
        /**
         * Secret of type kubernetes.io/tls: tls.crt holds the protection certificate and its issuers, tls.key its private key.
         */
        secretRef: {
          /**
           * Name of the Secret.
           */
          name: string;
        };
      };
    };
    /**
     * Trust anchors for the CA's signatures and for the certificates it issues; apart from TLS trust. Exactly one of caBundle and caSecretRef.
     */
    trust: {
      /**
       * PEM of the trusted CA certificates.
       */
      caBundle?: string;
      /**
       * Secret with the PEM of the trusted CA certificates.
       */
      caSecretRef?: {
        /**
         * Name of the Secret.
         */
        name: string;
        /**
         * Key in the Secret.
         */
        key: string;
      };
    };
    /**
     * With mac protection: AllowSignature also takes answers that carry a signature `trust` vouches for; Strict takes only answers protected by the shared secret. With signature protection answers must be signed in either case.
     */
    responseProtection: 'AllowSignature' | 'Strict';
    /**
     * The one certificate that may sign answers: its SHA-256 fingerprint in hexadecimal, colons or not, or the certificate in PEM, which the CA then need not send. It must chain to `trust` all the same. Absent: whoever `trust` vouches for and who speaks for the CA: the recipient, a CA, or a certificate with the extended key usage cmcCA or cmcRA.
     */
    expectedSigner?: string;
    /**
     * Accept signers of answers whose key usage lacks digitalSignature, as the keys of some old CAs do. Absent: what the profile says, which is false by default.
     */
    ignoreKeyUsage?: boolean;
    /**
     * Seconds that messageTime of an answer may lie from our clock. Absent: it is not looked at, since nonces tell replays already, and clocks of CAs differ.
     */
    messageTimeToleranceSeconds?: number;
    /**
     * Name of a certificate profile of the CA, sent with every request (id-it-certProfile, RFC 9810 section 5.1.1.4). Absent: none.
     */
    certProfile?: string;
    /**
     * As a registration authority: wrap each of our messages in a nested one under this signature (RFC 9483 section 5.2.2.1), beside the protection of the message itself. Absent: messages travel as they are.
     */
    nested?: {
      /**
       * Secret of type kubernetes.io/tls: tls.crt holds the certificate of the registration authority and its issuers, tls.key its private key.
       */
      secretRef: {
        /**
         * Name of the Secret.
         */
        name: string;
      };
    };
    /**
     * Whether the CA is asked from time to time about roots that `trust` lacks: successors of its roots (rootCaCert, RFC 9483 section 4.3.2) and other roots that the CA hands out (caCerts). Daily: some minutes after the issuer became ready, then once a day. What is found stands in the condition TrustUpdateAvailable and in an event; nothing is ever trusted by it. Never: not asked; the default, because CAs that do not know these messages answer with errors, and some count those as attacks.
     */
    trustRefresh: 'Never' | 'Daily';
    /**
     * What becomes of certificates whose cert-manager Certificate is deleted. OnDelete: those that have not expired are revoked at the CA, superseded ones included, and so are certificates that nobody ever got; the controller needs the role cmpv2-issuer-controller-revocation, see docs/guides/revocation.md. Never: they stay valid. What was delivered to requests without a Certificate (csi-driver, istio-csr) is never revoked.
     */
    revocation: 'Never' | 'OnDelete';
    /**
     * What may differ between the request and the certificate. The public key never may. What was let through is told in the event of the request.
     */
    policy: {
      /**
       * Exact: as requested. Any: whatever the CA puts there.
       */
      subject: 'Exact' | 'Any';
      /**
       * Exact: those requested and no others. AllowAdditional: those requested, and possibly more. Any: whatever the CA puts there.
       */
      subjectAltNames: 'Exact' | 'AllowAdditional' | 'Any';
      /**
       * Key usages and extended key usages. AllowAdditional: those requested, and possibly more. Any: whatever the CA puts there.
       */
      usages: 'AllowAdditional' | 'Any';
    };
    /**
     * Seconds to connect to an endpoint, TLS handshake included.
     */
    connectTimeoutSeconds: number;
    /**
     * Seconds from sending a message to the end of its answer.
     */
    requestTimeoutSeconds: number;
    /**
     * Seconds that the CA may keep a request waiting (for example for a person to approve it) before it is given up. Default 7 days.
     */
    pollingTimeoutSeconds: number;
    /**
     * Size of the largest answer that is read, in octets.
     */
    maxResponseBytes: number;
    /**
     * Bounds on what is read in answers, and on what answers may make us do. For CAs that go beyond what is usual; each one may be left out.
     */
    answerLimits?: {
      /**
       * Levels of nesting in an answer. Absent: 32.
       */
      maxDepth?: number;
      /**
       * TLVs of an answer; a certificate has about 75. Absent: 10000.
       */
      maxElements?: number;
      /**
       * Certificates that are read of each list in an answer (extraCerts, caPubs); the others are ignored. Absent: 32.
       */
      maxCertificates?: number;
      /**
       * Octets of one certificate in such a list; larger ones are ignored. Absent: 16384.
       */
      maxCertificateBytes?: number;
      /**
       * Certificates in a chain, the first and the trust anchor included. Absent: 8.
       */
      maxPathLength?: number;
      /**
       * Seconds by which clocks may differ where it is judged whether a certificate is valid. Absent: 300.
       */
      clockSkewSeconds?: number;
      /**
       * Seconds between two polls at least, whatever the CA says. Absent: 1.
       */
      minPollSeconds?: number;
      /**
       * Seconds between two polls at most, whatever the CA says. Absent: 3600.
       */
      maxPollSeconds?: number;
      /**
       * Iterations of a PasswordBasedMac that protects an answer. Absent: 100000.
       */
      maxIterations?: number;
      /**
       * Iterations of a PBMAC1 that protects an answer, times the blocks of its key. Absent: 1000000.
       */
      maxPbkdf2Cost?: number;
    };
  };
}

/**
 * What the controller found.
 */
export interface IssuerStatus {
  /**
   * Ready is True when requests can be signed; its message says what to do when it is not. TrustUpdateAvailable (with trustRefresh) is True when the CA told of a root that is not trusted. CredentialsExpiring is there while a configured certificate ends soon or has ended.
   */
  conditions?: {
    /**
     * Type of the condition.
     */
    type: string;
    /**
     * State of the condition.
     */
    status: 'True' | 'False' | 'Unknown';
    /**
     * Of Ready: Verified, ValidationFailed (the spec cannot work), NotFound (a Secret is missing) or Error. Of TrustUpdateAvailable: SuccessorAnnounced, UnknownRoot, NotBelieved, NoAnswer or NothingNew. Of CredentialsExpiring: ExpiresSoon or Expired.
     */
    reason?: string;
    /**
     * What happened and what to change, for a person.
     */
    message?: string;
    /**
     * When the status last changed.
     */
    lastTransitionTime?: string;
    /**
     * Generation of the object that this condition speaks of.
     */
    observedGeneration?: number;
  }[];
}
