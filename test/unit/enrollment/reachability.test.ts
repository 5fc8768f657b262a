import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, RETRY_CLASSES } from '../../../src/cmp/error-codes.js';
import { EnrollmentError, type EnrollmentErrorCode, type RetryClass } from '../../../src/enrollment/error.js';
import {
  isOutage,
  type Reachability,
  reachabilityAfter,
  reachabilityOf,
} from '../../../src/enrollment/reachability.js';

const read = (code: EnrollmentErrorCode, retry: RetryClass, failInfo: readonly string[] = []) =>
  reachabilityAfter(new EnrollmentError({ code, retry, failInfo, message: '' }));

describe('reachabilityAfter', () => {
  it.each<[EnrollmentErrorCode, RetryClass, readonly string[], Reachability]>([
    ['ConnectionFailed', 'transient', [], 'unreachable'],
    ['TlsFailed', 'transient', [], 'unreachable'],
    ['Timeout', 'transient', [], 'failing'],
    ['HttpFailed', 'transient', [], 'failing'],
    ['Rejected', 'transient', ['systemUnavail'], 'failing'],
    ['Rejected', 'transient', ['systemFailure'], 'failing'],
    // CertService's own, without failInfo.
    ['Rejected', 'transient', [], 'failing'],
    ['Rejected', 'transient', ['timeNotAvailable'], 'answers'],
    ['Rejected', 'request', ['badCertTemplate'], 'answers'],
    ['Rejected', 'issuer', ['notAuthorized'], 'answers'],
    ['Rejected', 'transaction', ['transactionIdInUse'], 'answers'],
    ['CertificateRefused', 'request', [], 'answers'],
    ['ChainIncomplete', 'issuer', [], 'answers'],
    ['UnexpectedBody', 'transaction', [], 'answers'],
    ['ResponseMalformed', 'transaction', [], 'answers'],
  ])('%s, class %s, %j: the CA is %s', (code, retry, failInfo, expected) => {
    expect(read(code, retry, failInfo)).toBe(expected);
  });

  it.each<[EnrollmentErrorCode, RetryClass]>([
    ['TlsFailed', 'issuer'],
    ['HttpFailed', 'issuer'],
    ['Internal', 'transient'],
    ['PrivateKeyUnavailable', 'transient'],
    ['PollingExpired', 'transaction'],
    ['ConfigurationInvalid', 'issuer'],
  ])('%s, class %s, tells nothing', (code, retry) => {
    expect(read(code, retry)).toBe('unknown');
  });

  it('never takes hearsay for an answer or for an outage, whatever its code', () => {
    for (const code of Object.keys(ERROR_CODES) as EnrollmentErrorCode[]) {
      if (code === 'CertificateRefused' || code === 'ChainIncomplete') continue;
      expect([code, read(code, 'unauthenticated', ['systemUnavail'])]).toEqual([code, 'unknown']);
    }
  });

  it('does not take a certificate whose confirmation got lost for an answer', () => {
    const put = { kind: 'pending', state: {}, notBefore: new Date(0), reason: '' } as const;
    const failure = new EnrollmentError({ code: 'Timeout', retry: 'transient', message: '' });
    expect(reachabilityOf(put)).toBe('answers');
    expect(reachabilityOf({ ...put, failure })).toBe('failing');
  });

  it('takes nothing for an outage that is not transient', () => {
    for (const code of Object.keys(ERROR_CODES) as EnrollmentErrorCode[])
      for (const retry of Object.keys(RETRY_CLASSES) as RetryClass[])
        if (isOutage(read(code, retry))) expect([code, retry]).toEqual([code, 'transient']);
  });
});
