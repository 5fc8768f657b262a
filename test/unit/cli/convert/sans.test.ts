import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSans, type SanField } from '../../../../src/cli/convert/sans.js';

const NONE = { dnsNames: [], ipAddresses: [], uris: [], emailAddresses: [], unmatched: [] };

describe('parseSans', () => {
  it.each<[string, SanField | 'unmatched']>([
    ['onap.org', 'dnsNames'],
    ['localhost', 'dnsNames'],
    ['a-b.c1.', 'dnsNames'],
    ['10.1.2.3', 'ipAddresses'],
    ['2001:db8::1', 'ipAddresses'],
    ['fe80:1:2:3:4:5:6:7', 'ipAddresses'],
    ['onap@onap.org', 'emailAddresses'],
    ['onap@localhost', 'emailAddresses'],
    ['onap://cluster.local/', 'uris'],
    ['https://onap.org:8443/a', 'uris'],
    ['urn:onap:component', 'uris'],
    ['sip:user@onap.org', 'uris'],
    ['*.onap.org', 'unmatched'],
    ['-onap.org', 'unmatched'],
    ['a_b', 'unmatched'],
    ['onap@', 'unmatched'],
  ])('takes %s for one of %s', (entry, field) => {
    expect(parseSans(entry)).toEqual({ ...NONE, [field]: [entry] });
  });

  it.each([
    ['a.org;10.0.0.1;b@c.org', ';'],
    ['a.org:10.0.0.1:b@c.org', ':'],
    [' a.org , 10.0.0.1 ,, b@c.org,a.org', undefined],
  ])('reads the list "%s"', (text, oldDelimiter) => {
    const expected = { ...NONE, dnsNames: ['a.org'], ipAddresses: ['10.0.0.1'], emailAddresses: ['b@c.org'] };
    expect(parseSans(text)).toEqual(oldDelimiter === undefined ? expected : { ...expected, oldDelimiter });
  });

  it('finds every name again, whatever separates the names', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
    const name = fc.oneof(
      fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.')),
      fc.ipV4(),
      fc.tuple(label, label).map(([user, host]) => `${user}@${host}.org`),
    );
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, fc.constantFrom(',', ';', ':'), (wanted, delimiter) => {
        const found = parseSans(wanted.join(delimiter));
        expect(found.unmatched).toEqual([]);
        expect([...found.dnsNames, ...found.ipAddresses, ...found.emailAddresses].sort()).toEqual([...wanted].sort());
      }),
    );
  });
});
