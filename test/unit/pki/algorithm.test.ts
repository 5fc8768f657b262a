import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  algorithmName,
  algorithmObjection,
  defaultSignatureAlgorithm,
  encodeSignatureAlgorithm,
  hashAlgorithmIdentifier,
  loadPrivateKey,
  parseSignatureAlgorithm,
  publicKeyFromSpki,
  type SignatureAlgorithm,
  sign,
  spkiOf,
  verify,
} from '../../../src/pki/index.js';
import { certificate, ecKeys, fixture } from './support.js';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const data = Buffer.from('to be signed');

const rsa = loadPrivateKey(fixture('csr/rsa2048.key'));
const p256 = loadPrivateKey(fixture('csr/p256.key'));
const p384 = loadPrivateKey(fixture('csr/p384.key'));
const p521 = ecKeys('P-521').privateKey;
const ed25519 = loadPrivateKey(fixture('csr/ed25519.key'));
const ed448 = generateKeyPairSync('ed448').privateKey;

describe('signature algorithms', () => {
  it.each<[SignatureAlgorithm, string, string]>([
    [{ scheme: 'rsa-pkcs1', hash: 'sha256' }, '300d06092a864886f70d01010b0500', 'RSA with SHA-256'],
    [{ scheme: 'rsa-pkcs1', hash: 'sha1' }, '300d06092a864886f70d0101050500', 'RSA with SHA-1'],
    [{ scheme: 'rsa-pkcs1', hash: 'md5' }, '300d06092a864886f70d0101040500', 'RSA with MD5'],
    [{ scheme: 'ecdsa', hash: 'sha224' }, '300a06082a8648ce3d040301', 'ECDSA with SHA-224'],
    [{ scheme: 'ecdsa', hash: 'sha512' }, '300a06082a8648ce3d040304', 'ECDSA with SHA-512'],
    [{ scheme: 'ed25519' }, '300506032b6570', 'Ed25519'],
    [{ scheme: 'ed448' }, '300506032b6571', 'Ed448'],
    [
      { scheme: 'rsa-pss', hash: 'sha256', saltLength: 32 },
      '303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d010108300b0609608648016503040201a203020120',
      'RSASSA-PSS with SHA-256',
    ],
  ])('%j is written and read', (algorithm, der, name) => {
    expect(hex(encodeSignatureAlgorithm(algorithm))).toBe(der);
    expect(parseSignatureAlgorithm(Buffer.from(der, 'hex'))).toEqual(algorithm);
    expect(algorithmName(algorithm)).toBe(name);
  });

  it('are read with NULL and with absent parameters', () => {
    expect(parseSignatureAlgorithm(Buffer.from('300b06092a864886f70d01010b', 'hex'))).toEqual({
      scheme: 'rsa-pkcs1',
      hash: 'sha256',
    });
    expect(parseSignatureAlgorithm(Buffer.from('300c06082a8648ce3d0403020500', 'hex'))).toEqual({
      scheme: 'ecdsa',
      hash: 'sha256',
    });
    expect(hex(hashAlgorithmIdentifier('sha256'))).toBe('300b0609608648016503040201');
  });

  it('are read as openssl writes PSS', () => {
    expect(parseSignatureAlgorithm(certificate('pss-leaf').signatureAlgorithm)).toEqual({
      scheme: 'rsa-pss',
      hash: 'sha384',
      saltLength: 48,
    });
  });

  it('with PSS defaults are SHA-1, and refused as that', () => {
    const algorithm = parseSignatureAlgorithm(Buffer.from('300d06092a864886f70d01010a3000', 'hex'));
    expect(algorithm).toEqual({ scheme: 'rsa-pss', hash: 'sha1', saltLength: 20 });
    expect(algorithmObjection(algorithm, rsa)).toBe('RSASSA-PSS with SHA-1 is too weak');
  });

  it.each([
    ['an unknown OID', '300506032b6572', 'signature algorithm 1.3.101.114 is not supported'],
    ['parameters for Ed25519', '300806032b6570020101', 'Ed25519 with parameters'],
    ['PSS without parameters', '300b06092a864886f70d01010a', 'RSASSA-PSS without parameters'],
    [
      'PSS with two hashes',
      '303406092a864886f70d01010a3027a00d300b0609608648016503040202a116301406092a864886f70d010108300706052b0e03021a',
      'both must be the same',
    ],
    ['PSS with a huge salt', '301306092a864886f70d01010a3006a20402020fff', 'unusable salt length'],
    ['no AlgorithmIdentifier', '0500', 'signature algorithm: invalid DER'],
  ])('are refused with %s', (_, der, message) => {
    expect(() => parseSignatureAlgorithm(Buffer.from(der, 'hex'))).toThrow(message);
  });

  it('cannot be ECDSA with MD5', () => {
    expect(() => encodeSignatureAlgorithm({ scheme: 'ecdsa', hash: 'md5' })).toThrow('there is no ECDSA with MD5');
  });
});

