import { describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../../src/api/certificate-request.js';
import { LAST_RANK, PROMPT_RANK, requestRank } from '../../../src/controller/request-rank.js';
import type { RequestRecord } from '../../../src/controller/request-record.js';
import { issued, NOW, request, viewed } from './objects.js';

const failure = { code: 'Timeout', retry: 'transient', message: 'late', count: 1 } as const;
const retrying: RequestRecord = { phase: 'retrying', attempt: 1, failure, notBefore: NOW, issuerRevision: '' };
const waiting: RequestRecord = {
  phase: 'waiting',
  attempt: 1,
  state: {},
  issuerUid: 'u',
  issuerRevision: 'r',
  notBefore: NOW,
  message: '',
};
const revision = (text: string) =>
  request({ metadata: { annotations: { 'cert-manager.io/certificate-revision': text } } });

describe('requestRank', () => {
  it('has what needs the CA no more go first, then what was begun, renewals, and the rest', () => {
    const order: [string, CertificateRequest, RequestRecord | undefined][] = [
      ['to be published', request(), { phase: 'issued', outcome: issued }],
      ['put off by the CA', request(), waiting],
      ['a renewal', revision('2'), undefined],
      ['a first certificate', revision('1'), undefined],
    ];
    const ranks = order.map(([, object, record]) => requestRank(viewed(object), record));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(new Set(ranks).size).toBe(order.length);
    expect([ranks[0], ranks.at(-1)]).toEqual([PROMPT_RANK, LAST_RANK]);
  });

  it.each<[string, CertificateRequest, RequestRecord | undefined]>([
    ['made by hand', request(), undefined],
    ['whose revision is no number', revision('two'), undefined],
    ['that failed last time', revision('2'), retrying],
    ['that could not go on last time', request(), { ...waiting, failure }],
  ])('has one wait with the first certificates %s', (_name, object, record) =>
    expect(requestRank(viewed(object), record)).toBe(LAST_RANK),
  );
});
