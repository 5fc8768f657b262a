import { describe, expect, it } from '@jest/globals';
import { deadlineNotPassed, pollRepForUs, waitMs } from '../../../../src/cmp/rules/index.js';

describe('pollRepForUs', () => {
  const entry = { certReqId: 0, checkAfter: 5 };
  it.each([entry, { ...entry, checkAfter: 0 }])('takes %j', (one) => expect(pollRepForUs([one], 0)).toBe(one));

  it.each([
    ['none', []],
    ['two', [entry, entry]],
    ['one about another request', [{ ...entry, certReqId: 1 }]],
    ['one about the past', [{ ...entry, checkAfter: -1 }]],
  ])('refuses %s', (_name, content) =>
    expect(() => pollRepForUs(content, 0)).toThrow(
      expect.objectContaining({ code: 'ResponseMalformed', retry: 'transaction' }),
    ),
  );
});

describe('waitMs', () => {
  const now = new Date('2027-01-01T00:00:00Z');
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  it.each([
    ['what the CA asks for', 5, inSeconds(100), 5_000],
    ['at least a second', 0, inSeconds(100), 1_000],
    ['at most an hour', 1e9, inSeconds(1e6), 3_600_000],
    ['not beyond the deadline', 50, inSeconds(10), 10_000],
    ['nothing after the deadline', 50, inSeconds(-10), 0],
  ])('waits %s', (_name, checkAfter, deadline, expected) => expect(waitMs(checkAfter, now, deadline)).toBe(expected));
});

describe('deadlineNotPassed', () => {
  const deadline = new Date('2027-01-01T00:00:00Z');
  it('takes the time before', () =>
    expect(() => deadlineNotPassed(new Date(deadline.getTime() - 1), deadline)).not.toThrow());
  it('refuses the deadline itself and the time after', () => {
    for (const late of [0, 1]) {
      expect(() => deadlineNotPassed(new Date(deadline.getTime() + late), deadline)).toThrow(
        expect.objectContaining({ code: 'PollingExpired', retry: 'transaction' }),
      );
    }
  });
});
