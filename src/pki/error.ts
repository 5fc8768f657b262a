/** Closed set of reasons why a PKI object was refused. */
export type PkiErrorCode =
  | 'PemInvalid'
  | 'DerInvalid'
  | 'NameInvalid'
  | 'KeyUnsupported'
  | 'KeyInvalid'
  | 'KeyEncrypted'
  | 'AlgorithmUnsupported'
  | 'AlgorithmWeak'
  | 'SignatureInvalid'
  | 'TooLarge'
  | 'UsageUnknown';

/** The only error that this room throws on purpose. The message says what, where and what to do; it never holds key material. */
export class PkiError extends Error {
  readonly code: PkiErrorCode;

  constructor(code: PkiErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PkiError';
    this.code = code;
  }
}
