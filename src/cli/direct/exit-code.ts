import type { EnrollmentError } from '../../enrollment/error.js';
import { unreachable } from '../../runtime/unreachable.js';
import { EXIT, type ExitCode } from '../exit.js';

/** What the user's shell learns: whether the CA said no, or something around it is wrong. */
export function exitCodeOf({ code }: Pick<EnrollmentError, 'code'>): ExitCode {
  switch (code) {
    case 'CsrInvalid':
    case 'KeyUnsupported':
    case 'Rejected':
    case 'Withdrawn':
    case 'PollingExpired':
    case 'CertificateRefused':
    case 'ChainIncomplete':
    case 'PrivateKeyMismatch':
      return EXIT.refused;
    case 'ConfigurationInvalid':
      return EXIT.usage;
    case 'PrivateKeyUnavailable':
    case 'ConnectionFailed':
    case 'TlsFailed':
    case 'Timeout':
    case 'HttpFailed':
    case 'ResponseTooLarge':
    case 'ResponseMalformed':
    case 'ProtectionMissing':
    case 'ProtectionInvalid':
    case 'SignerUntrusted':
    case 'HeaderMismatch':
    case 'UnexpectedBody':
      return EXIT.environment;
    case 'Internal':
      return EXIT.internal;
    default:
      return unreachable(code);
  }
}
