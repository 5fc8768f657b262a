import { describe, expect, it } from '@jest/globals';
import { certificateRequestStatus } from '../../../src/controller/certificate-request-status.js';
import type { RequestNews } from '../../../src/controller/request-news.js';
import { condition, issued, NOW } from './objects.js';

const at = '2030-01-02T03:04:05Z';

describe('certificateRequestStatus', () => {
  it('writes certificate, ca and Ready together', () => {
    const status = certificateRequestStatus(
      { kind: 'issued', outcome: issued },
      [condition('Ready', 'False', 'Pending')],
      NOW,
    );
    expect(status.conditions).toEqual([
      { type: 'Ready', status: 'True', reason: 'Issued', message: 'Certificate issued', lastTransitionTime: at },
    ]);
    const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();
    expect(pem(status.certificate)).toBe(
      '-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nBA==\n-----END CERTIFICATE-----\n',
    );
    expect(pem(status.ca)).toBe('-----BEGIN CERTIFICATE-----\nBQ==\n-----END CERTIFICATE-----\n');
    expect(status).not.toHaveProperty('failureTime');
  });

  it('leaves ca out when there is none', () =>
    expect(certificateRequestStatus({ kind: 'issued', outcome: { ...issued, ca: [] } }, [], NOW)).not.toHaveProperty(
      'ca',
    ));

  it.each<[string, RequestNews, string, string[]]>([
    ['failed', { kind: 'failed', reason: 'SigningError', message: 'no' }, 'Failed', ['Ready']],
    ['invalid', { kind: 'failed', reason: 'DecodeError', message: 'no' }, 'Failed', ['InvalidRequest', 'Ready']],
    ['denied', { kind: 'denied', message: 'no' }, 'Denied', ['Ready']],
  ])('never ends a request without failureTime: %s', (_name, news, reason, types) => {
    const status = certificateRequestStatus(news, [condition('Ready', 'False', 'Pending')], NOW);
    expect(status.failureTime).toBe(at);
    expect(status.conditions?.map(({ type }) => type)).toEqual(types);
    expect(status.conditions?.at(-1)).toEqual({
      type: 'Ready',
      status: 'False',
      reason,
      message: 'no',
      lastTransitionTime: '2030-01-01T00:00:00Z',
    });
  });

  it('says Pending and nothing else, in bounded words', () => {
    const status = certificateRequestStatus({ kind: 'pending', message: 'x'.repeat(5000) }, [], NOW);
    expect(Object.keys(status)).toEqual(['conditions']);
    expect(status.conditions).toEqual([expect.objectContaining({ reason: 'Pending', lastTransitionTime: at })]);
    expect(status.conditions?.[0]?.message?.length).toBe(900);
  });
});
