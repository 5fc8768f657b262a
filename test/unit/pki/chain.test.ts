import { describe, expect, it } from '@jest/globals';
import {
  buildPath,
  type Certificate,
  dedupe,
  normalizeChain,
  type PathOptions,
  parseName,
  spkiOf,
} from '../../../src/pki/index.js';
import { certificate, ecKeys, makeCertificate } from './support.js';

const soon = (of: Certificate) => new Date(of.notBefore.getTime() + 3_600_000);
const at = soon(certificate('sha1-leaf'));

/** Builds a path among fixtures, named by their files. */
function path(leaf: string, untrusted: string[], anchors: string[], options: Partial<PathOptions> = {}) {
  return buildPath(certificate(leaf), {
    untrusted: untrusted.map(certificate),
    anchors: anchors.map(certificate),
    at,
    ...options,
  });
}

const names = (certificates: readonly Certificate[]) => certificates.map(({ subjectText }) => subjectText);

describe('a path', () => {
  it.each([
    ['leaf', ['issuing'], ['root'], 3],
    ['leaf', [], ['issuing'], 2],
    ['leaf', [], ['leaf'], 1],
    ['leaf', ['issuing'], ['root', 'issuing'], 2],
    ['rsa-leaf', ['root', 'issuing-cross', 'leaf'], ['root-two'], 3],
    ['pss-leaf', [], ['root-two'], 2],
    ['ed25519-leaf', [], ['ed25519-root'], 2],
    ['old-style-leaf', [], ['old-style-root'], 2],
    ['too-deep', [], ['issuing-cross'], 2],
    ['loop-leaf', ['loop-b', 'loop-back'], ['loop-b'], 2],
  ])('from %s through %j to %j has %i certificates', async (leaf, untrusted, anchors, length) => {
    const result = path(leaf, untrusted, anchors);
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect(result.path).toHaveLength(length);
    expect(result.path[0]?.equals(certificate(leaf))).toBe(true);
    expect(anchors.some((anchor) => result.path.at(-1)?.equals(certificate(anchor)))).toBe(true);
  });

  it.each([
    [
      'without the issuer',
      'leaf',
      [],
      ['root'],
      'incomplete: no issuer certificate for "CN=leaf.example.com,O=CMP Lab,C=DE", issued by "CN=Lab Issuing CA,O=CMP Lab", among 0 candidates and 1 anchors',
    ],
    [
      'without anchors',
      'leaf',
      ['issuing', 'root'],
      [],
      'untrusted: the chain ends at self-signed "CN=Lab Root,O=CMP Lab", which is not among the 0 trust anchors',
    ],
    [
      'to an anchor of the same name with another key',
      'leaf',
      ['issuing'],
      ['impostor-root'],
      'incomplete: no issuer certificate for "CN=Lab Issuing CA,O=CMP Lab"',
    ],
    [
      'through an intermediate with the right name and another key',
      'leaf',
      ['impostor-issuing'],
      ['impostor-root'],
      'the signature does not verify',
    ],
    ['through no CA', 'not-ca-leaf', ['not-ca'], ['root'], '"CN=No CA" is not a CA'],
    [
      'through a CA that may not sign',
      'no-sign-leaf',
      ['no-sign'],
      ['root'],
      'the key usage of "CN=CA without keyCertSign" does not include keyCertSign',
    ],
    [
      'deeper than the CA allows',
      'too-deep-leaf',
      ['too-deep', 'issuing'],
      ['root'],
      '"CN=Lab Issuing CA,O=CMP Lab" allows 0 CAs below it, found 1',
    ],
    ['with a SHA-1 signature', 'sha1-leaf', ['issuing'], ['root'], 'ECDSA with SHA-1 is too weak'],
    [
      'through a CA with a critical extension nobody knows',
      'strange-leaf',
      ['strange-ca'],
      ['root'],
      'has the unknown critical extension 1.2.3.4',
    ],
    ['round in circles', 'loop-leaf', ['loop-b', 'loop-back'], ['root-two'], 'incomplete: no issuer certificate for'],
    ['from a self-signed leaf', 'self-leaf', [], ['root'], 'untrusted: the chain ends at self-signed "CN=alone"'],
  ])('is refused %s', async (_, leaf, untrusted, anchors, reason) => {
    expect(path(leaf, untrusted, anchors)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('says how far it came', async () => {
    const result = path('leaf', ['issuing'], ['root-two']);
    expect(result.ok ? [] : names(result.partial)).toEqual([
      'CN=leaf.example.com,O=CMP Lab,C=DE',
      'CN=Lab Issuing CA,O=CMP Lab',
    ]);
  });

  it('takes the certificate of a cross-certified CA that leads to the anchor', async () => {
    for (const [anchor, via] of [
      ['root', 'issuing'],
      ['root-two', 'issuing-cross'],
    ] as const) {
      const result = path('leaf', ['impostor-issuing', 'issuing-cross', 'impostor-root', 'issuing'], [anchor]);
      expect(result.ok && result.path[1]?.equals(certificate(via))).toBe(true);
    }
  });

  it.each([
    ['before the leaf is valid', 'leaf-short', ['issuing'], -301, 'not valid before'],
    ['within the allowed difference of clocks', 'leaf-short', ['issuing'], -299, undefined],
    ['after the leaf expired', 'leaf-short', ['issuing'], 86_400 + 301, 'expired at'],
    ['just after the leaf expired', 'leaf-short', ['issuing'], 86_400 + 299, undefined],
    ['after a CA expired', 'old-ca-leaf', ['old-ca'], 86_400 + 900, '"CN=Short-lived CA" expired at'],
    ['while the CA is valid', 'old-ca-leaf', ['old-ca'], 3600, undefined],
  ])('is checked for time: %s', async (_, leaf, untrusted, seconds, reason) => {
    const time = new Date(certificate(leaf).notBefore.getTime() + seconds * 1000);
    const result = path(leaf, untrusted, ['issuing', 'root'], { at: time });
    if (reason === undefined) expect(result).toMatchObject({ ok: true });
    else expect(result).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('takes expired anchors for what they are', async () => {
    const time = new Date(certificate('old-ca').notAfter.getTime() + 900_000);
    expect(path('old-ca-leaf', [], ['old-ca'], { at: time })).toMatchObject({ ok: false });
  });

  it('is no longer than allowed', async () => {
    expect(path('leaf', ['issuing'], ['root'], { maxLength: 3 })).toMatchObject({ ok: true });
    expect(path('leaf', ['issuing'], ['root'], { maxLength: 2 })).toMatchObject({
      ok: false,
      reason: 'the chain is longer than 2 certificates',
    });
  });

  it('leads only to leaves that may do what is asked', async () => {
    expect(path('leaf', [], ['issuing'], { requiredKeyUsage: 'digitalSignature' })).toMatchObject({ ok: true });
    expect(path('old-style-leaf', [], ['old-style-root'], { requiredKeyUsage: 'cRLSign' })).toMatchObject({
      ok: true,
    });
    expect(path('leaf', [], ['issuing'], { requiredKeyUsage: 'keyAgreement' })).toMatchObject({
      ok: false,
      reason: 'the key usage of "CN=leaf.example.com,O=CMP Lab,C=DE" does not include keyAgreement',
    });
  });

  it('leads to a leaf with strange critical extensions only when that is allowed', async () => {
    expect(path('strange-ca', [], ['root'])).toMatchObject({
      ok: false,
      reason: expect.stringContaining('1.2.3.4'),
    });
    expect(path('strange-ca', [], ['root'], { allowUnknownCriticalInLeaf: true })).toMatchObject({ ok: true });
  });

  it.each([
    ['constrained-good', 'constrained', undefined],
    ['constrained-other', 'constrained', undefined],
    ['ed25519-constrained-leaf', 'ed25519-constrained', undefined],
    ['constrained-some', 'constrained', 'permitted'],
    ['constrained-outside', 'constrained', 'permitted'],
    ['constrained-excluded', 'constrained', 'excluded'],
    ['constrained-address', 'constrained', 'permitted'],
    ['named-good', 'named', undefined],
    ['named-bad', 'named', 'permitted'],
  ])('respects name constraints as openssl does: %s', async (leaf, ca, reason) => {
    for (const [untrusted, anchors] of [
      [[ca], ['root', 'ed25519-root']],
      [[], [ca]],
    ] as const) {
      const result = path(leaf, [...untrusted], [...anchors]);
      if (reason === undefined) expect(result).toMatchObject({ ok: true });
      else expect(result).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
    }
  });

  it('is found among many certificates of strangers, or given up within bounds', async () => {
    const issuer = certificate('issuing').subject;
    const flood = await Promise.all(
      Array.from({ length: 100 }, () =>
        makeCertificate({ subject: issuer, spki: spkiOf(ecKeys().publicKey), issuer: parseName('CN=nobody') }),
      ),
    );
    const options = { anchors: [certificate('root')], at };
    expect(buildPath(certificate('leaf'), { ...options, untrusted: [certificate('issuing'), ...flood] })).toMatchObject(
      { ok: true },
    );
    expect(buildPath(certificate('leaf'), { ...options, untrusted: [...flood, certificate('issuing')] })).toMatchObject(
      { ok: false },
    );
    expect(
      buildPath(certificate('too-deep'), { ...options, untrusted: [...flood, certificate('root-two')] }),
    ).toMatchObject({ ok: false });
    expect(buildPath(certificate('self-leaf'), { ...options, anchors: [], untrusted: flood })).toMatchObject({
      ok: false,
    });
  });
});

describe('a chain', () => {
  const of = (...files: string[]) => normalizeChain(files.map(certificate));

  it.each([
    [['leaf', 'issuing', 'root'], ['leaf', 'issuing'], 'root'],
    [['leaf', 'root'], ['leaf'], 'root'],
    [['leaf', 'issuing'], ['leaf', 'issuing'], undefined],
    [['leaf'], ['leaf'], undefined],
    [['root'], ['root'], 'root'],
    [[], [], undefined],
  ])('of %j is %j with root %s', (files, chain, root) => {
    const result = of(...files);
    expect(names(result.chain)).toEqual(names(chain.map(certificate)));
    expect(result.root?.subjectText).toBe(root && certificate(root).subjectText);
  });

  it('has no repetitions', () => {
    const all = ['leaf', 'issuing', 'leaf', 'issuing-cross', 'issuing'].map(certificate);
    expect(names(dedupe(all))).toEqual(names(['leaf', 'issuing', 'issuing-cross'].map(certificate)));
  });
});
