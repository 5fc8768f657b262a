import { describe, expect, it } from '@jest/globals';
import {
  type CertificatePolicy,
  caOnlyIfAsked,
  certificateReadable,
  certificateValidNow,
  chainsToTrust,
  publicKeyMatches,
  requestCovered,
} from '../../../../src/cmp/rules/index.js';
import { parseCsr } from '../../../../src/pki/index.js';
import { der, text } from '../support/fixture.js';
import { certificate } from '../support/session.js';

const csr = parseCsr(text('new.csr'));
const good = certificate('new.crt');
const issuing = certificate('issuing.crt');
const root = certificate('root.crt');
const now = new Date('2027-01-01T00:00:00Z');
const wanted = { csr, usages: [], isCA: false };
const refused = expect.objectContaining({ code: 'CertificateRefused', retry: 'request' });

describe('certificateReadable', () => {
  it('takes a certificate', () => expect(certificateReadable(der('new.crt')).sha256).toBe(good.sha256));
  it.each([
    ['something else', Uint8Array.of(0x30, 0x00)],
    ['a certificate cut short', der('new.crt').subarray(0, 200)],
    ['a certificate with more behind it', Buffer.concat([der('new.crt'), Buffer.alloc(1)])],
  ])('refuses %s', (_name, octets) => expect(() => certificateReadable(octets)).toThrow(refused));
});

describe('publicKeyMatches', () => {
  it('takes the requested key', () => expect(() => publicKeyMatches(good, csr)).not.toThrow());
  it('refuses another one under the same name', () =>
    expect(() => publicKeyMatches(certificate('new-other-key.crt'), csr)).toThrow(refused));
});

describe('certificateValidNow', () => {
  const { notBefore, notAfter } = certificate('new-expiring.crt');
  const at = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000);
  const expiring = certificate('new-expiring.crt');

  it.each([
    ['at once', notBefore],
    ['a little early', at(notBefore, -300)],
    ['a little late', at(notAfter, 300)],
  ])('takes it %s', (_name, time) => expect(() => certificateValidNow(expiring, time)).not.toThrow());

  it.each([
    ['too early', at(notBefore, -301)],
    ['too late', at(notAfter, 301)],
  ])('refuses it %s', (_name, time) => expect(() => certificateValidNow(expiring, time)).toThrow(refused));
});

describe('caOnlyIfAsked', () => {
  const ca = certificate('new-ca.crt');
  it('takes an end entity', () => expect(() => caOnlyIfAsked(good, wanted)).not.toThrow());
  it('takes a CA that was asked for', () => expect(() => caOnlyIfAsked(ca, { ...wanted, isCA: true })).not.toThrow());
  it('refuses a CA that was not', () => expect(() => caOnlyIfAsked(ca, wanted)).toThrow(refused));
});

describe('chainsToTrust', () => {
  it.each([
    ['through the answer', [issuing], [root], [good, issuing, root]],
    ['to a configured intermediate', [], [issuing], [good, issuing]],
    ['to the root, where both are configured', [], [issuing, root], [good, issuing, root]],
  ])('finds the way %s', (_name, extra, anchors, path) =>
    expect(chainsToTrust(good, extra, anchors, now).map(({ sha256 }) => sha256)).toEqual(
      path.map(({ sha256 }) => sha256),
    ),
  );

  const incomplete = expect.objectContaining({ code: 'ChainIncomplete', retry: 'issuer' });
  it.each([
    ['a chain to another root', certificate('new-other-root.crt'), [certificate('rogue-root.crt')], [root]],
    ['a root that came with the answer', good, [issuing, root], [certificate('root-two.crt')]],
    ['a missing intermediate', good, [], [root]],
  ])('refuses %s', (_name, leaf, extra, anchors) =>
    expect(() => chainsToTrust(leaf, extra, anchors, now)).toThrow(incomplete),
  );
});

describe('requestCovered', () => {
  const exact: CertificatePolicy = { subject: 'Exact', subjectAltNames: 'Exact', usages: 'AllowAdditional' };
  const server = ['digital signature', 'server auth', 'client auth'];

  it.each<[string, string, Partial<CertificatePolicy>, readonly string[]]>([
    ['what was asked', 'new', {}, server],
    ['another subject if any will do', 'new-other-subject', { subject: 'Any' }, server],
    ['additional names if allowed', 'new-more-names', { subjectAltNames: 'AllowAdditional' }, server],
    ['missing names if any will do', 'new-fewer-names', { subjectAltNames: 'Any' }, server],
    ['missing usages if any will do', 'new', { usages: 'Any' }, ['code signing']],
  ])('takes %s', (_name, file, policy, usages) =>
    expect(() =>
      requestCovered(certificate(`${file}.crt`), { ...wanted, usages }, { ...exact, ...policy }),
    ).not.toThrow(),
  );

  it.each<[string, string, Partial<CertificatePolicy>, readonly string[]]>([
    ['another subject', 'new-other-subject', {}, server],
    ['missing names', 'new-fewer-names', {}, server],
    ['missing names where only more are allowed', 'new-fewer-names', { subjectAltNames: 'AllowAdditional' }, server],
    ['additional names', 'new-more-names', {}, server],
    ['missing usages', 'new', {}, ['code signing']],
    [
      'another key, whatever the policy',
      'new-other-key',
      { subject: 'Any', subjectAltNames: 'Any', usages: 'Any' },
      [],
    ],
    ['a CA, whatever the policy', 'new-ca', { subject: 'Any', subjectAltNames: 'Any', usages: 'Any' }, []],
  ])('refuses %s', (_name, file, policy, usages) =>
    expect(() => requestCovered(certificate(`${file}.crt`), { ...wanted, usages }, { ...exact, ...policy })).toThrow(
      refused,
    ),
  );

  it('tells about differences that it lets pass', () => {
    const notes = requestCovered(certificate('new-more-names.crt'), wanted, { ...exact, subjectAltNames: 'Any' });
    expect(notes.join()).toContain('more.example.com');
  });
});
