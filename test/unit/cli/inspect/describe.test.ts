import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeDer, integer, oid } from '../../../../src/asn1/index.js';
import { describeMessage } from '../../../../src/cli/inspect/describe.js';
import { describeKeySpec } from '../../../../src/cli/inspect/key-spec.js';
import { decodeMessage } from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import { PbmKeys, pbmac1Algorithm, pbmac1Protector, pbmProtector } from '../../../../src/cmp/protection/index.js';
import { AlgorithmIdentifier, PKIMessages } from '../../../../src/cmp/schema/index.js';
import { NULL_DN } from '../../../../src/pki/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';

const folder = join(packageRoot(), 'fixtures', 'cmp', 'recorded');
const inspected = (name: string): unknown => describeMessage(decodeMessage(readFileSync(join(folder, name))));

describe('every recorded message', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.der')))(
    '%s can be shown, with nothing unreadable',
    (name) => {
      const text = JSON.stringify(inspected(name));
      expect(text).toContain('"transactionID"');
      expect(text).not.toContain('unreadable');
    },
  );
});

it('shows a certificate request', () => {
  expect(inspected('rav-1.req.der')).toMatchObject({
    type: 'ir',
    header: {
      pvno: 2,
      sender: expect.any(String),
      recipient: 'CN=Lab Issuing CA,O=CMP Lab',
      protectionAlg: 'PasswordBasedMac: SHA-256, 500 iterations, HMAC-SHA-1, salt of 16 octets',
      senderKID: '6c6162726566 ("labref")',
    },
    body: [{ certReqId: 0, certTemplate: { subject: 'CN=new,O=CMP Lab', publicKey: 'P-256' }, popo: 'raVerified' }],
  });
});

it('shows an issued certificate and the CAs that came along', () => {
  expect(inspected('sig-ir-1.rsp.der')).toMatchObject({
    type: 'ip',
    header: { sender: 'CN=Lab CMP Server,O=CMP Lab', protectionAlg: 'ECDSA with SHA-256' },
    body: {
      caPubs: [{ subject: 'CN=Lab Root CA,O=CMP Lab', ca: true }],
      response: [
        {
          certReqId: 0,
          status: { status: 'accepted' },
          certificate: { subject: 'CN=new,O=CMP Lab', issuer: 'CN=Lab Issuing CA,O=CMP Lab', key: 'P-256' },
        },
      ],
    },
    extraCerts: [{ subject: 'CN=Lab CMP Server,O=CMP Lab' }, { subject: 'CN=Lab Issuing CA,O=CMP Lab', ca: true }],
  });
});

it.each<[string, RegExp, unknown]>([
  ['o35-cacerts.rsp.der', /^caCerts /, [{ subject: 'CN=Lab Root CA,O=CMP Lab', ca: true }]],
  ['o35-crls.rsp.der', /^crls /, [{ issuer: 'CN=Lab Issuing CA,O=CMP Lab' }]],
  ['o35-rootca.rsp.der', /^rootCaKeyUpdate /, { newWithNew: {}, newWithOld: {}, oldWithNew: { ca: true } }],
])('shows what support messages bring: %s', (name, infoType, infoValue) => {
  const shown = [{ infoType: expect.stringMatching(infoType), infoValue }];
  expect(inspected(name)).toMatchObject({ type: 'genp', body: shown });
});

const HEADER = { pvno: 2, recipient: { type: 'directoryName', value: NULL_DN } } as const;
const keys = new PbmKeys(Buffer.from('secret'));
const salt = new Uint8Array(16);

it('shows the messages inside a nested one, also where one cannot be read', async () => {
  const protector = pbmProtector({ keys, reference: 'r' }, { salt, owf: 'sha256', mac: 'sha256', iterationCount: 100 });
  const inner = await protector.protect(HEADER, { type: 'pkiconf', value: null });
  const nested = await protector.protect(HEADER, { type: 'nested', value: [inner, Uint8Array.of(0x30, 0x00)] });
  expect(describeMessage(decodeMessage(nested))).toMatchObject({
    type: 'nested',
    body: [{ type: 'pkiconf', body: null }, { unreadable: expect.any(String) }],
  });
});

