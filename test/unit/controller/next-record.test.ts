import { describe, expect, it } from '@jest/globals';
import { duringOutage, recordFailure, recordOutcome } from '../../../src/controller/next-record.js';
import type { RequestRecord, WaitingRecord } from '../../../src/controller/request-record.js';
import { EnrollmentError, type RetryClass } from '../../../src/enrollment/error.js';
import { issued, later, NOW } from './objects.js';

/** Jitter at its upper end: the waits are the bounds. */
const context = { now: NOW, uniform: () => 1, issuer: { uid: 'issuer-1', revision: 'r1' }, attempt: 1 };
const error = (retry: RetryClass, retryAfterMs?: number, attemptSpent = false) =>
  new EnrollmentError({
    code: 'Timeout',
    retry,
    message: 'late',
    attemptSpent,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

const waiting: WaitingRecord = {
  phase: 'waiting',
  attempt: 1,
  state: { step: 1 },
  issuerUid: 'issuer-1',
  issuerRevision: 'r0',
  notBefore: NOW,
  message: 'wait',
};

function waits(retry: RetryClass, tries: number): number[] {
  const seconds: number[] = [];
  let record: RequestRecord | undefined;
  for (let i = 0; i < tries; i++) {
    record = recordFailure(error(retry), record, context);
    if (record.phase !== 'retrying') throw new Error(record.phase);
    seconds.push((record.notBefore.getTime() - NOW.getTime()) / 1000);
  }
  return seconds;
}

describe('the record after a failure', () => {
  it.each<[RetryClass, number[]]>([
    ['transient', [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]],
    ['transaction', [1, 2, 4, 2, 4, 8]],
    ['unauthenticated', [1, 2, 4, 60, 120, 240, 480, 600]],
    ['issuer', [60, 120, 240, 480, 600]],
  ])('waits longer and longer: %s', (retry, expected) => expect(waits(retry, expected.length)).toEqual(expected));

  it.each([
    ['nobody knows what became of it', false, undefined, 4],
    ['the CA is through with it', true, undefined, 5],
    ['the CA waits all the same', true, waiting, 1],
  ])('is about the attempt that comes next: %s', (_name, spent, previous, attempt) =>
    expect(
      recordFailure(error('transient', undefined, spent), previous, { ...context, attempt: previous?.attempt ?? 4 }),
    ).toMatchObject({ attempt }),
  );

  it('makes attempts rare after the first few, each of which may have left a certificate', () => {
    const seconds = [1, 4, 5, 6, 7, 8, 9].map((attempt) => {
      const record = recordFailure(error('transient', undefined, true), undefined, { ...context, attempt });
      if (record.phase !== 'retrying') throw new Error(record.phase);
      return (record.notBefore.getTime() - NOW.getTime()) / 1_000;
    });
    expect(seconds).toEqual([2, 2, 600, 1200, 2400, 3600, 3600]);
  });

  it('is final for class request alone', () =>
    expect(recordFailure(error('request'), undefined, context)).toEqual({
      phase: 'refused',
      code: 'Timeout',
      message: 'late',
    }));

  it.each([
    ['as long as the CA asked', 20_000, 20],
    ['no shorter than the backoff', 500, 2],
    ['an hour at most', 99_999_999, 3600],
  ])('waits %s', (_name, retryAfterMs, seconds) =>
    expect(recordFailure(error('transient', retryAfterMs), undefined, context)).toMatchObject({
      notBefore: later(seconds),
    }),
  );

  it.each<[RetryClass, RequestRecord['phase']]>([
    ['transient', 'waiting'],
    ['unauthenticated', 'waiting'],
    ['issuer', 'waiting'],
    ['transaction', 'retrying'],
  ])('of a poll that failed (%s) is %s', (retry, phase) => {
    const record = recordFailure(error(retry), waiting, context);
    expect(record).toMatchObject({ phase, failure: { count: 1 }, issuerRevision: 'r1' });
    expect('state' in record).toBe(phase === 'waiting');
  });

  it("leaves another incarnation's exchange behind", () =>
    expect(recordFailure(error('transient'), { ...waiting, issuerUid: 'issuer-0' }, context).phase).toBe('retrying'));
});

describe('the record after an outcome', () => {
  it('keeps the certificate', () =>
    expect(recordOutcome(issued, context)).toEqual({ phase: 'issued', outcome: issued }));

  it.each([
    ['a person must look', /^Waiting for the CA: a person must look$/],
    ['', /^Waiting for the CA, which is asked again/],
  ])('tells why the CA waits (%j)', (reason, message) =>
    expect(recordOutcome({ kind: 'pending', state: { a: 1 }, notBefore: later(5), reason }, context)).toMatchObject({
      phase: 'waiting',
      state: { a: 1 },
      attempt: 1,
      issuerUid: 'issuer-1',
      notBefore: later(5),
      message: expect.stringMatching(message),
    }),
  );
});

describe('the record of a request that waits for an outage to end', () => {
  const failure = { code: 'Timeout', retry: 'transient', message: 'late', count: 4 } as const;
  const retrying = { phase: 'retrying', attempt: 1, failure, notBefore: later(300), issuerRevision: 'r1' } as const;

  it.each<[string, RequestRecord]>([
    ['what failed', retrying],
    ['what was put off and failed to go on', { ...waiting, failure, notBefore: later(300) }],
  ])('lets it go on as soon as the CA is back: %s', (_name, record) =>
    expect(duringOutage(record, NOW)).toEqual({ ...record, notBefore: NOW }),
  );

  it.each<[string, RequestRecord | undefined]>([
    ['nothing is known', undefined],
    ['the CA put it off', { ...waiting, notBefore: later(300) }],
    ['something else failed', { ...retrying, failure: { ...failure, retry: 'issuer' } }],
    ['many attempts may have left something at the CA', { ...retrying, attempt: 6 }],
    ['it is due anyway', { ...retrying, notBefore: NOW }],
    ['it is done', { phase: 'done' }],
  ])('stays as it is where the outage is not to blame: %s', (_name, record) =>
    expect(duringOutage(record, NOW)).toBe(record),
  );
});
