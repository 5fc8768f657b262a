import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer, octetString } from '../../../../src/asn1/index.js';
import { decodeMessage } from '../../../../src/cmp/message.js';
import {
  DEFAULT_PBM_POLICY,
  derivePbmKey,
  hmac,
  LEGACY_PBM_POLICY,
  type OwfName,
  PbmKeys,
  type PbmPolicy,
  pbmAlgorithm,
  pbmProtector,
  readPbmParameters,
  referenceName,
  verifyMac,
} from '../../../../src/cmp/protection/index.js';
import { toKeyObject } from '../../../../src/cmp/protection/pbm-key.js';
import { PBMParameter } from '../../../../src/cmp/schema/index.js';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** Whole messages of OpenSSL's server under the secret below. */
const PKICONF =
  hex(`3081c43081a4020102a4023000a4023000a011180f32303236313132323033343635335aa13e303c06092a864886f67d07420d302f0410
5cd616f9cd1a54a89970b78a4f051409300b0609608648016503040201020201f4300a06082b06010505080102a20804066c6162726566a4120410c6b587383964ed40a0fa
04134dd7d14da512041032a8a5867c4fa7a6a6fbefe8b2edbf8ca61204107acd7f8e1d3c4cb9b8ec671c820a32e1b3020500a0170315001daca507c7c2012e6a24f8748337
584ebff5bde6`);
const WAITING =
  hex(`3081cc3081a4020102a4023000a4023000a011180f32303236313132323033353731335aa13e303c06092a864886f67d07420d302f0410
980a0f1ea235d64d5ae0c5d31abc5fed300b0609608648016503040201020201f4300a06082b06010505080102a20804066c6162726566a4120410a64e52d72da6373014b2
70a946bfbc09a5120410fbef64a1bdf893cc52057d3a7fcfdd5ba61204104ceec10a7737a85aaf3476bcd98adf65b70a30083003020103020100a0170315006695d5bc4e49
e4abccc205f096c4046eeec7ae7f`);
const SECRET = Buffer.from('labsecret-0123456789');
const SALT = hex('000102030405060708090a0b0c0d0e0f');

describe('PasswordBasedMac', () => {
  it.each<[OwfName, number, string]>([
    ['sha256', 1, '000ced243d660a58c40e5dac8230c5fe6259a3c9def1a5bd61ad4c81e6160406'],
    ['sha256', 2, 'dd78b72bbce584a1301f4aa906e8746ff4757f43f6d3a63807d69b92fe577dc3'],
    ['sha256', 500, '86fb03701b731e7663745d258fe2a26271566b13e6330466ab121e6f90f835e5'],
    ['sha1', 1000, '826fa4a5a7e9766090ef0a2e757644041844ec59'],
  ])('derives the known key with %s and %i iterations', async (owf, iterationCount, expected) => {
    const key = await derivePbmKey(Buffer.from('secret'), { salt: SALT, owf, iterationCount });
    expect(Buffer.from(key).toString('hex')).toBe(expected);
  });

  it('derives the same key in one turn and in slices', async () => {
    const parameters = { salt: SALT, owf: 'sha256' as const };
    const half = await derivePbmKey(SECRET, { ...parameters, iterationCount: 2_000 });
    const again = await derivePbmKey(half, { salt: new Uint8Array(), owf: 'sha256', iterationCount: 2_100 });
    const whole = await derivePbmKey(SECRET, { ...parameters, iterationCount: 4_100 });
    expect(whole).toEqual(again);
  });

  it('lets everything else have its turn between slices, however many keys are derived', async () => {
    let rounds = 0;
    let running = true;
    const count = () => {
      rounds++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const parameters = { salt: SALT, owf: 'sha256', iterationCount: 20_000 } as const;
    await Promise.all([derivePbmKey(SECRET, parameters), derivePbmKey(Buffer.from('another'), parameters)]);
    running = false;
    expect(rounds).toBeGreaterThanOrEqual(38);
  });

  it('wipes the octets of a key once it is one', () => {
    const octets = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
    const key = toKeyObject(octets);
    expect(octets).toEqual(new Uint8Array(32));
    expect(key.export()).toEqual(Buffer.from(Array.from({ length: 32 }, (_, index) => index + 1)));
  });

  it('keeps 32 derived keys and no more, and shows neither them nor the secret', async () => {
    const keys = new PbmKeys(Buffer.from('swordfish'));
    const key = (salt: number) => keys.key({ salt: Uint8Array.of(salt), owf: 'sha256', iterationCount: 1 });
    const first = await key(0);
    for (let salt = 1; salt < 32; salt++) await key(salt);
    expect(await key(0)).toBe(first);
    // That one was asked for last: the one before it is the oldest now.
    const second = await key(1);
    for (let salt = 32; salt < 64; salt++) await key(salt);
    expect(await key(1)).not.toBe(second);
    expect(await key(63)).toBe(await key(63));
    const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys);
    for (const hidden of ['swordfish', Buffer.from('swordfish').toString('hex'), second.export().toString('hex')]) {
      expect(shown).not.toContain(hidden);
    }
  });

  it('uses the whole key for HMAC-SHA1', async () => {
    const key = await derivePbmKey(Buffer.from('secret'), { salt: SALT, owf: 'sha256', iterationCount: 500 });
    expect(Buffer.from(hmac('sha1', key, Buffer.from('abc'))).toString('hex')).toBe(
      '7d88f15dff3aebd666bc79103448c627af5308a7',
    );
  });

  it.each([
    ['pkiconf', PKICONF],
    ['error with status waiting', WAITING],
  ])('verifies a whole %s of OpenSSL', async (_name, der) => {
    await expect(
      verifyMac(decodeMessage(der), new PbmKeys(SECRET), { pbm: DEFAULT_PBM_POLICY }),
    ).resolves.toBeUndefined();
  });

  it('refuses a wrong secret, and says what to compare', async () => {
    await expect(
      verifyMac(decodeMessage(PKICONF), new PbmKeys(Buffer.from('labsecret-0123456789 ')), { pbm: DEFAULT_PBM_POLICY }),
    ).rejects.toMatchObject({
      code: 'ProtectionInvalid',
      message: expect.stringContaining('compare secret and reference'),
    });
  });

  it('refuses a MAC that is cut short', async () => {
    const message = decodeMessage(PKICONF);
    const cut = { ...message, protection: message.protection?.subarray(0, 10) };
    await expect(verifyMac(cut, new PbmKeys(SECRET), { pbm: DEFAULT_PBM_POLICY })).rejects.toMatchObject({
      code: 'ProtectionInvalid',
      message: expect.stringContaining('10 octets instead of 20'),
    });
  });

  it.each([
    ['none', undefined],
    ['another protection', { algorithm: '1.2.840.113549.1.5.14' }],
  ])('refuses a message with %s where a PasswordBasedMac is expected', async (_name, value) => {
    const message = decodeMessage(PKICONF);
    const protectionAlg = value && { der: new Uint8Array(), value };
    const changed = { ...message, header: { ...message.header, protectionAlg } };
    await expect(verifyMac(changed, new PbmKeys(SECRET), { pbm: DEFAULT_PBM_POLICY })).rejects.toMatchObject({
      code: 'ProtectionInvalid',
    });
  });

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('protects with HMAC-%s what it verifies', async (mac) => {
    const keys = new PbmKeys(SECRET);
    const protector = pbmProtector({ keys, reference: 'ref é' }, { salt: SALT, owf: mac, iterationCount: 100, mac });
    const der = await protector.protect(
      { pvno: 2, recipient: { type: 'directoryName', value: hex('3000') }, transactionID: SALT },
      { type: 'pkiconf', value: null },
    );
    const message = decodeMessage(der);
    await verifyMac(message, keys, { pbm: LEGACY_PBM_POLICY });
    expect(Buffer.from(message.header.senderKID ?? []).toString()).toBe('ref é');
    expect(message.header.sender).toEqual(referenceName('ref é'));
    expect(message.extraCerts).toEqual([]);
  });
});

