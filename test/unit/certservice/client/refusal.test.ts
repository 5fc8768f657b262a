import { expect, it } from '@jest/globals';
import { readRefusal } from '../../../../src/certservice/client/refusal.js';
import { ManualClock } from '../../../support/manual-clock.js';

const spring = JSON.stringify({ timestamp: '2024-01-01', status: 500, error: 'Internal Server Error', path: '/v1' });
const json = (errorMessage: unknown) => JSON.stringify({ errorMessage });
const CMP = 'CMPv2 server returned following error: ';

const read = (statusCode: number, body: string, headers: Record<string, string> = {}, hint = '') =>
  readRefusal({ statusCode, headers, body: Buffer.from(body) }, 'RA', new ManualClock(), hint);

it.each<[number, string, string, boolean, RegExp]>([
  [
    400,
    json('Wrong certificate signing request (CSR) format'),
    'request',
    false,
    /message \[Wrong certificate signing/,
  ],
  [400, json('Wrong key (PK) format'), 'request', false, /RSA keys only/],
  [400, json('Wrong certificate format'), 'request', true, /certificate to be replaced/],
  [400, spring, 'issuer', false, /message \[\]: .*header.*nginx/],
  [400, '', 'issuer', false, /message \[\]/],
  [404, json('Certification authority not found for given CAName'), 'issuer', false, /no CA named "RA"/],
  [404, spring, 'issuer', true, /no such path/],
  [500, json(`${CMP}Subject DN not allowed by profile`), 'request', true, /compare names and key with the profile/],
  [500, json(`${CMP}N/A`), 'unauthenticated', true, /without a reason/],
  [500, json(CMP), 'unauthenticated', true, /without a reason/],
  [500, json(`${CMP}CA token is offline`), 'transient', false, /out of order/],
  [500, json(`${CMP}Service temporarily unavailable, try again later`), 'transient', false, /out of order/],
  [500, json(`${CMP}Authentication failed for message`), 'issuer', true, /iak and rv/],
  [500, json('Exception occurred during call to cmp client: connection refused'), 'transient', false, /reach its CA/],
  [500, json('Exception occurred parsing cmp client response: x'), 'transient', false, /use its answer/],
  [500, spring, 'transient', false, /its log has the reason/],
  [500, json(42), 'transient', false, /message \[\]/],
  [500, '<html>', 'transient', false, /message \[\]/],
  [503, '', 'transient', false, /not ready/],
  [502, '<html>', 'transient', false, /in front of it/],
  [429, '', 'transient', false, /limits our rate/],
  [401, '', 'issuer', false, /client certificate/],
  [403, '', 'issuer', false, /client certificate/],
  [302, '', 'issuer', false, /redirects are not followed/],
  [431, '', 'issuer', false, /headers are too large/],
  [204, '', 'issuer', false, /no answer of CertService/],
])('%i %s is of class %s', (status, body, retry, endsUpdate, message) => {
  const refusal = read(status, body);
  expect(refusal).toMatchObject({ error: { retry }, endsUpdate });
  expect(refusal.error.message).toMatch(
    new RegExp(`^CertService API returned status code \\[${status}\\] and message \\[`),
  );
  expect(refusal.error.message).toMatch(message);
});

it('honours Retry-After', () => {
  expect(read(503, '', { 'retry-after': '7' }).error.retryAfterMs).toBe(7_000);
  expect(read(503, '').error.retryAfterMs).toBeUndefined();
});

it('gives its hint where CertService does not say what went wrong, and nowhere else', () => {
  expect(read(500, spring, {}, '. Try Auto').error.message).toMatch(/Try Auto$/);
  expect(read(500, json(`${CMP}no`), {}, '. Try Auto').error.message).not.toContain('Try Auto');
});

it('lets nothing of an answer break lines or go on for ever', () => {
  const { message } = read(500, json(`${CMP}${'evil\n\u202e'.repeat(1000)}`)).error;
  expect(message).not.toMatch(/[\n\u202e]/);
  expect(message.length).toBeLessThan(700);
});
