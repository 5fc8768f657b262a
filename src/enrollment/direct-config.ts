/**
 * Everything the direct backend needs to know about one issuer, as plain data: no Kubernetes, no file names.
 * Absent optional values take the defaults named here (`DIRECT_DEFAULTS`). All PEM texts may hold comments between blocks.
 */
export interface DirectBackendConfig {
  /** At least one. Tried in order, but only as long as no connection could be made for a transaction's first message. */
  readonly endpoints: readonly DirectEndpoint[];
  /** Name of the CA (or RA) as RFC 4514 text, e.g. `CN=Issuing CA,O=Example`; absent: NULL-DN. */
  readonly recipient?: string;
  readonly enrollment: 'IR' | 'CR' | 'P10CR';
  /** Without meaning for P10CR, where the CSR's own signature is the proof. */
  readonly proofOfPossession: 'RAVerified' | 'Signature';
  readonly confirmation: 'Explicit' | 'Implicit';
  /** Sent as id-it-certProfile; absent: none. */
  readonly certProfile?: string;
  readonly protection: MacProtectionConfig | SignatureProtectionConfig;
  /** PEM of the trust anchors for CMP signatures and for issued certificates. Apart from TLS trust. One or more. */
  readonly trustPem: string;
  /**
   * What may protect the answers to MAC-protected requests. `AllowSignature`: a MAC, or a signature that chains to
   * `trustPem` (EJBCA's default). `Strict`: the same kind as the request. Signed requests always demand signed answers.
   */
  readonly responseProtection: 'AllowSignature' | 'Strict';
  readonly policy?: Partial<DirectPolicyConfig>;
  /** What goes into the outcome's `ca`: every trusted CA, the root of the leaf's chain, or nothing. */
  readonly caBundle: 'All' | 'Root' | 'None';
  readonly timeouts?: Partial<DirectTimeouts>;
  readonly limits?: Partial<DirectLimits>;
}

export interface DirectEndpoint {
  /** Absolute http or https URL, taken verbatim. No credentials in it. */
  readonly url: string;
  /** PEM of the CAs for the server's TLS certificate; absent: those that Node trusts. */
  readonly tlsCaPem?: string;
  /** Client authentication: both or neither. */
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  /** Name to ask for and to verify in TLS instead of the URL's host. */
  readonly serverName?: string;
}

export interface MacProtectionConfig {
  readonly type: 'mac';
  /** Reference value: senderKID, and the CN of the sender. */
  readonly reference: string;
  /** The shared secret's octets, untrimmed. */
  readonly secret: Uint8Array;
  /** One-way function of PasswordBasedMac. */
  readonly owf: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
  readonly mac: 'HMAC-SHA1' | 'HMAC-SHA256' | 'HMAC-SHA384' | 'HMAC-SHA512';
  /** 100 to 100000. */
  readonly iterations: number;
}

export interface SignatureProtectionConfig {
  readonly type: 'signature';
  /** PEM: the protection certificate first, then its issuers in order. */
  readonly certificatesPem: string;
  /** PEM of the unencrypted private key of the first certificate. */
  readonly privateKeyPem: string;
}

/** An aspect in which an issued certificate may differ from its request. */
export type CertificateAspect = 'Subject' | 'SubjectAltNames' | 'Usages' | 'Duration';

export interface DirectPolicyConfig {
  /** Aspects in which a certificate may differ from the request although the CA does not say so. */
  readonly allowModifications: readonly CertificateAspect[];
  /** Whether a CA may alter any aspect when it says `grantedWithMods`. The public key must match in any case. */
  readonly grantedWithMods: 'Accept' | 'Refuse';
  /** Accept SHA-1 as one-way function of PasswordBasedMac in answers. */
  readonly allowSha1Owf: boolean;
  /** Accept answers signed with a certificate whose keyUsage lacks digitalSignature. */
  readonly ignoreKeyUsage: boolean;
}

export interface DirectTimeouts {
  /** For the TCP and TLS handshakes, in milliseconds. */
  readonly connectMs: number;
  /** For one whole HTTP exchange, in milliseconds. */
  readonly exchangeMs: number;
  /** From the first message to the certificate, polling included, in milliseconds. */
  readonly pollingMs: number;
}

export interface DirectLimits {
  readonly responseBytes: number;
}

export const DIRECT_DEFAULTS = {
  policy: { allowModifications: ['Duration'], grantedWithMods: 'Accept', allowSha1Owf: false, ignoreKeyUsage: false },
  timeouts: { connectMs: 10_000, exchangeMs: 60_000, pollingMs: 24 * 3_600_000 },
  limits: { responseBytes: 1024 * 1024 },
} as const satisfies { policy: DirectPolicyConfig; timeouts: DirectTimeouts; limits: DirectLimits };