describe('readPbmParameters', () => {
  const good = { salt: SALT, owf: 'sha256', iterationCount: 500, mac: 'sha256' } as const;
  const small: PbmPolicy = { ...DEFAULT_PBM_POLICY, maxIterations: 1_000, maxSaltOctets: 16 };

  it.each([
    ['the lower bounds', { iterationCount: 100, salt: SALT.subarray(0, 8) }],
    ['the upper bounds', { iterationCount: 1_000, salt: SALT }],
    ['HMAC-SHA1', { mac: 'sha1' as const }],
  ])('accepts %s', (_name, change) => {
    const wanted = { ...good, ...change };
    expect(readPbmParameters(pbmAlgorithm(wanted), small)).toEqual(wanted);
  });

  it.each([
    ['99 iterations', { iterationCount: 99 }],
    ['1001 iterations', { iterationCount: 1_001 }],
    ['a negative count', { iterationCount: -500 }],
    ['a salt of 7 octets', { salt: SALT.subarray(0, 7) }],
    ['a salt of 17 octets', { salt: Buffer.concat([SALT, hex('00')]) }],
    ['SHA-1 as one-way function', { owf: 'sha1' as const }],
  ])('refuses %s', (_name, change) => {
    expect(() => readPbmParameters(pbmAlgorithm({ ...good, ...change }), small)).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid' }),
    );
  });

  it('accepts SHA-1 as one-way function under the legacy policy only', () => {
    const legacy = pbmAlgorithm({ ...good, owf: 'sha1' });
    expect(readPbmParameters(legacy, LEGACY_PBM_POLICY).owf).toBe('sha1');
    expect(() => readPbmParameters(legacy, DEFAULT_PBM_POLICY)).toThrow(/SHA-1/);
  });

  const parameterOf = (algorithm: { parameters?: Uint8Array | undefined }) =>
    decodeDer(PBMParameter, algorithm.parameters ?? new Uint8Array());

  it('takes NULL parameters of hash and MAC for none, and the PKCS#5 identifier of HMAC-SHA1', () => {
    const parameter = parameterOf(pbmAlgorithm(good));
    const parameters = encodeDer(PBMParameter, {
      ...parameter,
      owf: { ...parameter.owf, parameters: hex('0500') },
      mac: { algorithm: '1.2.840.113549.2.7', parameters: hex('0500') },
    });
    expect(readPbmParameters({ algorithm: '', parameters }, small)).toEqual({ ...good, mac: 'sha1' });
  });

  it.each([
    ['parameters that are no PBMParameter', hex('0500')],
    ['no parameters', undefined],
    ['an unknown MAC', encodeDer(PBMParameter, { ...parameterOf(pbmAlgorithm(good)), mac: { algorithm: '1.2.3.4' } })],
    [
      'a one-way function with parameters',
      encodeDer(PBMParameter, {
        ...parameterOf(pbmAlgorithm(good)),
        owf: { algorithm: '2.16.840.1.101.3.4.2.1', parameters: encodeDer(octetString, SALT) },
      }),
    ],
  ])('refuses %s', (_name, parameters) => {
    expect(() => readPbmParameters({ algorithm: '', parameters }, small)).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid' }),
    );
  });

  it('gives the same MAC as a plain HMAC with the derived key', async () => {
    const key = await derivePbmKey(SECRET, good);
    expect(hmac('sha256', key, SALT)).toEqual(createHmac('sha256', key).update(SALT).digest());
  });
});
