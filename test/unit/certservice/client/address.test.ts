import { describe, expect, it } from '@jest/globals';
import { certServiceAddress } from '../../../../src/certservice/client/address.js';
import type { CertServiceConfig } from '../../../../src/enrollment/certservice-config.js';
import { config } from './support.js';

describe('certServiceAddress', () => {
  it.each<[string, Partial<CertServiceConfig>, string]>([
    ['ONAP’s own', {}, 'https://oom-cert-service:8443/v1/certificate/RA'],
    ['a slash at the end of the URL', { url: 'https://h:8443/' }, 'https://h:8443/v1/certificate/RA'],
    [
      'slashes around endpoint and CA',
      { url: 'https://h', certEndpoint: '/v1//certificate/' },
      'https://h/v1/certificate/RA',
    ],
    ['a path in the URL, which is kept', { url: 'https://h/onap/cert/' }, 'https://h/onap/cert/v1/certificate/RA'],
    ['a query in the URL', { url: 'https://h/?tenant=a' }, 'https://h/v1/certificate/RA?tenant=a'],
    [
      'dots, which do not lead out',
      { url: 'https://h/p', certEndpoint: '../../v1/./x/../certificate' },
      'https://h/p/v1/certificate/RA',
    ],
    [
      'characters that need escapes',
      { caName: 'R A?#ü' },
      'https://oom-cert-service:8443/v1/certificate/R%20A%3F%23%C3%BC',
    ],
    ['characters that need none', { caName: 'a:b@c~d' }, 'https://oom-cert-service:8443/v1/certificate/a:b@c~d'],
  ])('follows the rules of ONAP’s provider: %s', (_name, changes, expected) => {
    const { origin, certificate } = certServiceAddress(config(changes));
    expect(origin + certificate).toBe(expected);
  });

  it('has an address for health and update, too', () => {
    const { health, update } = certServiceAddress(config({ url: 'https://h/p' }));
    expect([health, update]).toEqual(['/p/actuator/health', '/p/v1/certificate-update/RA']);
  });

  it.each([[{ updateEndpoint: '' }], [{}]])('never updates without an updateEndpoint: %j', (changes) => {
    const { updateEndpoint: _none, ...without } = config();
    expect(certServiceAddress({ ...without, ...changes }).update).toBeUndefined();
  });

  it.each<[Partial<CertServiceConfig>, RegExp]>([
    [{ url: 'oom-cert-service' }, /^url: "oom-cert-service" is no URL/],
    [{ url: 'http://h:8080' }, /^url: it must be an https URL/],
    [{ url: 'https://user:hush@h' }, /^url: it must not hold credentials$/],
    [{ caName: ':RA' }, /^caName: .*colon/],
    [{ healthEndpoint: ':health' }, /^healthEndpoint: .*colon/],
    [{ certEndpoint: ':v1' }, /^certEndpoint: .*colon/],
    [{ updateEndpoint: ':v1' }, /^updateEndpoint: .*colon/],
    [{ caName: 'R%A' }, /^caName: .*escape/],
    [{ caName: 'R\nA' }, /^caName: it holds a control character/],
  ])('refuses what cannot be asked: %j', (changes, message) => {
    expect(() => certServiceAddress(config(changes))).toThrow(
      expect.objectContaining({
        code: 'ConfigurationInvalid',
        retry: 'issuer',
        message: expect.stringMatching(message),
      }),
    );
  });
});
