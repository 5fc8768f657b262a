import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { describeKey, PkiError, publicKeyFromSpki, spkiOf } from '../../../src/pki/index.js';
import { p256Key } from '../../../src/pki/p256.js';
import { asBuffer, namedCurve } from '../../../src/pki/spki.js';
import { thrown } from './support.js';

const pair = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const { publicKey, privateKey } = pair('prime256v1');

describe('a P-256 key read by its coordinates', () => {
  it('is the one that OpenSSL reads, and verifies the same', () => {
    for (let i = 0; i < 20; i++) {
      const { publicKey: other, privateKey: signing } = pair('prime256v1');
      const key = publicKeyFromSpki(spki(other));
      expect(key.equals(createPublicKey({ key: spki(other), format: 'der', type: 'spki' }))).toBe(true);
      expect(spkiOf(key)).toEqual(spki(other));
      const data = Buffer.from(`message ${i}`);
      const signature = sign('sha256', data, signing);
      expect(verify('sha256', data, key, signature)).toBe(true);
      expect(verify('sha256', Buffer.from('another'), key, signature)).toBe(false);
      expect(describeKey(key)).toBe('P-256');
      expect(namedCurve(key)).toBe('prime256v1');
    }
  });

  it.each([
    ['off the curve', (der: Buffer) => der.fill((der.at(-1) ?? 0) ^ 1, der.length - 1)],
    ['zero', (der: Buffer) => der.fill(0, der.length - 64)],
    ['beyond the field', (der: Buffer) => der.fill(0xff, der.length - 64)],
  ])('is refused when its point is %s', (_name, spoil) => {
    const spoilt = spoil(Buffer.from(spki(publicKey)));
    expect(thrown(() => publicKeyFromSpki(spoilt))).toMatchObject({ code: 'KeyInvalid' });
    expect(thrown(() => publicKeyFromSpki(spoilt))).toBeInstanceOf(PkiError);
  });

  it('leaves every other form to OpenSSL', () => {
    const short = Buffer.from(spki(publicKey).subarray(0, -1));
    const compressed = Buffer.concat([
      Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
      Buffer.from([(spki(publicKey).at(-1) ?? 0) % 2 === 0 ? 2 : 3]),
      spki(publicKey).subarray(27, 59),
    ]);
    for (const der of [spki(pair('secp384r1').publicKey), spki(pair('secp256k1').publicKey), short, compressed]) {
      expect(p256Key(der)).toBeUndefined();
    }
    expect(publicKeyFromSpki(compressed).equals(publicKey)).toBe(true);
    expect(thrown(() => publicKeyFromSpki(short))).toMatchObject({ code: 'KeyInvalid' });
  });

  it('is found in octets that lie within others', () => {
    const around = Buffer.concat([Buffer.alloc(11, 0x30), spki(publicKey), Buffer.alloc(7)]);
    const within = new Uint8Array(around.buffer, around.byteOffset + 11, spki(publicKey).length);
    expect(p256Key(asBuffer(within))?.equals(createPublicKey(privateKey))).toBe(true);
  });
});
