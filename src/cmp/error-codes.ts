/**
 * What a failed transaction means for the next step. Every decision of the controller, and every word about a failure
 * in documentation, derives from these tables.
 */
export const RETRY_CLASSES = {
  transient: 'Nobody is to blame: network or overload. The same request will work later.',
  request: 'This request can never be granted as it is.',
  issuer: 'Configuration or credentials are wrong, on our side or at the CA. Other requests fail in the same way.',
  transaction: 'This exchange is spoilt. A fresh one, with another transactionID, may work.',
  unauthenticated: 'Somebody said no, but nothing proves that it was the CA. Never final.',
} as const;

export type CmpRetryClass = keyof typeof RETRY_CLASSES;

interface ErrorCode {
  /**
   * The class where the thrower knows no better. Whatever can be forged by somebody on the path without any key is
   * `unauthenticated`, so that it never settles the fate of a request.
   */
  readonly retry: CmpRetryClass;
  readonly meaning: string;
  readonly remedy: string;
}

/** Closed set of reasons why an exchange did not yield a certificate. */
export const ERROR_CODES = {
  CsrInvalid: {
    retry: 'request',
    meaning: 'The CSR cannot be read, is not signed with its own key, or asks for more than the request around it.',
    remedy: 'Make a new CSR; cert-manager does so for the next request of a Certificate.',
  },
  KeyUnsupported: {
    retry: 'request',
    meaning: 'Key type or signature algorithm of the CSR is not supported, or too weak.',
    remedy: 'Use RSA with 2048 bits or more, ECDSA or EdDSA, with SHA-256 or better.',
  },
  PrivateKeyUnavailable: {
    retry: 'request',
    meaning: 'The configuration asks for the private key of the request, which is not to be had.',
    remedy: 'Let a Certificate make the request, or use `proofOfPossession: RAVerified` or `enrollment: P10CR`.',
  },
  PrivateKeyMismatch: {
    retry: 'request',
    meaning: 'The private key at hand is not the one of the CSR.',
    remedy: 'Request and private key must belong together; issue the Certificate anew.',
  },
  ConfigurationInvalid: {
    retry: 'issuer',
    meaning: 'The configuration of the issuer cannot work. The message names the field.',
    remedy: 'Change the named field, or the Secret that it refers to.',
  },
  ConnectionFailed: {
    retry: 'transient',
    meaning: 'No connection to the server, or it broke off.',
    remedy: 'Check name, port, network policy and proxy if it lasts.',
  },
  TlsFailed: {
    retry: 'issuer',
    meaning: 'The TLS handshake failed: the server is not trusted, or does not take our client certificate.',
    remedy:
      'Check `tls.caBundle`, `tls.serverName` and `tls.clientCertSecretRef` of the endpoint (`--tls-ca`, `--tls-cert`, `--tls-key`).',
  },
  Timeout: {
    retry: 'transient',
    meaning: 'The server took the message but did not answer in time. What became of it is unknown.',
    remedy: "Look into the server's log; allow more time if it needs that.",
  },
  HttpFailed: {
    retry: 'issuer',
    meaning: 'The server answered with something other than a CMP message: a status, a redirect, another media type.',
    remedy:
      'Check the URL, and what the proxy wants if there is one. Statuses that speak of overload (408, 425, 429, most of 5xx) are `transient`.',
  },
  ResponseTooLarge: {
    retry: 'unauthenticated',
    meaning: 'The answer is larger than allowed; reading was stopped at the limit.',
    remedy: "Raise `maxResponseBytes` if the CA's answers are really that large.",
  },
  ResponseMalformed: {
    retry: 'unauthenticated',
    meaning: 'The answer is no CMP message in DER, or contradicts itself (`transaction`, if the CA vouches for it).',
    remedy:
      'Check that the URL is that of a CMP server, and the limits if the message names one; report the answer to the maker of the CA.',
  },
  ProtectionMissing: {
    retry: 'unauthenticated',
    meaning: 'The answer is not protected, so anybody could have sent it.',
    remedy: 'Configure the CA to protect its answers.',
  },
  ProtectionInvalid: {
    retry: 'unauthenticated',
    meaning: 'MAC or signature of the answer does not verify, or is of a kind that is not acceptable.',
    remedy:
      'Compare shared secret and reference value with those at the CA; check algorithms and `responseProtection`.',
  },
  SignerUntrusted: {
    retry: 'issuer',
    meaning: 'The answer is signed by somebody who is not trusted, or not entitled to speak for the CA.',
    remedy: 'Put the right CA certificate into `trust`; configure the signer as `recipient` or `expectedSigner`.',
  },
  HeaderMismatch: {
    retry: 'unauthenticated',
    meaning: 'transactionID, nonce, version or time of the answer does not fit: a replay, or an answer mixed up.',
    remedy:
      'Nothing, if it passes. If it lasts, look for proxies that cache, for the clocks of both sides, and at `messageTimeToleranceSeconds`.',
  },
  UnexpectedBody: {
    retry: 'transaction',
    meaning: 'The answer is of a type that this state of the transaction does not allow.',
    remedy: 'Check that the URL serves what is asked for (`enrollment`).',
  },
  Rejected: {
    retry: 'request',
    meaning: 'The CA said no. The class follows from its reasons, see below; without authentication it is hearsay.',
    remedy: "The message holds the CA's words and what they mean.",
  },
  Withdrawn: {
    retry: 'request',
    meaning: 'The request went away before its certificate was confirmed, so the certificate was refused.',
    remedy: 'Nothing.',
  },
  PollingExpired: {
    retry: 'transaction',
    meaning: 'The CA kept the request waiting for longer than is allowed.',
    remedy: 'Decide about the request at the CA, or allow more time for polling.',
  },
  CertificateRefused: {
    retry: 'request',
    meaning: 'The CA issued a certificate that must not be used: other key, names, usages, lifetime, or unreadable.',
    remedy: "Correct the request or the CA's profile, or allow the difference in the issuer's `policy`.",
  },
  ChainIncomplete: {
    retry: 'issuer',
    meaning: 'No chain leads from the issued certificate to a configured trust anchor.',
    remedy: 'Add the missing CA certificate to `trust`.',
  },
  Internal: {
    retry: 'transient',
    meaning: 'The program failed in a way it should not, or its own record of a transaction is unreadable.',
    remedy: 'Report it, with the log.',
  },
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type CmpErrorCode = keyof typeof ERROR_CODES;
