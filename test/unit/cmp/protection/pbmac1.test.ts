import { createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer } from '../../../../src/asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import {
  DEFAULT_PBM_POLICY,
  DEFAULT_PBMAC1_POLICY,
  hmac,
  type Pbmac1Parameters,
  PbmKeys,
  pbmac1Algorithm,
  pbmac1Protector,
  readPbmac1Parameters,
  verifyMac,
} from '../../../../src/cmp/protection/index.js';
import { PBKDF2Params, PBMAC1Params } from '../../../../src/cmp/schema/index.js';
import { NULL_DN } from '../../../../src/pki/index.js';

const SECRET = Buffer.from('secret');
const SALT = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const good: Pbmac1Parameters = { salt: SALT, iterationCount: 1_000, keyLength: 32, prf: 'sha256', mac: 'sha256' };
const policies = { pbm: DEFAULT_PBM_POLICY };

const message = async (parameters: Pbmac1Parameters, keys = new PbmKeys(SECRET)): Promise<ReceivedMessage> =>
  decodeMessage(
    await pbmac1Protector({ keys, reference: 'reference' }, parameters).protect(
      { pvno: 2, recipient: { type: 'directoryName', value: NULL_DN }, transactionID: SALT },
      { type: 'pkiconf', value: null },
    ),
  );

describe('PBMAC1', () => {
  it('derives the known key and makes the known MAC', async () => {
    const key = await new PbmKeys(SECRET).pbkdf2Key(good);
    expect(key.export().toString('hex')).toBe('4efb2bbb6d2eb58ea8deaed54417ae2fd87fd50a8a8568709363da60d4560606');
    expect(Buffer.from(hmac('sha256', key, Buffer.from('abc'))).toString('hex')).toBe(
      '50c7f7f6c308c5e165fd6b0a1741b38a53705d0fc753276f1d3c4b497b7f2dec',
    );
  });

  it.each(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const)(
    'verifies what it makes with HMAC-%s',
    async (mac) => {
      const made = await message({ ...good, prf: mac, mac, keyLength: 48 });
      await expect(verifyMac(made, new PbmKeys(SECRET), policies)).resolves.toBeUndefined();
      await expect(verifyMac(made, new PbmKeys(Buffer.from('Secret')), policies)).rejects.toMatchObject({
        code: 'ProtectionInvalid',
        message: expect.stringContaining('compare secret and reference'),
      });
    },
  );

  it('computes what RFC 8018 says, over the octets of header and body', async () => {
    const made = await message(good);
    const key = pbkdf2Sync(SECRET, SALT, 1_000, 32, 'sha256');
    const octets = Buffer.concat([made.rawHeader, made.rawBody]);
    const head =
      octets.length < 256 ? [0x30, 0x81, octets.length] : [0x30, 0x82, octets.length >> 8, octets.length & 255];
    const part = Buffer.concat([Buffer.from(head), octets]);
    expect(Buffer.from(made.protection ?? [])).toEqual(createHmac('sha256', key).update(part).digest());
  });

  it('refuses a MAC that is cut short', async () => {
    const made = await message(good);
    const cut = { ...made, protection: made.protection?.subarray(0, 16) };
    await expect(verifyMac(cut, new PbmKeys(SECRET), policies)).rejects.toMatchObject({
      message: expect.stringContaining('16 octets instead of 32'),
    });
  });

  it('is verified without deriving anything when its parameters are not acceptable', async () => {
    const absurd = pbmac1Algorithm({ ...good, iterationCount: 2_000_000_000 });
    const made = await message(good);
    const protectionAlg = { der: new Uint8Array(), value: absurd };
    const changed = { ...made, header: { ...made.header, protectionAlg } };
    await expect(verifyMac(changed, new PbmKeys(SECRET), policies)).rejects.toMatchObject({
      code: 'ProtectionInvalid',
      message: expect.stringContaining('iteration count'),
    });
  });
});

