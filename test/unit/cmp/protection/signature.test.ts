import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../../../src/cmp/message.js';
import {
  protectionSignatureAlgorithm,
  signatureProtector,
  verifySignature,
} from '../../../../src/cmp/protection/index.js';
import {
  encodeSignatureAlgorithm,
  loadPrivateKey,
  NULL_DN,
  publicKeyFromSpki,
  type SignatureAlgorithm,
  spkiOf,
} from '../../../../src/pki/index.js';
import { text } from '../support/fixture.js';
import { certificate } from '../support/session.js';

const recipient = { type: 'directoryName', value: NULL_DN } as const;
const key = (name: string) => loadPrivateKey(text(`${name}.key`));
const p521 = generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey;
const pssKey = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
const demandingPssKey = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha512',
  mgf1HashAlgorithm: 'sha512',
  // A number, whatever the type says.
  saltLength: 70 as unknown as string,
}).privateKey;
const brainpool = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;

async function signed(privateKey: ReturnType<typeof key>, algorithm?: SignatureAlgorithm) {
  const credential = { certificates: [], subject: NULL_DN, subjectKeyIdentifier: Buffer.from('kid'), privateKey };
  const protector = signatureProtector({ ...credential, ...(algorithm === undefined ? {} : { algorithm }) });
  const der = await protector.protect({ pvno: 2, recipient }, { type: 'pkiconf', value: null });
  return { title: protector.title, message: decodeMessage(der), publicKey: publicKeyFromSpki(spkiOf(privateKey)) };
}

describe('protection by signature', () => {
  it.each<[string, ReturnType<typeof key>, SignatureAlgorithm | undefined]>([
    ['ECDSA with SHA-256', key('ra-p256'), undefined],
    ['ECDSA with SHA-384', key('ra-p384'), undefined],
    ['ECDSA with SHA-512', p521, undefined],
    ['RSA with SHA-256', key('ra-rsa'), undefined],
    ['RSA with SHA-512', key('ra-rsa'), { scheme: 'rsa-pkcs1', hash: 'sha512' }],
    ['RSASSA-PSS with SHA-256', key('ra-rsa'), { scheme: 'rsa-pss', hash: 'sha256', saltLength: 32 }],
    ['RSASSA-PSS with SHA-256', pssKey, undefined],
    ['RSASSA-PSS with SHA-512', demandingPssKey, undefined],
    ['ECDSA with SHA-256', brainpool('brainpoolP256r1'), undefined],
    ['ECDSA with SHA-384', brainpool('brainpoolP384r1'), undefined],
    ['ECDSA with SHA-512', brainpool('brainpoolP512r1'), undefined],
    ['Ed25519', key('ra-ed25519'), undefined],
    ['Ed448', generateKeyPairSync('ed448').privateKey, undefined],
  ])('%s verifies what it signed, and nothing else', async (name, privateKey, algorithm) => {
    const { title, message, publicKey } = await signed(privateKey, algorithm);
    expect(title).toBe(name);
    expect(() => verifySignature(message, publicKey)).not.toThrow();
    expect(Buffer.from(message.header.senderKID ?? []).toString()).toBe('kid');
    const altered = { ...message, rawBody: message.rawBody.map((octet) => octet ^ 1) };
    expect(() => verifySignature(altered, publicKey)).toThrow(expect.objectContaining({ code: 'ProtectionInvalid' }));
  });

  it.each<[string, SignatureAlgorithm]>([
    ['SHA-1', { scheme: 'rsa-pkcs1', hash: 'sha1' }],
    ['MD5', { scheme: 'rsa-pkcs1', hash: 'md5' }],
    ['another kind of key', { scheme: 'ecdsa', hash: 'sha256' }],
  ])('refuses %s', async (_name, algorithm) => {
    const { message, publicKey } = await signed(key('ra-rsa'));
    const der = encodeSignatureAlgorithm(algorithm);
    const changed = { ...message, header: { ...message.header, protectionAlg: { der, value: { algorithm: '' } } } };
    expect(() => verifySignature(changed, publicKey)).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid', message: expect.stringContaining('not acceptable') }),
    );
  });

  it('refuses keys that are too short', async () => {
    const { message } = await signed(key('ra-rsa'));
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    expect(() => verifySignature(message, short)).toThrow(expect.objectContaining({ code: 'ProtectionInvalid' }));
  });

  it('names algorithms that it does not know', async () => {
    const { message } = await signed(key('ra-p256'));
    const unknown = { der: Buffer.from('300406022a03', 'hex'), value: { algorithm: '1.2.3' } };
    expect(() => protectionSignatureAlgorithm({ header: { ...message.header, protectionAlg: unknown } })).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid', message: expect.stringContaining('1.2.3') }),
    );
    expect(() => protectionSignatureAlgorithm({ header: { ...message.header, protectionAlg: undefined } })).toThrow(
      expect.objectContaining({ code: 'ProtectionMissing' }),
    );
  });

  it('sends its own certificates before others', async () => {
    const signer = certificate('ra-p256.crt');
    const protector = signatureProtector({
      certificates: [signer.der],
      subject: signer.subject,
      subjectKeyIdentifier: signer.extensions.subjectKeyIdentifier,
      privateKey: key('ra-p256'),
    });
    const others = [certificate('issuing.crt').der];
    const der = await protector.protect({ pvno: 2, recipient }, { type: 'pkiconf', value: null }, others);
    const message = decodeMessage(der);
    expect(message.extraCerts).toEqual([signer.der, ...others]);
    expect(message.header.sender).toEqual({ type: 'directoryName', value: signer.subject });
  });
});
