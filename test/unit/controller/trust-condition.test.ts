import { describe, expect, it } from '@jest/globals';
import { trustCondition, trustHome } from '../../../src/controller/trust-condition.js';
import type { RootFacts, TrustNews } from '../../../src/enrollment/enroller.js';
import { condition, issuer } from './objects.js';

const root = (subject: string, sha256 = 'ab'.repeat(32)): RootFacts => ({
  subject,
  sha256,
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2036-01-01T00:00:00Z'),
});
const nothing: TrustNews = { successors: [], unknownRoots: [], refused: [], unanswered: [] };
const successors = [{ root: root('CN=Old'), successor: root('CN=New', 'cd'.repeat(32)) }];

const told = (news: Partial<TrustNews>, before?: ReturnType<typeof condition>) =>
  trustCondition({ kind: 'news', news: { ...nothing, ...news } }, 'key ca.crt of Secret shop/trust', 3, before);
const failed = (before?: ReturnType<typeof condition>) =>
  trustCondition({ kind: 'failed', message: 'CA is down' }, 'x', 3, before);

describe('the condition about trust', () => {
  it('says which root, its fingerprint and what to do with it', () => {
    expect(told({ successors })).toEqual({
      type: 'TrustUpdateAvailable',
      status: 'True',
      reason: 'SuccessorAnnounced',
      message:
        'Nothing trusts these roots until you compare their fingerprints with the operator of the CA and add them to key ' +
        'ca.crt of Secret shop/trust (cmpv2-issuer cacerts fetches them): ' +
        `"CN=New" (SHA-256 ${'cd'.repeat(32)}, valid 2026-01-01 to 2036-01-01) follows the trusted "CN=Old"`,
      observedGeneration: 3,
    });
  });

  it('tells a root that somebody vouches for from one that nobody does', () => {
    const unknownRoots = [root('CN=B', 'bb'), root('CN=A', 'aa')];
    expect(told({ unknownRoots })).toMatchObject({
      status: 'True',
      reason: 'UnknownRoot',
      message: expect.stringMatching(/"CN=A" .* no trusted root vouches for it; "CN=B" /),
    });
    expect(told({ successors, unknownRoots })).toMatchObject({
      reason: 'SuccessorAnnounced',
      message: expect.stringMatching(/"CN=New" .*"CN=A" /),
    });
    expect(told({ unknownRoots: [...unknownRoots].reverse() })).toEqual(told({ unknownRoots }));
  });

  it('is about nothing new otherwise, and says what was not answered', () => {
    expect(told({})).toMatchObject({
      status: 'False',
      reason: 'NothingNew',
      message: 'the CA tells of no root that is not trusted',
    });
    expect(told({ unanswered: ['no caCerts'] }).message).toMatch(/; unanswered: no caCerts$/);
  });

  it('never presents as news what must not be believed', () => {
    expect(told({ refused: ['signed by a stranger'] })).toMatchObject({
      status: 'Unknown',
      reason: 'NotBelieved',
      message: 'signed by a stranger',
    });
    expect(told({ unknownRoots: [root('CN=A')], refused: ['signed by a stranger'] }).message).toMatch(
      /; signed by a stranger$/,
    );
  });

  it.each([undefined, condition('TrustUpdateAvailable', 'False'), condition('TrustUpdateAvailable', 'Unknown')])(
    'is unknown when the CA does not tell',
    (before) => {
      expect(failed(before)).toMatchObject({
        status: 'Unknown',
        reason: 'NoAnswer',
        message: 'the CA does not tell about its roots: CA is down',
      });
    },
  );

  it('keeps news until the CA says otherwise', () => {
    const before = condition('TrustUpdateAvailable', 'True', 'SuccessorAnnounced');
    expect(failed(before)).toMatchObject({ status: 'True', reason: 'SuccessorAnnounced', observedGeneration: 3 });
    expect(told({}, before)).toMatchObject({ status: 'False' });
  });

  it('stays short however much the CA tells', () => {
    const unknownRoots = Array.from({ length: 500 }, (_, index) => root(`CN=${'x'.repeat(500)}${index}`, `${index}`));
    const { message = '' } = told({ unknownRoots });
    expect(message.length).toBeLessThanOrEqual(900);
    expect(message).toMatch(/^Nothing trusts .* add them to key ca.crt of Secret shop\/trust/);
  });

  it.each([
    [{ caSecretRef: { name: 'trust', key: 'roots.pem' } }, 'key roots.pem of Secret ns/trust'],
    [{ caBundle: 'PEM' }, 'spec.cmp.trust.caBundle'],
  ])('names the place for new anchors: %j', (trust, home) => {
    expect(trustHome(issuer({ cmp: { trust } }), 'ns')).toBe(home);
  });
});
