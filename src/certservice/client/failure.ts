import { CmpError } from '../../cmp/error.js';
import { EnrollmentError, type EnrollmentErrorDetails } from '../../enrollment/error.js';

/** What ONAP's provider puts before the reason when there is no certificate. */
export const SIGN_FAILED = 'Failed to sign certificate request: ';
export const DECODE_FAILED = 'Failed to decode CSR: ';

export const failed = (details: EnrollmentErrorDetails): EnrollmentError => new EnrollmentError(details);

/** The same error, told as ONAP's provider told it. What is no EnrollmentError and no CmpError comes back as it is. */
export function withLead(lead: string, error: unknown): unknown {
  if (!(error instanceof EnrollmentError || error instanceof CmpError)) return error;
  const { code, retry, message, failInfo, retryAfterMs } = error;
  return new EnrollmentError({
    code,
    retry,
    message: `${lead}${message}`,
    failInfo,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: error,
  });
}
