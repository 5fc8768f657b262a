import { describe, expect, it } from '@jest/globals';
import {
  ApiError,
  apiErrorFromStatus,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  isTransient,
  isTypeMissing,
  TransportError,
} from '../../../src/kube/api-error.js';
import { parseRetryAfter } from '../../../src/kube/retry.js';
import { transportError } from '../../../src/kube/transport-failure.js';
import { status } from './http-fixture.js';

const HELPERS = { isAlreadyExists, isConflict, isForbidden, isGone, isNotFound, isTransient, isTypeMissing };

describe('what an error is', () => {
  it.each<[string, unknown, (keyof typeof HELPERS)[]]>([
    ['a missing object', apiErrorFromStatus(status(404, 'NotFound', '', { name: 'a' }), 404), ['isNotFound']],
    ['a missing type', apiErrorFromStatus(status(404, 'NotFound', ''), 404), ['isNotFound', 'isTypeMissing']],
    ['a name that is taken', apiErrorFromStatus(status(409, 'AlreadyExists', ''), 409), ['isAlreadyExists']],
    ['a stale resourceVersion', apiErrorFromStatus(status(409, 'Conflict', ''), 409), ['isConflict']],
    ['an expired token', apiErrorFromStatus(status(410, 'Expired', ''), 410), ['isGone']],
    ['RBAC', apiErrorFromStatus(status(403, 'Forbidden', ''), 403), ['isForbidden']],
    ['flow control', apiErrorFromStatus(status(429, 'TooManyRequests', ''), 429), ['isTransient']],
    ['a webhook outage', apiErrorFromStatus(status(500, 'InternalError', ''), 500), ['isTransient']],
    ['an invalid object', apiErrorFromStatus(status(422, 'Invalid', ''), 422), []],
    ['no answer', new TransportError('timeout', ''), ['isTransient']],
    ['a bug', new TypeError('x'), []],
  ])('%s', (_, error, expected) => {
    const names = Object.entries(HELPERS).filter(([, is]) => is(error));
    expect(names.map(([name]) => name)).toEqual([...expected].sort());
  });
});

describe('apiErrorFromStatus', () => {
  it('takes over what a Status says, bounded', () => {
    const causes = Array.from({ length: 50 }, (_, i) => ({ reason: 'FieldValueInvalid', field: `spec.f${i}` }));
    const error = apiErrorFromStatus(
      status(422, 'Invalid', 'm'.repeat(5_000), { name: 'a', kind: 'Thing', causes, retryAfterSeconds: 3 }),
      422,
    );
    expect(error).toMatchObject({ code: 422, reason: 'Invalid', retryAfterSeconds: 3 });
    expect(error.details).toMatchObject({ name: 'a', kind: 'Thing' });
    expect(error.details.causes).toHaveLength(16);
    expect(error.message.length).toBeLessThan(1_100);
  });

  it.each([undefined, null, 'text', [], { kind: 'Pod' }, { kind: 'Status', code: 'x', details: 7 }])(
    'makes an error of %j all the same',
    (body) => {
      const error = apiErrorFromStatus(body, 502, 4);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ code: 502, retryAfterSeconds: 4 });
    },
  );
});

describe('parseRetryAfter', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['17', 17],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
  ])('%s', (header, seconds) => {
    expect(parseRetryAfter(header, now)).toBe(seconds);
  });
});

describe('transportError', () => {
  const coded = (code: string, cause?: unknown) => Object.assign(new Error(code), { code, cause });
  it.each([
    [coded('ECONNREFUSED'), 'unreachable'],
    [coded('ENOTFOUND'), 'unreachable'],
    [coded('UND_ERR_CONNECT_TIMEOUT'), 'unreachable'],
    [coded('UND_ERR_SOCKET', coded('ECONNRESET')), 'reset'],
    [coded('UND_ERR_SOCKET'), 'reset'],
    [coded('UND_ERR_HEADERS_TIMEOUT'), 'timeout'],
    [coded('SELF_SIGNED_CERT_IN_CHAIN'), 'tls'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    [coded('EPROTO'), 'tls'],
    [coded('HPE_INVALID_CONSTANT'), 'protocol'],
    ['not even an error', 'protocol'],
  ])('%s is %s', (error, failure) => {
    expect(transportError(error, 'https://api')).toMatchObject({
      failure,
      message: expect.stringContaining('https://api'),
    });
  });
});