it('shows the original of a message, also where it cannot be read', async () => {
  const protector = pbmProtector({ keys, reference: 'r' }, { salt, owf: 'sha256', mac: 'sha256', iterationCount: 100 });
  const inner = await protector.protect(HEADER, { type: 'pkiconf', value: null });
  const shown = async (infoValue: Uint8Array) => {
    const header = { ...HEADER, generalInfo: [{ infoType: OID.origPKIMessage, infoValue }] };
    return describeMessage(decodeMessage(await protector.protect(header, { type: 'pkiconf', value: null })));
  };
  expect(await shown(encodeDer(PKIMessages, [inner, Uint8Array.of(0x30, 0x00)]))).toMatchObject({
    header: {
      generalInfo: [
        {
          infoType: `origPKIMessage (${OID.origPKIMessage})`,
          infoValue: [{ type: 'pkiconf', body: null }, { unreadable: expect.any(String) }],
        },
      ],
    },
  });
  expect(await shown(Uint8Array.of(0x05, 0x00))).toMatchObject({
    header: { generalInfo: [{ infoValue: { unreadable: expect.any(String) } }] },
  });
});

it('shows the parameters of PBMAC1, also those that nobody should accept', async () => {
  const parameters = { salt, iterationCount: 1, keyLength: 1_000_000_000, prf: 'sha512', mac: 'sha256' } as const;
  const protector = pbmac1Protector({ keys, reference: 'r' }, { ...parameters, keyLength: 1 });
  const der = await protector.protect(HEADER, { type: 'pkiconf', value: null });
  const message = decodeMessage(der);
  const value = pbmac1Algorithm(parameters);
  const header = { ...message.header, protectionAlg: { der, value } };
  expect(describeMessage({ ...message, header })).toMatchObject({
    header: {
      protectionAlg:
        'PBMAC1: PBKDF2 with HMAC-SHA-512, 1 iterations, key of 1000000000 octets, HMAC-SHA-256, salt of 16 octets',
    },
  });
});

it.each([
  [OID.algId, { algorithm: '1.2.840.10045.2.1', parameters: encodeDer(oid, '1.3.132.0.34') }, 'P-384'],
  [
    OID.algId,
    { algorithm: '1.2.840.10045.2.1', parameters: encodeDer(oid, '1.3.36.3.3.2.8.1.1.7') },
    'BrainpoolP256r1',
  ],
  [OID.algId, { algorithm: '1.2.840.10045.2.1', parameters: encodeDer(oid, '1.3.132.0.10') }, /^EC 1\.3\.132/],
  [OID.algId, { algorithm: '1.2.840.113549.1.1.1' }, 'RSA'],
  [OID.algId, { algorithm: '1.3.101.112' }, 'Ed25519'],
  [OID.rsaKeyLen, 3072, 'RSA-3072'],
])('shows which keys a template asks for (%s, %j)', (type, value, expected) => {
  const octets = typeof value === 'number' ? encodeDer(integer, value) : encodeDer(AlgorithmIdentifier, value);
  expect(describeKeySpec({ type, value: octets })).toEqual(
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  );
});

it('shows a specification of keys that it cannot read', () => {
  expect(describeKeySpec({ type: OID.rsaKeyLen, value: encodeDer(oid, '1.2.3') })).toMatchObject({
    unreadable: expect.any(String),
  });
  expect(describeKeySpec({ type: '1.2.3', value: Uint8Array.of(5, 0) })).toEqual({ type: '1.2.3', value: '0500' });
});

it.each([
  ['poll-ir-2.rsp.der', { type: 'pollRep', body: [{ certReqId: 0, checkAfterSeconds: 1 }] }],
  ['pbm-ir-2-pkiconf.rsp.der', { type: 'pkiconf', body: null }],
  ['nopopo-1.rsp.der', { body: { response: [{ status: { status: 'rejection', failInfo: ['badPOP'] } }] } }],
  ['senderr-ir.rsp.der', { type: 'error', body: { pKIStatusInfo: { status: 'rejection' } } }],
])('shows %s', (name, expected) => {
  expect(inspected(name)).toMatchObject(expected);
});