describe('readPbmac1Parameters', () => {
  it.each<[string, Partial<Pbmac1Parameters>]>([
    ['the fewest iterations', { iterationCount: 1_000 }],
    ['the most iterations', { iterationCount: 1_000_000 }],
    ['the most work: iterations times blocks', { iterationCount: 7_812, keyLength: 4_096 }],
    ['the shortest key', { keyLength: 16 }],
    ['the shortest salt', { salt: SALT.subarray(0, 8) }],
    ['HMAC-SHA1', { prf: 'sha1', mac: 'sha1' }],
  ])('accepts %s', (_name, change) => {
    const wanted = { ...good, ...change };
    expect(readPbmac1Parameters(pbmac1Algorithm(wanted))).toEqual(wanted);
  });

  it.each<[string, Partial<Pbmac1Parameters>, string]>([
    ['too few iterations', { iterationCount: 999 }, 'iteration count'],
    ['too many iterations', { iterationCount: 1_000_001 }, 'iteration count'],
    ['too much work', { iterationCount: 7_813, keyLength: 4_096 }, 'iteration count'],
    ['a negative count', { iterationCount: -1_000 }, 'iteration count'],
    ['a short key', { keyLength: 15 }, 'keyLength'],
    ['an absurd key', { keyLength: 4_097 }, 'keyLength'],
    ['a negative key', { keyLength: -32 }, 'keyLength'],
    ['a short salt', { salt: SALT.subarray(0, 7) }, 'salt'],
    ['a long salt', { salt: Buffer.alloc(1_025) }, 'salt'],
  ])('refuses %s', (_name, change, what) => {
    expect(() => readPbmac1Parameters(pbmac1Algorithm({ ...good, ...change }))).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid', message: expect.stringContaining(what) }),
    );
  });

  const partsOf = (parameters: Pbmac1Parameters) => {
    const pbmac1 = decodeDer(PBMAC1Params, pbmac1Algorithm(parameters).parameters ?? new Uint8Array());
    return { pbmac1, pbkdf2: decodeDer(PBKDF2Params, pbmac1.keyDerivationFunc.parameters ?? new Uint8Array()) };
  };
  const { pbmac1, pbkdf2 } = partsOf(good);
  const derivedBy = (kdf: Partial<PBKDF2Params>) =>
    encodeDer(PBMAC1Params, {
      ...pbmac1,
      keyDerivationFunc: { algorithm: OID.pbkdf2, parameters: encodeDer(PBKDF2Params, { ...pbkdf2, ...kdf }) },
    });

  it('takes a missing keyLength for that of the MAC, and a missing prf for HMAC-SHA1', () => {
    const parameters = derivedBy({ keyLength: undefined, prf: undefined });
    expect(readPbmac1Parameters({ algorithm: OID.pbmac1, parameters })).toEqual({ ...good, prf: 'sha1' });
  });

  it.each([
    ['no parameters', undefined],
    ['parameters that are none', Buffer.from('0500', 'hex')],
    [
      'another key derivation',
      encodeDer(PBMAC1Params, { ...pbmac1, keyDerivationFunc: { algorithm: '1.3.6.1.4.1.11591.4.11' } }),
    ],
    ['an unknown MAC', encodeDer(PBMAC1Params, { ...pbmac1, messageAuthScheme: { algorithm: '1.2.3.4' } })],
    ['an unknown pseudorandom function', derivedBy({ prf: { algorithm: '1.2.3.4' } })],
    [
      'a MAC with parameters',
      encodeDer(PBMAC1Params, {
        ...pbmac1,
        messageAuthScheme: { ...pbmac1.messageAuthScheme, parameters: Buffer.from('020101', 'hex') },
      }),
    ],
  ])('refuses %s', (_name, parameters) => {
    expect(() => readPbmac1Parameters({ algorithm: OID.pbmac1, parameters })).toThrow(
      expect.objectContaining({ code: 'ProtectionInvalid' }),
    );
  });

  it('obeys a policy of the caller', () => {
    const policy = { ...DEFAULT_PBMAC1_POLICY, macs: ['sha512' as const] };
    expect(() => readPbmac1Parameters(pbmac1Algorithm(good), policy)).toThrow(/not supported/);
  });
});
