import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeMessage } from '../../../../src/cli/inspect/describe.js';
import { decodeMessage } from '../../../../src/cmp/message.js';
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

it.each([
  ['poll-ir-2.rsp.der', { type: 'pollRep', body: [{ certReqId: 0, checkAfterSeconds: 1 }] }],
  ['pbm-ir-2-pkiconf.rsp.der', { type: 'pkiconf', body: null }],
  ['nopopo-1.rsp.der', { body: { response: [{ status: { status: 'rejection', failInfo: ['badPOP'] } }] } }],
  ['senderr-ir.rsp.der', { type: 'error', body: { pKIStatusInfo: { status: 'rejection' } } }],
])('shows %s', (name, expected) => {
  expect(inspected(name)).toMatchObject(expected);
});