describe('signatures', () => {
  it.each<[string, typeof rsa, SignatureAlgorithm]>([
    ['RSA', rsa, { scheme: 'rsa-pkcs1', hash: 'sha256' }],
    ['P-256', p256, { scheme: 'ecdsa', hash: 'sha256' }],
    ['P-384', p384, { scheme: 'ecdsa', hash: 'sha384' }],
    ['P-521', p521, { scheme: 'ecdsa', hash: 'sha512' }],
    ['BrainpoolP256r1', ecKeys('brainpoolP256r1').privateKey, { scheme: 'ecdsa', hash: 'sha256' }],
    ['BrainpoolP384r1', ecKeys('brainpoolP384r1').privateKey, { scheme: 'ecdsa', hash: 'sha384' }],
    ['BrainpoolP512r1', ecKeys('brainpoolP512r1').privateKey, { scheme: 'ecdsa', hash: 'sha512' }],
    ['Ed25519', ed25519, { scheme: 'ed25519' }],
    ['Ed448', ed448, { scheme: 'ed448' }],
  ])('of a %s key use the right default and verify', async (_, key, algorithm) => {
    expect(defaultSignatureAlgorithm(key)).toEqual(algorithm);
    const publicKey = publicKeyFromSpki(spkiOf(key));
    const signature = await sign(key, algorithm, data);
    expect(verify(publicKey, algorithm, data, signature)).toBe(true);
    expect(verify(publicKey, algorithm, Buffer.from('other data'), signature)).toBe(false);
    expect(verify(publicKey, algorithm, data, signature.slice(0, -1))).toBe(false);
    expect(verify(publicKey, algorithm, data, new Uint8Array())).toBe(false);
  });

  it('with PSS verify with the very salt length alone', async () => {
    const algorithm: SignatureAlgorithm = { scheme: 'rsa-pss', hash: 'sha384', saltLength: 48 };
    const signature = await sign(rsa, algorithm, data);
    expect(verify(rsa, algorithm, data, signature)).toBe(true);
    expect(verify(rsa, { ...algorithm, saltLength: 32 }, data, signature)).toBe(false);
  });

  it('of a key made for PSS', async () => {
    const { privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const algorithm = defaultSignatureAlgorithm(privateKey);
    expect(algorithm).toEqual({ scheme: 'rsa-pss', hash: 'sha256', saltLength: 32 });
    expect(verify(privateKey, algorithm, data, await sign(privateKey, algorithm, data))).toBe(true);
    expect(algorithmObjection({ scheme: 'rsa-pkcs1', hash: 'sha256' }, privateKey)).toContain('does not fit');
  });

  const pssKey = (hash: string, maskHash: string, saltLength: number) =>
    generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      hashAlgorithm: hash,
      mgf1HashAlgorithm: maskHash,
      // A number, whatever the type says.
      saltLength: saltLength as unknown as string,
    }).privateKey;

  it('of a key made for PSS have the hash and at least the salt that it prescribes', async () => {
    const key = pssKey('sha384', 'sha384', 50);
    const algorithm = defaultSignatureAlgorithm(key);
    expect(algorithm).toEqual({ scheme: 'rsa-pss', hash: 'sha384', saltLength: 50 });
    expect(verify(key, algorithm, data, await sign(key, algorithm, data))).toBe(true);
    expect(algorithmObjection({ scheme: 'rsa-pss', hash: 'sha384', saltLength: 49 }, key)).toContain('does not fit');
    expect(algorithmObjection({ scheme: 'rsa-pss', hash: 'sha256', saltLength: 64 }, key)).toContain('does not fit');
  });

  it.each([
    ['SHA-1', pssKey('sha1', 'sha1', 20), 'RSA-PSS-2048 prescribes sha1, which is not supported'],
    ['another hash for MGF1', pssKey('sha256', 'sha1', 32), 'prescribes sha256 but MGF1 with sha1'],
  ])('are not made with a key that prescribes %s', (_, key, objection) => {
    expect(() => defaultSignatureAlgorithm(key)).toThrow(objection);
  });

  const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

  it.each<[string, SignatureAlgorithm, typeof rsa, string]>([
    ['SHA-1', { scheme: 'ecdsa', hash: 'sha1' }, p256, 'ECDSA with SHA-1 is too weak'],
    ['MD5', { scheme: 'rsa-pkcs1', hash: 'md5' }, rsa, 'RSA with MD5 is too weak'],
    ['another kind of key', { scheme: 'ecdsa', hash: 'sha256' }, rsa, 'ECDSA with SHA-256 does not fit a RSA-2048 key'],
    ['EdDSA with an EC key', { scheme: 'ed25519' }, p256, 'Ed25519 does not fit a P-256 key'],
    ['a short key', { scheme: 'rsa-pkcs1', hash: 'sha256' }, weakRsa, 'RSA-1024 is too short'],
    [
      'an odd curve',
      { scheme: 'ecdsa', hash: 'sha256' },
      ecKeys('secp256k1').privateKey,
      'EC secp256k1 is not supported',
    ],
  ])('are neither made nor accepted with %s', async (_, algorithm, key, objection) => {
    expect(algorithmObjection(algorithm, key)).toContain(objection);
    await expect(sign(key, algorithm, data)).rejects.toThrow(objection);
    expect(verify(key, algorithm, data, new Uint8Array(64))).toBe(false);
  });

  it('have no default for keys that cannot sign', () => {
    expect(() => defaultSignatureAlgorithm(generateKeyPairSync('x25519').privateKey)).toThrow(
      'x25519 is not supported',
    );
  });
});
