import type { EnrollmentOutcome } from './enroller.js';
import type { EnrollmentError, EnrollmentErrorCode } from './error.js';

/**
 * What an exchange tells about the CA, whatever became of the request.
 * - `answers`: the CA said something that it vouches for, a refusal included.
 * - `unreachable`: nobody is there to connect to.
 * - `failing`: somebody is there, but gives no answer, or says that the CA is overloaded or out of order.
 * - `unknown`: nothing, because nothing was sent, or because nobody vouches for what came back.
 */
export type Reachability = 'answers' | 'unreachable' | 'failing' | 'unknown';

/** Whether that speaks of an outage. */
export const isOutage = (reachability: Reachability): reachability is 'unreachable' | 'failing' =>
  reachability === 'unreachable' || reachability === 'failing';

/** PKIFailureInfo of a CA that is out of order (RFC 9810 section 5.2.3), as opposed to unwilling. */
const OUT_OF_ORDER: readonly string[] = ['systemUnavail', 'systemFailure'];

type Reading = Reachability | ((error: EnrollmentError) => Reachability);

/** A failure that may have other causes than an outage only counts as one when its class says so. */
const ifTransient =
  (meaning: Reachability): Reading =>
  ({ retry }) =>
    retry === 'transient' ? meaning : 'unknown';
const unlessHearsay: Reading = ({ retry }) => (retry === 'unauthenticated' ? 'unknown' : 'answers');

const READINGS: Readonly<Record<EnrollmentErrorCode, Reading>> = {
  ConnectionFailed: ifTransient('unreachable'),
  // Of several endpoints one was not trusted, and another one not there.
  TlsFailed: ifTransient('unreachable'),
  Timeout: ifTransient('failing'),
  HttpFailed: ifTransient('failing'),
  Rejected: rejection,
  UnexpectedBody: unlessHearsay,
  ResponseMalformed: unlessHearsay,
  CertificateRefused: 'answers',
  ChainIncomplete: 'answers',
  ResponseTooLarge: 'unknown',
  ProtectionMissing: 'unknown',
  ProtectionInvalid: 'unknown',
  SignerUntrusted: 'unknown',
  HeaderMismatch: 'unknown',
  PollingExpired: 'unknown',
  Withdrawn: 'unknown',
  CsrInvalid: 'unknown',
  KeyUnsupported: 'unknown',
  PrivateKeyUnavailable: 'unknown',
  PrivateKeyMismatch: 'unknown',
  ConfigurationInvalid: 'unknown',
  Internal: 'unknown',
};

/** What an exchange tells that led somewhere. */
export const reachabilityOf = (outcome: EnrollmentOutcome): Reachability =>
  outcome.kind === 'pending' && outcome.failure !== undefined ? reachabilityAfter(outcome.failure) : 'answers';

/** What an exchange tells that failed. */
export function reachabilityAfter(error: EnrollmentError): Reachability {
  const reading = READINGS[error.code];
  return typeof reading === 'string' ? reading : reading(error);
}

function rejection({ retry, failInfo }: EnrollmentError): Reachability {
  if (retry === 'unauthenticated') return 'unknown';
  // CertService passes on a CA's text and no failInfo.
  const isOutOfOrder = failInfo.length === 0 || failInfo.some((name) => OUT_OF_ORDER.includes(name));
  return retry === 'transient' && isOutOfOrder ? 'failing' : 'answers';
}
