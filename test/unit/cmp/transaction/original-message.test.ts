import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer } from '../../../../src/asn1/index.js';
import { assembleMessage, decodeMessage, encodeBody, encodeHeader } from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import { type PKIBody, PKIMessages } from '../../../../src/cmp/schema/index.js';
import { enrollmentBody } from '../../../../src/cmp/template.js';
import { type CmpSession, startEnrollment } from '../../../../src/cmp/transaction/index.js';
import { readWish } from '../../../../src/cmp/wish.js';
import { createCsr, encodePem, NULL_DN, parseName } from '../../../../src/pki/index.js';
import { systemRandom } from '../../../../src/runtime/random.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { text } from '../support/fixture.js';
import { sandboxSession, signatureOf } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();
const nobody = { type: 'directoryName', value: NULL_DN } as const;

/** What an end entity would have sent to its RA, with no protection that anybody here could check. */
function original(body: PKIBody): Uint8Array {
  const header = { pvno: 2, sender: nobody, recipient: nobody, transactionID: systemRandom(16) };
  return assembleMessage({ rawHeader: encodeHeader(header), rawBody: encodeBody(body) });
}

const bodyBy = (type: 'ir' | 'p10cr', proof: 'raVerified' | 'signature', csrPem = text('new.csr')) => {
  const privateKey = async () => createPrivateKey(text('new.key'));
  return enrollmentBody(type, proof, readWish(request({ csrPem, privateKey })), new Date());
};

let ca: SandboxCa;
let session: CmpSession;
let sent: Uint8Array[] = [];

beforeAll(async () => {
  ca = await startSandboxCa();
  const onMessage: CmpSession['onMessage'] = (direction, der) => {
    if (direction === 'request') sent.push(der);
  };
  const credential = signatureOf(await ca.issueClientCertificate('registration authority'));
  session = sandboxSession(ca, 'original-pop', { onMessage, credential, enrollment: 'cr' });
});
afterAll(async () => {
  await session.transport.close();
  await ca.close();
});

const enroll = (message?: Uint8Array) => {
  sent = [];
  return startEnrollment(request(message === undefined ? {} : { original: message }), session, signal);
};

/** The originals in the first message sent. */
function originalsSent(): readonly Uint8Array[] {
  const { header } = decodeMessage(sent[0] ?? new Uint8Array());
  const items = (header.generalInfo ?? []).filter(({ infoType }) => infoType === OID.origPKIMessage);
  return items.flatMap(({ infoValue = new Uint8Array() }) => decodeDer(PKIMessages, infoValue));
}

describe('the message that an RA made a request of', () => {
  it.each([
    ['p10cr', 'raVerified'],
    ['ir', 'signature'],
  ] as const)('goes along octet for octet, and proves possession in place of raVerified: %s', async (type, proof) => {
    const message = original(await bodyBy(type, proof));
    await expect(enroll(message)).resolves.toMatchObject({ kind: 'issued' });
    expect(originalsSent()).toEqual([message]);
    // The confirmation is about nothing of it.
    expect(decodeMessage(sent[1] ?? new Uint8Array()).header.generalInfo).toBeUndefined();
  });

  it('is missed by a CA that wants to see it', async () => {
    await expect(enroll()).rejects.toMatchObject({ code: 'Rejected', failInfo: ['badPOP'] });
    expect(originalsSent()).toEqual([]);
  });

  it('that proves nothing itself is of no use', async () => {
    const message = original(await bodyBy('ir', 'raVerified'));
    await expect(enroll(message)).rejects.toMatchObject({ code: 'Rejected', failInfo: ['badPOP'] });
  });

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ['is no message', async () => Uint8Array.of(0x30, 0x00), /cannot be sent along/],
    ['asks for nothing', async () => original({ type: 'pkiconf', value: null }), /asks for no certificate/],
    [
      'is about another key',
      async () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const csr = await createCsr({ subject: parseName('CN=other'), extensions: [] }, privateKey);
        return original(await bodyBy('p10cr', 'raVerified', encodePem('CERTIFICATE REQUEST', csr)));
      },
      /another public key/,
    ],
  ])('is not sent where it %s', async (_what, make, reason) => {
    await expect(enroll(await make())).rejects.toMatchObject({
      code: 'CsrInvalid',
      retry: 'request',
      message: expect.stringMatching(reason),
    });
    expect(sent).toEqual([]);
  });
});

it('is one message in one item', async () => {
  const message = original(await bodyBy('p10cr', 'raVerified'));
  const infoValue = encodeDer(PKIMessages, [message]);
  expect(infoValue[0]).toBe(0x30);
  await enroll(message);
  const { header } = decodeMessage(sent[0] ?? new Uint8Array());
  expect(header.generalInfo).toEqual([{ infoType: OID.origPKIMessage, infoValue }]);
});
