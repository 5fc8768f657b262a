import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer } from '../../../src/asn1/index.js';
import { describeKey, keyMatches, loadPrivateKey, PkiError, samePublicKey, spkiOf } from '../../../src/pki/index.js';
import { SubjectPublicKeyInfo } from '../../../src/pki/schema.js';
import { ecKeys, fixture, request, thrown } from './support.js';

const rsaPem = fixture('csr/rsa2048.key');
const rsa = createPrivateKey(rsaPem);
const ec = createPrivateKey(fixture('csr/p256.key'));

describe('a private key', () => {
  it.each([
    ['PKCS#8', rsaPem, 'RSA-2048'],
    ['PKCS#1', rsa.export({ type: 'pkcs1', format: 'pem' }).toString(), 'RSA-2048'],
    ['SEC1', ec.export({ type: 'sec1', format: 'pem' }).toString(), 'P-256'],
    [
      'SEC1 behind its parameters',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ec.export({ type: 'sec1', format: 'pem' }).toString()}`,
      'P-256',
    ],
    ['Ed25519', fixture('csr/ed25519.key'), 'Ed25519'],
  ])('is read from %s', (_, pem, description) => {
    expect(describeKey(loadPrivateKey(pem))).toBe(description);
  });

  const encryption = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const { privateKey: shortKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });

  it.each([
    ['encrypted PKCS#8', rsa.export({ type: 'pkcs8', ...encryption }), 'KeyEncrypted', 'store it unencrypted'],
    ['encrypted PKCS#1', rsa.export({ type: 'pkcs1', ...encryption }), 'KeyEncrypted', 'openssl pkey'],
    ['no key', fixture('pki/root.crt'), 'PemInvalid', 'no PEM block "-----BEGIN PRIVATE KEY-----" found'],
    ['two keys', rsaPem + rsaPem, 'PemInvalid', '2 keys found, expected exactly one'],
    ['another format', rsaPem.replaceAll('PRIVATE', 'OPENSSH PRIVATE'), 'KeyUnsupported', 'convert it to PKCS#8'],
    ['rubbish', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----', 'KeyInvalid', 'holds no valid key'],
    ['a short key', shortKey.export({ type: 'pkcs8', format: 'pem' }), 'KeyUnsupported', 'RSA-1024 is too short'],
    [
      'a key for agreement',
      generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
      'KeyUnsupported',
      'x25519',
    ],
  ])('is refused: %s', (_, pem, code, message) => {
    const error = thrown(() => loadPrivateKey(pem.toString()));
    expect(error).toBeInstanceOf(PkiError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error).not.toHaveProperty('cause');
  });
});

describe('public keys', () => {
  const { spki } = request('rsa2048');
  const parts = decodeDer(SubjectPublicKeyInfo, spki);

  it('are the same in spite of NULL or absent parameters', () => {
    const withoutNull = encodeDer(SubjectPublicKeyInfo, {
      ...parts,
      algorithm: { algorithm: parts.algorithm.algorithm },
    });
    expect(withoutNull).not.toEqual(spki);
    expect(samePublicKey(spki, withoutNull)).toBe(true);
    expect(keyMatches(rsa, withoutNull)).toBe(true);
  });

  it.each([
    ['another key', spkiOf(ecKeys().publicKey)],
    ['another algorithm', encodeDer(SubjectPublicKeyInfo, { ...parts, algorithm: { algorithm: '1.2.3' } })],
    ['other bits', encodeDer(SubjectPublicKeyInfo, { ...parts, subjectPublicKey: parts.subjectPublicKey.slice(1) })],
  ])('differ by %s', (_, other) => {
    expect(samePublicKey(spki, other)).toBe(false);
  });

  it('differ by curve alone', () => {
    const [a, b] = [ecKeys('P-256'), ecKeys('P-384')].map(({ publicKey }) =>
      decodeDer(SubjectPublicKeyInfo, spkiOf(publicKey)),
    );
    if (a === undefined || b === undefined) throw new Error('no keys');
    expect(
      samePublicKey(
        encodeDer(SubjectPublicKeyInfo, a),
        encodeDer(SubjectPublicKeyInfo, { ...a, algorithm: b.algorithm }),
      ),
    ).toBe(false);
  });
});
