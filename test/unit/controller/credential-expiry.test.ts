import { describe, expect, it } from '@jest/globals';
import { expiryCondition, expiryTimes } from '../../../src/controller/credential-expiry.js';
import type { CertificateRole, ConfiguredCertificate } from '../../../src/enrollment/configured-certificates.js';
import { NOW } from './objects.js';

const DAY = 86_400_000;
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY);

const certificate = (
  daysLeft: number,
  change: Partial<ConfiguredCertificate> = {},
  ageInDays = 1_000,
): ConfiguredCertificate => ({
  role: 'trustAnchor',
  field: 'trustPem',
  subject: 'CN=Root',
  sha256: 'ab'.repeat(32),
  notBefore: inDays(-ageInDays),
  notAfter: inDays(daysLeft),
  ...change,
});

const condition = (...certificates: readonly ConfiguredCertificate[]) => expiryCondition(certificates, 3, NOW);

describe('the condition about credentials', () => {
  it('is not there while all is well', () => {
    expect(condition()).toBeUndefined();
    expect(condition(certificate(31), certificate(3_000))).toBeUndefined();
    // Short-lived certificates are renewed late.
    expect(condition(certificate(29, {}, 61))).toBeUndefined();
  });

  it.each<[CertificateRole, string, string]>([
    [
      'protection',
      'protection.certificatesPem',
      'the protection certificate "CN=Root" (spec.cmp.protection.signature.secretRef (tls.crt)) expires at 2030-01-31T03:04:05.000Z: have it renewed',
    ],
    [
      'tlsClient',
      'endpoints[1].clientCertPem',
      'the TLS client certificate "CN=Root" (spec.cmp.endpoints[1].tls.clientCertSecretRef (tls.crt)) expires at 2030-01-31T03:04:05.000Z: have it renewed',
    ],
    [
      'trustAnchor',
      'trustPem',
      'the trust anchor "CN=Root" (spec.cmp.trust) expires at 2030-01-31T03:04:05.000Z: add its successor if there is one, and remove it once it has expired',
    ],
    [
      'tlsTrustAnchor',
      'service.tlsCaPem',
      'the trust anchor for TLS "CN=Root" (spec.certSecretRef (cacertRef)) expires at 2030-01-31T03:04:05.000Z: add its successor if there is one, and remove it once it has expired',
    ],
  ])('names what ends within 30 days, where it is and what to do: %s', (role, field, message) => {
    expect(condition(certificate(29, { role, field }))).toEqual({
      type: 'CredentialsExpiring',
      status: 'True',
      reason: 'ExpiresSoon',
      message,
      observedGeneration: 3,
    });
  });

  it('says the same tomorrow', () => {
    const ending = [certificate(29)];
    expect(expiryCondition(ending, 3, inDays(1))).toEqual(expiryCondition(ending, 3, NOW));
  });

  it('tells what has expired from what will', () => {
    const told = condition(certificate(10, { subject: 'CN=Soon' }), certificate(-1, { subject: 'CN=Past' }));
    expect(told).toMatchObject({
      reason: 'Expired',
      message: expect.stringMatching(/"CN=Past" .* expired at .*"CN=Soon" .* expires at /),
    });
  });

  it('stays short however many there are', () => {
    const many = Array.from({ length: 200 }, (_, index) => certificate(index % 20, { subject: `CN=${index}` }));
    const { message = '' } = condition(...many) ?? {};
    expect(message.length).toBeLessThanOrEqual(900);
    expect(message).toMatch(/; and 196 more$/);
  });
});

describe('the times for metrics', () => {
  it('keep their names over a renewal, and tell anchors apart', () => {
    const own = { role: 'protection', field: 'protection.certificatesPem' } as const;
    const renewed = { ...own, sha256: 'cd'.repeat(32) };
    expect([...expiryTimes([certificate(5, own), certificate(1)])]).toEqual([
      ['trust-anchor-abababab', inDays(1)],
      ['protection', inDays(5)],
    ]);
    expect([...expiryTimes([certificate(50, renewed)])]).toEqual([['protection', inDays(50)]]);
  });

  it('show the client certificate that ends first, and are bounded', () => {
    const client = { role: 'tlsClient' } as const;
    const two = [certificate(9, { ...client, sha256: 'aa' }), certificate(4, { ...client, sha256: 'bb' })];
    expect([...expiryTimes(two)]).toEqual([['tls-client', inDays(4)]]);
    const bundle = Array.from({ length: 200 }, (_, index) =>
      certificate(index, { sha256: `${index}`.padStart(8, '0') }),
    );
    const times = expiryTimes(bundle);
    expect(times.size).toBe(32);
    expect(times.get('trust-anchor-00000000')).toEqual(NOW);
  });
});
