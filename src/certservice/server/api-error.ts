import type { CmpError } from '../../cmp/index.js';
import { printable } from '../../cmp/text.js';
import { unreachable } from '../../runtime/unreachable.js';

/** Closed set of ways in which the API says no. */
export type ApiProblem =
  | { readonly kind: 'csr' }
  | { readonly kind: 'privateKey' }
  | { readonly kind: 'oldCertificate' }
  | { readonly kind: 'unknownCa' }
  /** Our side of the exchange with the CA failed. */
  | { readonly kind: 'cmpClient'; readonly detail: string }
  /** The CA said no; `text` is what it said. */
  | { readonly kind: 'cmpServer'; readonly text: string }
  /** Too many enrolments wait for this CA already. */
  | { readonly kind: 'busy' }
  /** No list of CMP servers was ever loaded. */
  | { readonly kind: 'notConfigured' };

export interface ApiAnswer {
  readonly status: number;
  /** Absent: the body that Spring Boot gives to errors that nobody handles. */
  readonly errorMessage?: string;
}

/** The status and text that ONAP's CertService gives. */
export function answerTo(problem: ApiProblem): ApiAnswer {
  switch (problem.kind) {
    case 'csr':
      return { status: 400, errorMessage: 'Wrong certificate signing request (CSR) format' };
    case 'privateKey':
      return { status: 400, errorMessage: 'Wrong key (PK) format' };
    case 'oldCertificate':
      return { status: 400, errorMessage: 'Wrong certificate format' };
    case 'unknownCa':
      return { status: 404, errorMessage: 'Certification authority not found for given CAName' };
    case 'cmpClient':
      return { status: 500, errorMessage: `Exception occurred during call to cmp client: ${problem.detail}` };
    case 'cmpServer':
      return { status: 500, errorMessage: `CMPv2 server returned following error: ${problem.text}` };
    case 'busy':
      return {
        status: 503,
        errorMessage:
          'Exception occurred during call to cmp client: too many requests wait for this CA, come back later',
      };
    case 'notConfigured':
      return { status: 500 };
    default:
      return unreachable(problem);
  }
}

/** Ends the processing of a request with one of the documented answers. `reason` is for the log, never for the caller. */
export class ApiError extends Error {
  readonly problem: ApiProblem;

  constructor(problem: ApiProblem, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.problem = problem;
  }
}

const CHAIN_PROBLEM = 'Something was wrong with the supplied certificate';
const NO_TRUST =
  'no "trust" is configured for this CA, so only answers under the shared secret, with the root in caPubs, are believed; add "trust" to its entry in cmpServers.json';

/** What a failed CMP transaction is to the caller of the API. `trustConfigured`: the CA's entry has trust anchors. */
export function fromCmpError(error: CmpError, trustConfigured: boolean): ApiError {
  return new ApiError(cmpProblem(error, trustConfigured), error.message, error);
}

function cmpProblem(error: CmpError, trustConfigured: boolean): ApiProblem {
  const hint = trustConfigured ? '' : ` (${NO_TRUST})`;
  switch (error.code) {
    case 'CsrInvalid':
      return { kind: 'csr' };
    case 'KeyUnsupported':
    case 'PrivateKeyMismatch':
    case 'PrivateKeyUnavailable':
      return { kind: 'privateKey' };
    case 'Rejected':
      return { kind: 'cmpServer', text: serverText(error) };
    case 'ChainIncomplete':
    case 'CertificateRefused':
      return { kind: 'cmpClient', detail: printable(`${CHAIN_PROBLEM}: ${error.message}${hint}`, 1_200) };
    case 'SignerUntrusted':
      return { kind: 'cmpClient', detail: printable(`${error.message}${hint}`, 1_200) };
    case 'ConfigurationInvalid':
    case 'ConnectionFailed':
    case 'TlsFailed':
    case 'Timeout':
    case 'HttpFailed':
    case 'ResponseTooLarge':
    case 'ResponseMalformed':
    case 'ProtectionMissing':
    case 'ProtectionInvalid':
    case 'HeaderMismatch':
    case 'UnexpectedBody':
    case 'Withdrawn':
    case 'PollingExpired':
    case 'Internal':
      return { kind: 'cmpClient', detail: error.message };
    default:
      return unreachable(error.code);
  }
}

/** What the CA said, in its own words; without words, the reasons it ticked. */
function serverText({ statusText, failInfo, retry }: CmpError): string {
  const said = statusText ?? (failInfo.length > 0 ? failInfo.join(', ') : 'N/A');
  return retry === 'unauthenticated' ? `${said} (unauthenticated: nothing proves that the CA said this)` : said;
}
