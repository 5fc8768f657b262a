import type { AnswerLimits, CertificatePolicy, ProfileName } from '../cmp/index.js';

export type { CertificatePolicy };

/**
 * Everything the direct CMP backend must know, with every Secret already read: plain data, no Kubernetes, no defaults
 * left open. One value belongs to one revision of one issuer; it is never changed, only replaced.
 */
export interface DirectBackendConfig {
  /** At least one; tried in this order. */
  readonly endpoints: readonly CmpEndpoint[];
  /** The kind of server, whose ways are then allowed for. Default `default`, which suits most. */
  readonly profile?: ProfileName;
  /** RFC 4514 text of the header's recipient; absent: NULL-DN (RFC 9810 section 5.1.1). */
  readonly recipient?: string;
  /** Body that asks for the certificate. */
  readonly enrollment: 'IR' | 'CR' | 'P10CR';
  /** How ir and cr prove possession of the private key. p10cr needs none besides the CSR's own signature. */
  readonly proofOfPossession: 'RAVerified' | 'Signature';
  /**
   * How a certificate is replaced. `SameAsEnrollment` (default): asked for as the first one was. `KUR`: by a key update
   * request, and as a first one only where that cannot be. `OnlyKUR`: by a key update request or not at all.
   */
  readonly renewal?: 'SameAsEnrollment' | 'KUR' | 'OnlyKUR';
  /** `Implicit` asks for implicitConfirm; the exchange is still confirmed explicitly when the CA does not grant it. */
  readonly confirmation: 'Explicit' | 'Implicit';
  readonly protection: MacProtection | SignatureProtection;
  /**
   * PEM of the trust anchors for CMP signatures and for issued certificates, one or more; apart from TLS trust.
   * CA certificates in an answer (caPubs, extraCerts) never become anchors by themselves.
   */
  readonly trustPem: string;
  /** With MAC protection: may the CA answer with a signature that `trustPem` vouches for? `Strict`: only with the MAC. */
  readonly responseProtection: 'AllowSignature' | 'Strict';
  /**
   * The one certificate that may sign answers: its SHA-256 fingerprint in hexadecimal, colons or not, or the certificate
   * in PEM. It must chain to `trustPem` all the same. Absent: whoever speaks for the CA.
   */
  readonly expectedSigner?: string;
  /** Accept signers whose keyUsage lacks digitalSignature, as some CAs' keys do. Default false. */
  readonly ignoreKeyUsage?: boolean;
  /**
   * As a registration authority: wrap each of our messages in a nested one under this signature (RFC 9483 section
   * 5.2.2.1). Answers may then be nested or plain. Absent: our messages travel as they are.
   */
  readonly nested?: SignatureProtection;
  /**
   * How far messageTime of an answer may lie from our clock, in milliseconds. Absent: it is not looked at, since nonces tell
   * replays already and CAs' clocks differ.
   */
  readonly messageTimeToleranceMs?: number;
  /** Bounds on answers, where they are to be others than the usual ones. */
  readonly answerLimits?: Partial<AnswerLimits>;
  readonly policy: CertificatePolicy;
  /** What goes into `ca`: all trusted certificates, the root of the chain alone, or nothing. */
  readonly caBundle: 'All' | 'Root' | 'None';
  readonly limits: TransferLimits;
  /** Name sent as id-it-certProfile (RFC 9810 section 5.1.1.4); absent: none. */
  readonly certProfile?: string;
}

export interface CmpEndpoint {
  /** Absolute http or https URL, used verbatim. */
  readonly url: string;
  /** PEM of the CAs that may vouch for the server's TLS certificate; absent: those that the runtime trusts. */
  readonly tlsCaPem?: string;
  /** PEM of the TLS client certificate, leaf first. Present exactly when `clientKeyPem` is. */
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  /** Name to ask for (SNI) and to verify instead of the URL's host. */
  readonly serverName?: string;
  /** URL of an HTTP proxy. */
  readonly proxy?: string;
}

/** A MAC under a shared secret: PasswordBasedMac (RFC 9810 section 5.1.3.1) or PBMAC1 (RFC 9481 section 6.1.2). */
export interface MacProtection {
  readonly type: 'mac';
  /** Default PBM, which every CA knows. */
  readonly scheme?: 'PBM' | 'PBMAC1';
  /** Reference value: the senderKID and the sender's common name. */
  readonly reference: string;
  /** The shared secret, octet for octet as stored. */
  readonly secret: Uint8Array;
  /** With PBMAC1 the hash below PBKDF2's HMAC. Absent, like the two below: what the profile says. */
  readonly owf?: 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';
  readonly mac?: 'HMAC-SHA1' | 'HMAC-SHA256' | 'HMAC-SHA384' | 'HMAC-SHA512';
  readonly iterations?: number;
}

/** Signature by an RA or end-entity certificate of ours (RFC 9810 section 5.1.3.3). */
export interface SignatureProtection {
  readonly type: 'signature';
  /** PEM, protection certificate first, then its issuers in order. */
  readonly certificatesPem: string;
  /** PEM private key of the first certificate. */
  readonly privateKeyPem: string;
}

export interface TransferLimits {
  /** Milliseconds to connect, TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from sending one message to the last octet of its answer. */
  readonly requestTimeoutMs: number;
  /** Octets of one answer. */
  readonly maxResponseBytes: number;
  /** Milliseconds a CA may keep one enrolment waiting (polling) before we give it up. */
  readonly maxPollingMs: number;
}
