import { unreachable } from '../../runtime/unreachable.js';
import { CmpError } from '../error.js';
import type {
  CertRepMessage,
  CertResponse,
  ErrorMsgContent,
  PKIBody,
  PKIBodyType,
  PKIStatusInfo,
} from '../schema/index.js';
import { freeText, printable } from '../text.js';
import { adviceFor, retryAfterRejection } from './failure-info.js';

// Rules about what an answer says.

/** The answer is of a type that this state allows. Our own requests, sent back to us, never are. */
export function bodyTypeExpected<T extends PKIBodyType>(
  body: PKIBody,
  allowed: readonly T[],
): Extract<PKIBody, { type: T }> {
  if ((allowed as readonly PKIBodyType[]).includes(body.type)) return body as Extract<PKIBody, { type: T }>;
  throw new CmpError({
    code: 'UnexpectedBody',
    message: `the CA answered with ${body.type} where ${allowed.join(' or ')} was expected`,
  });
}

/** We ask for one certificate, so there is one response (RFC 9483 section 4.1.1). */
export function exactlyOneCertResponse({ response }: CertRepMessage): CertResponse {
  const [only, ...more] = response;
  if (only !== undefined && more.length === 0) return only;
  throw new CmpError({
    code: 'ResponseMalformed',
    retry: 'transaction',
    message: `the CA's answer holds ${response.length} responses to one request`,
  });
}

/** The response is to our request. For p10cr the RFCs say -1, but several products send 0: both do. */
export function certReqIdExpected({ certReqId }: Pick<CertResponse, 'certReqId'>, accepted: readonly number[]): void {
  if (accepted.includes(certReqId)) return;
  throw new CmpError({
    code: 'ResponseMalformed',
    retry: 'transaction',
    message: `the CA's answer is about certReqId ${certReqId}, we asked with ${accepted.join(' or ')}`,
  });
}

function said(parts: readonly string[] | undefined): string {
  const text = freeText(parts);
  return text === '' ? '' : ` "${text}"`;
}

/** The error for a rejection, in the CA's words and ours. Without authentication it is hearsay. */
export function rejection(
  { status, statusString, failInfo = [] }: PKIStatusInfo,
  authenticated: boolean,
  details?: string,
): CmpError {
  const reasons = failInfo.length === 0 ? status : failInfo.slice(0, 8).join(', ');
  const advice = adviceFor(failInfo);
  const statusText = freeText(statusString?.slice(0, 1));
  const speaker = authenticated
    ? 'CA rejected the request'
    : 'somebody, perhaps the CA, rejected the request in an unauthenticated message';
  return new CmpError({
    code: 'Rejected',
    retry: authenticated ? retryAfterRejection(failInfo) : 'unauthenticated',
    message: `${speaker}: ${reasons}${said(statusString)}${details === undefined ? '' : ` (${details})`}${advice === undefined ? '' : `. ${advice}`}`,
    status,
    failInfo,
    ...(statusText === '' ? {} : { statusText }),
  });
}

/** The error for an error message (RFC 9810 section 5.3.21). */
export function errorReported(content: ErrorMsgContent, authenticated: boolean): CmpError {
  const { pKIStatusInfo, errorCode, errorDetails } = content;
  const code = errorCode === undefined ? '' : `error code ${errorCode}`;
  const details = printable([code, freeText(errorDetails)].filter((part) => part !== '').join(', '));
  return rejection(pKIStatusInfo, authenticated, details === '' ? undefined : details);
}

/** A status, and what it means for us: a certificate, patience, or the end. */
export type Verdict = 'granted' | 'grantedWithMods' | 'waiting';

/** Throws CmpError `Rejected` for everything that is neither a grant nor a promise (RFC 9810 section 5.2.3). */
export function verdict(info: PKIStatusInfo): Verdict {
  switch (info.status) {
    case 'accepted':
      return 'granted';
    case 'grantedWithMods':
      return 'grantedWithMods';
    case 'waiting':
      return 'waiting';
    case 'rejection':
      throw rejection(info, true);
    case 'keyUpdateWarning':
    case 'revocationWarning':
    case 'revocationNotification':
      throw new CmpError({
        code: 'Rejected',
        retry: 'request',
        message: `CA answered with status ${info.status}, which grants no certificate${said(info.statusString)}`,
        status: info.status,
        failInfo: info.failInfo ?? [],
      });
    default:
      return unreachable(info.status);
  }
}

/** A grant comes with a certificate and without failInfo, a rejection or a promise without a certificate. */
export function statusMatchesCertificate({ status, certifiedKeyPair }: CertResponse): void {
  const contradiction = (what: string) =>
    new CmpError({
      code: 'ResponseMalformed',
      retry: 'transaction',
      message: `the CA's answer contradicts itself: status ${status.status} ${what}`,
    });
  switch (status.status) {
    case 'accepted':
    case 'grantedWithMods':
      if (certifiedKeyPair === undefined) throw contradiction('without a certificate');
      if ((status.failInfo ?? []).length > 0) throw contradiction('with reasons for a failure');
      return;
    case 'rejection':
    case 'waiting':
      if (certifiedKeyPair !== undefined) throw contradiction('with a certificate');
      return;
    case 'keyUpdateWarning':
    case 'revocationWarning':
    case 'revocationNotification':
      // No grant in any case: `verdict` refuses them.
      return;
    default:
      unreachable(status.status);
  }
}

/** The certificate in plain, and no private key with it: we never ask for keys made by the CA. Returns its DER. */
export function certificateInPlain({ certifiedKeyPair }: CertResponse): Uint8Array {
  if (certifiedKeyPair?.certOrEncCert.type === 'certificate' && certifiedKeyPair.privateKey === undefined) {
    return certifiedKeyPair.certOrEncCert.value;
  }
  throw new CmpError({
    code: 'ResponseMalformed',
    retry: 'transaction',
    message: "the CA's answer brings an encrypted certificate or a private key, neither of which was asked for",
  });
}
