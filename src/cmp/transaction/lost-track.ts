import type { CmpError } from '../error.js';
import { errorReported } from '../rules/index.js';
import type { ErrorMsgContent } from '../schema/index.js';

/**
 * Whether the CA may hold a certificate of a transaction that ends with this error. A refusal at once leaves none. One that
 * was put off is out of our hands: if it cannot be gone on with, the CA may have issued all the same, or does so yet.
 */
export function mayLeaveCertificate({ code, failInfo, retry }: CmpError, putOff: boolean): boolean {
  if (failInfo.includes('transactionIdInUse')) return true;
  return retry === 'transaction' && (putOff || code !== 'Rejected');
}

/**
 * An error message in place of the certificate. `repeated`: it answers a pollReq before which another one may have been
 * answered with the certificate. A CA that is through with the transaction has nothing to poll for then, and says so
 * without much of a reason: that is no word about the request.
 */
export function refusalReported(content: ErrorMsgContent, repeated: boolean): CmpError {
  const error = errorReported(content, true);
  const unspecific = error.failInfo.every((name) => name === 'badRequest');
  return repeated && unspecific ? error.with({ retry: 'transaction' }) : error;
}
