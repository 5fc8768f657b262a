import { expect, it } from '@jest/globals';
import { issuerKey, parseIssuerKey } from '../../../src/controller/issuer-key.js';
import { request, viewed } from './objects.js';

it.each([
  ['CMPv2Issuer', 'CMPv2Issuer/shop/ca'],
  ['CMPv2ClusterIssuer', 'CMPv2ClusterIssuer/ca'],
])('finds the %s of a request and back', (kind, key) => {
  const name = viewed(request({ issuerRef: { group: 'certmanager.onap.org', kind, name: 'ca' } })).issuer;
  expect(name && issuerKey(name)).toBe(key);
  expect(parseIssuerKey(key)).toEqual(name);
});

it('refuses what is no key', () => expect(() => parseIssuerKey('Issuer/a/b')).toThrow(RangeError));
