import type { CertificatePolicy } from '../cmp/index.js';

/**
 * Everything the CertService backend must know, with every Secret already read: plain data, no Kubernetes, no defaults
 * left open. One value belongs to one revision of one issuer; it is never changed, only replaced.
 */
export interface CertServiceConfig {
  /** Base URL, https. Its path, if any, comes before the paths of the endpoints. */
  readonly url: string;
  /** Paths below `url`, with or without slashes around them. */
  readonly healthEndpoint: string;
  readonly certEndpoint: string;
  /** Absent or empty: every certificate is asked for as a first one. */
  readonly updateEndpoint?: string;
  /** Name of the CA in the configuration of CertService; the last part of the path. */
  readonly caName: string;
  /** PEM of the TLS client certificate, leaf first. */
  readonly clientCertPem: string;
  /** PEM of its private key. */
  readonly clientKeyPem: string;
  /** PEM of the CAs that may vouch for the TLS certificate of CertService; nobody else may. */
  readonly serverCaPem: string;
  /** What goes into `ca`: all trusted certificates of the reply, the root of the chain alone, or nothing. */
  readonly caBundle: 'All' | 'Root' | 'None';
  /**
   * What goes into the CSR header. `AsIs`: the request's own CSR. `Reduced`: one made anew as ONAP's provider does it.
   * `Auto`: the request's own, unless ONAP's service cannot read it; then one with the same subject and names.
   */
  readonly csr: 'Auto' | 'AsIs' | 'Reduced';
  /** Which keys are sent at all. ONAP's service takes RSA only. */
  readonly keys: 'RSA' | 'Any';
  /** What may differ between the CSR and the certificate. */
  readonly policy: CertificatePolicy;
  readonly limits: CertServiceLimits;
}

export interface CertServiceLimits {
  /** Milliseconds to connect, TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from sending a request to the last octet of its answer. */
  readonly requestTimeoutMs: number;
  /** Octets of one answer. */
  readonly maxResponseBytes: number;
  /** Octets of the request line and all headers that CertService takes; ONAP's takes 16384. */
  readonly maxHeaderBytes: number;
}
