import type { CmpRetryClass } from '../../cmp/error.js';
import { printable } from '../../cmp/text.js';
import { header, retryAfterMs } from '../../cmp/transfer/response.js';
import type { EnrollmentError, EnrollmentErrorCode } from '../../enrollment/error.js';
import type { Clock } from '../../runtime/clock.js';
import type { CertServiceAnswer } from './connection.js';
import { failed } from './failure.js';

/** What an answer other than 200 means. */
export interface Refusal {
  readonly error: EnrollmentError;
  /** This certificate cannot be updated, but a first one may still be asked for. */
  readonly endsUpdate: boolean;
}

interface Verdict {
  readonly code: EnrollmentErrorCode;
  readonly retry: CmpRetryClass;
  readonly advice: string;
  readonly endsUpdate?: true;
}

/** `errorMessage` of a JSON body; undefined in Spring's default body, in HTML and in everything else. */
function errorMessageOf(body: Uint8Array): string | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof json !== 'object' || json === null || !('errorMessage' in json)) return undefined;
    return typeof json.errorMessage === 'string' ? json.errorMessage : undefined;
  } catch {
    return undefined;
  }
}

const CA_TEXT = /^CMPv2 server returned following error: ?(.*)$/s;
const CLIENT_TEXT = /^Exception occurred (?:during call to|parsing) cmp client/;

/**
 * Words of CAs that are out of order rather than unwilling. CertService passes on nothing but the CA's text, so there
 * is nothing better to go by.
 */
const TEMPORARY =
  /\b(?:unavailable|offline|time-?d? ?out|try again|temporar\w*|over-?load\w*|busy|system ?failure|internal (?:server )?error)\b/i;
/** Words of CAs that object to who asks. */
const CREDENTIALS =
  /\b(?:badMessageCheck|authenticat\w+|not authori[sz]ed|unauthori[sz]ed|protection|signerNotTrusted)\b/i;

/**
 * 500 with a text of the CA. A refusal ends the request, as it does where the CA is asked directly; but an outage or a
 * wrong secret must not fail every request there is, and a CA that gives no reason (`N/A`) settles nothing.
 */
function caRefused(text: string): Verdict {
  if (text === '' || text === 'N/A')
    return {
      code: 'Rejected',
      retry: 'unauthenticated',
      advice: 'the CA refused without a reason; its log and that of CertService have more',
      endsUpdate: true,
    };
  if (TEMPORARY.test(text))
    return { code: 'Rejected', retry: 'transient', advice: 'the CA is out of order; the request is tried again' };
  if (CREDENTIALS.test(text))
    return {
      code: 'Rejected',
      retry: 'issuer',
      advice:
        'the CA objects to CertService; compare iak and rv in cmpServers.json with what the CA has, or its rights there',
      endsUpdate: true,
    };
  return {
    code: 'Rejected',
    retry: 'request',
    advice: 'the CA refused the request; compare names and key with the profile of the CA',
    endsUpdate: true,
  };
}

function notFound(message: string | undefined, caName: string): Verdict {
  return message === undefined
    ? {
        code: 'HttpFailed',
        retry: 'issuer',
        advice: 'there is no such path; correct spec.url, spec.certEndpoint or spec.updateEndpoint',
        endsUpdate: true,
      }
    : {
        code: 'HttpFailed',
        retry: 'issuer',
        advice: `CertService has no CA named "${printable(caName, 128)}"; correct spec.caName, or add it to cmpServers.json`,
      };
}

function badRequest(message: string | undefined): Verdict {
  if (message === undefined)
    return {
      code: 'HttpFailed',
      retry: 'issuer',
      advice:
        'CertService missed a header, or something in front of it took one away (nginx drops names with an underscore ' +
        'unless underscores_in_headers is on)',
    };
  if (message === 'Wrong certificate format')
    return {
      code: 'Rejected',
      retry: 'request',
      advice: 'CertService cannot use the certificate to be replaced, or its key',
      endsUpdate: true,
    };
  return { code: 'Rejected', retry: 'request', advice: 'CertService cannot use CSR or key; it takes RSA keys only' };
}

function serverFailed(message: string | undefined): Verdict {
  if (message === undefined)
    return { code: 'HttpFailed', retry: 'transient', advice: 'CertService failed; its log has the reason' };
  const [, text] = CA_TEXT.exec(message) ?? [];
  if (text !== undefined) return caRefused(text.trim());
  return {
    code: 'HttpFailed',
    retry: 'transient',
    advice: CLIENT_TEXT.test(message)
      ? 'CertService cannot reach its CA, or cannot use its answer; its log has more'
      : 'CertService failed; its log has the reason',
  };
}

function verdictOn(status: number, message: string | undefined, caName: string): Verdict {
  const http = (retry: CmpRetryClass, advice: string): Verdict => ({ code: 'HttpFailed', retry, advice });
  if (status >= 300 && status <= 399)
    return http('issuer', 'redirects are not followed; give the final URL in spec.url');
  switch (status) {
    case 400:
      return badRequest(message);
    case 401:
    case 403:
      return http('issuer', 'access is refused; check the client certificate and who may use the service');
    case 404:
      return notFound(message, caName);
    case 408:
    case 425:
    case 429:
      return http('transient', 'the service limits our rate; the request is tried again');
    case 431:
    case 494:
      return http('issuer', 'the headers are too large for what is in front of CertService; raise its limit');
    case 500:
      return serverFailed(message);
    case 503:
      return http('transient', 'the service is not ready; the request is tried again');
    default:
      return status >= 500
        ? http('transient', 'CertService, or what is in front of it, failed')
        : http('issuer', 'this is no answer of CertService; check spec.url');
  }
}

/**
 * Reads an answer other than 200 (CertService's JSON, Spring's default body, or anything else). `hint` goes after the
 * advice where CertService failed and does not say why.
 */
export function readRefusal(answer: CertServiceAnswer, caName: string, clock: Clock, hint = ''): Refusal {
  const { statusCode, body } = answer;
  const message = errorMessageOf(body);
  const { code, retry, advice, endsUpdate = false } = verdictOn(statusCode, message, caName);
  const wait = retryAfterMs(header(answer, 'retry-after'), clock);
  return {
    error: failed({
      code,
      retry,
      message: `CertService API returned status code [${statusCode}] and message [${printable(message ?? '', 400)}]: ${advice}${message === undefined && statusCode === 500 ? hint : ''}`,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    }),
    endsUpdate,
  };
}
