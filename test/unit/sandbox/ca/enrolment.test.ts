import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeDer, encodeDer } from '../../../../src/asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../../../src/cmp/message.js';
import { OID as CMP } from '../../../../src/cmp/oids.js';
import type { HeaderToProtect } from '../../../../src/cmp/protection/index.js';
import { AlgorithmIdentifier, CertRequest, type PKIBody, PKIMessages } from '../../../../src/cmp/schema/index.js';
import { certHash, encodeSignatureAlgorithm } from '../../../../src/pki/index.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { IMPLICIT_CONFIRM } from '../../../../src/sandbox/ca/answer.js';
import { type Behaviour, type LedgerEntry, type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import {
  byMac,
  bySignature,
  CSR,
  certificateIn,
  fixtureCsr,
  ir,
  p10cr,
  refusalIn,
  TestTransaction,
} from './test-client.js';

let ca: SandboxCa;

beforeAll(async () => {
  ca = await startSandboxCa({ secrets: { other: 'another secret' } });
});

afterAll(() => ca.close());

let behaviours = 0;
/** The path of a behaviour made for one test. */
function pathOf(behaviour: Behaviour): string {
  behaviours += 1;
  ca.behaviours.set(`test-${behaviours}`, behaviour);
  return `/cmp/test-${behaviours}`;
}

const certConf = (answer: ReceivedMessage, change: { hash?: Uint8Array; certReqId?: number } = {}): PKIBody => ({
  type: 'certConf',
  value: [{ certHash: change.hash ?? certHash(certificateIn(answer)), certReqId: change.certReqId ?? 0 }],
});

const entryOf = (answer: ReceivedMessage): LedgerEntry | undefined => ca.ledger.find(certificateIn(answer).serialHex);
const infoTypes = ({ header }: ReceivedMessage) => (header.generalInfo ?? []).map(({ infoType }) => infoType);

describe('an enrolment with explicit confirmation', () => {
  it('issues for the requested key, and the ledger follows', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    expect(answer.body.type).toBe('ip');
    expect(Buffer.from(certificateIn(answer).spki).equals(CSR.spki)).toBe(true);
    expect(answer.header).toMatchObject({ pvno: 2, transactionID: transaction.transactionID });
    expect(Buffer.from(answer.header.recipNonce ?? []).equals(transaction.senderNonce)).toBe(true);
    expect(infoTypes(answer)).toEqual([CMP.confirmWaitTime]);
    expect(entryOf(answer)).toMatchObject({
      state: 'issued',
      implicit: false,
      body: 'ir',
      protection: 'PasswordBasedMac',
      subject: CSR.subjectText,
      transactionID: Buffer.from(transaction.transactionID).toString('hex'),
    });
    const key = createHash('sha256').update(CSR.spki).digest('hex');
    expect(ca.ledger.withPublicKey(key)).toContain(entryOf(answer));
    expect(ca.ledger.withPublicKey('00')).toEqual([]);
    const done = await transaction.send(certConf(answer));
    expect(done.body.type).toBe('pkiconf');
    expect(entryOf(answer)?.state).toBe('confirmed');
    expect(refusalIn(await transaction.send(certConf(answer)))).toEqual(['error', 'certConfirmed']);
  });

  it.each([
    ['badRecipientNonce', {}],
    ['certConfirmed', { recipNonce: 'ignore' }],
    [undefined, { recipNonce: 'ignore', confirmedAgain: 'pkiconf' }],
  ] as const)('answers a certConf of a client that has missed pkiconf (%s)', async (failInfo, behaviour) => {
    const transaction = new TestTransaction(ca, pathOf(behaviour));
    const answer = await transaction.send(ir());
    await transaction.send(certConf(answer));
    const again = await transaction.send(certConf(answer), { recipNonce: answer.header.senderNonce });
    expect(refusalIn(again)).toEqual(failInfo === undefined ? ['pkiconf'] : ['error', failInfo]);
    expect(entryOf(answer)).toMatchObject({ state: 'confirmed' });
  });

  it('notes why the client rejects a certificate', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    const statusInfo = { status: 'rejection', statusString: ['not mine'], failInfo: ['incorrectData'] } as const;
    const hash = certHash(certificateIn(answer));
    const done = await transaction.send({ type: 'certConf', value: [{ certHash: hash, certReqId: 0, statusInfo }] });
    expect(done.body.type).toBe('pkiconf');
    expect(entryOf(answer)).toMatchObject({ state: 'rejected', reason: 'not mine, incorrectData' });
  });

  it('takes an empty certConf for a rejection of everything', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    expect((await transaction.send({ type: 'certConf', value: [] })).body.type).toBe('pkiconf');
    expect(entryOf(answer)?.state).toBe('rejected');
  });

  it('takes an error message of the client for a rejection', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    const pKIStatusInfo = { status: 'rejection' } as const;
    expect((await transaction.send({ type: 'error', value: { pKIStatusInfo } })).body.type).toBe('pkiconf');
    expect(entryOf(answer)?.state).toBe('rejected');
  });

  it.each([
    ['another hash', { hash: new Uint8Array(32) }, {}, 'badCertId'],
    ['another certReqId', { certReqId: 1 }, {}, 'badRequest'],
    ['another recipNonce', {}, { recipNonce: new Uint8Array(16) }, 'badRecipientNonce'],
    ['no recipNonce', {}, { recipNonce: undefined }, 'badRecipientNonce'],
    ['another transactionID', {}, { transactionID: new Uint8Array(16) }, 'badRequest'],
  ])('does not take certConf with %s', async (_name, change, header, failInfo) => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    expect(refusalIn(await transaction.send(certConf(answer, change), header))).toEqual(['error', failInfo]);
    expect(entryOf(answer)?.state).toBe('issued');
  });

  it('lets nobody else confirm', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    const intruder = new TestTransaction(ca, '/pkix/', byMac('other', 'another secret'));
    const header = { transactionID: transaction.transactionID, recipNonce: answer.header.senderNonce };
    expect(refusalIn(await intruder.send(certConf(answer), header))).toEqual(['error', 'badRequest']);
    expect(entryOf(answer)?.state).toBe('issued');
  });

  it('can answer certConf with an error', async () => {
    const transaction = new TestTransaction(ca, '/cmp/error-instead-of-pkiconf');
    const answer = await transaction.send(ir());
    expect(refusalIn(await transaction.send(certConf(answer)))).toEqual(['error', 'systemFailure']);
    expect(entryOf(answer)?.state).toBe('issued');
  });
});

describe('implicit confirmation', () => {
  const asked = { generalInfo: [IMPLICIT_CONFIRM] };

  it.each([
    ['when asked', {}, asked, CMP.implicitConfirm, 'implicitlyConfirmed'],
    ['never, if so configured', { implicitConfirm: 'never' }, asked, CMP.confirmWaitTime, 'issued'],
    ['not unasked', {}, {}, CMP.confirmWaitTime, 'issued'],
    ['unasked, if so configured', { implicitConfirm: 'always' }, {}, CMP.implicitConfirm, 'implicitlyConfirmed'],
  ] as const)('is granted %s', async (_name, behaviour, header, infoType, state) => {
    const answer = await new TestTransaction(ca, pathOf(behaviour)).send(ir(), header);
    expect(infoTypes(answer)).toEqual([infoType]);
    expect(entryOf(answer)?.state).toBe(state);
  });
});

describe('requests that are refused', () => {
  it.each([
    ['without proof of possession', ir({}, 'none'), ['rejection', 'badPOP']],
    ['without a subject', ir({ subject: undefined }), ['rejection', 'badCertTemplate']],
    ['without a public key', ir({ publicKey: undefined }), ['rejection', 'badCertTemplate']],
    ['with a serial number', ir({ serialNumber: 1n }), ['rejection', 'badCertTemplate']],
    ['with a version that is not v3', ir({ version: 1 }), ['rejection', 'badCertTemplate']],
    ['to another CA', ir({ issuer: CSR.subject }), ['rejection', 'wrongAuthority']],
    ['with neither subject nor names', ir({ subject: Uint8Array.of(0x30, 0) }), ['rejection', 'badCertTemplate']],
    [
      'for a time that is over',
      ir({ validity: { notAfter: new Date('2020-01-01T00:00:00Z') } }),
      ['rejection', 'badCertTemplate'],
    ],
    ['with a CSR somebody altered', p10cr(fixtureCsr('bad-signature.csr')), ['rejection', 'badPOP']],
    ['that this CA does not serve', { type: 'genm', value: [] }, ['error', 'badRequest']],
    ['to poll for nothing', { type: 'pollReq', value: [{ certReqId: 0 }] }, ['error', 'badRequest']],
  ] satisfies [string, PKIBody, string[]][])('%s', async (_name, body, expected) => {
    const issued = ca.ledger.certificates.length;
    expect(refusalIn(await new TestTransaction(ca).send(body))).toEqual(expected);
    expect(ca.ledger.certificates).toHaveLength(issued);
  });

  it.each([
    ['pvno 1', { pvno: 1 }, 'unsupportedVersion'],
    ['no transactionID', { transactionID: undefined }, 'badRequest'],
    ['a short transactionID', { transactionID: new Uint8Array(8) }, 'badRequest'],
    ['no senderNonce', { senderNonce: undefined }, 'badSenderNonce'],
    ['a stale messageTime', { messageTime: new Date(Date.now() - 3_600_000) }, 'badTime'],
  ])('because of %s', async (_name, header, failInfo) => {
    expect(refusalIn(await new TestTransaction(ca).send(ir(), header))).toEqual(['error', failInfo]);
  });

  it('because the transactionID is in use', async () => {
    const transaction = new TestTransaction(ca);
    const answer = await transaction.send(ir());
    expect(refusalIn(await transaction.send(ir()))).toEqual(['error', 'transactionIdInUse']);
    // Also when that transaction is long through.
    const header = { recipNonce: answer.header.senderNonce };
    expect(refusalIn(await transaction.send(certConf(answer), header))).toEqual(['pkiconf']);
    expect(refusalIn(await transaction.send(ir()))).toEqual(['error', 'transactionIdInUse']);
  });

  it('because the table of transactions is full', async () => {
    const small = await startSandboxCa({ maximumTransactions: 1 });
    try {
      expect(refusalIn(await new TestTransaction(small).send(ir()))).toEqual(['accepted']);
      expect(refusalIn(await new TestTransaction(small).send(ir()))).toEqual(['error', 'systemUnavail']);
    } finally {
      await small.close();
    }
  });

  it.each([
    ['is not protected', async () => 'none' as const, 'badMessageCheck'],
    ['is protected with another secret', async () => byMac('sandbox', 'wrong'), 'badMessageCheck'],
    ['names an unknown reference value', async () => byMac('nobody', 'secret'), 'badMessageCheck'],
    [
      'is signed by a stranger',
      async () => bySignature(await ca.issueClientCertificate('x', { issuer: 'untrusted' })),
      'signerNotTrusted',
    ],
  ])('because the request %s, in an unprotected answer or a signed one', async (_name, protector, failInfo) => {
    const plain = await new TestTransaction(ca, '/pkix/', await protector()).send(ir());
    expect(refusalIn(plain)).toEqual(['error', failInfo]);
    expect(plain.protection).toBeUndefined();
    const path = pathOf({ authenticationErrors: 'protected' });
    const signed = await new TestTransaction(ca, path, await protector()).send(ir());
    expect(refusalIn(signed)).toEqual(['error', failInfo]);
    expect(signed.protection).toBeDefined();
  });

  it('because the octets are no message', async () => {
    const answer = new TestTransaction(ca);
    const { body, header } = decodeMessage(await answer.sendRaw(Buffer.from('no DER at all')));
    expect(body).toMatchObject({ type: 'error', value: { pKIStatusInfo: { failInfo: ['badDataFormat'] } } });
    expect(header.transactionID).toBeUndefined();
    expect(ca.ledger.messages['malformed']).toBe(1);
  });
});

describe('proof of possession by signature', () => {
  const key = createPrivateKey(readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.key')));
  const algorithmIdentifier = decodeDer(
    AlgorithmIdentifier,
    encodeSignatureAlgorithm({ scheme: 'ecdsa', hash: 'sha256' }),
  );
  const request = encodeDer(CertRequest, {
    certReqId: 0,
    certTemplate: { subject: CSR.subject, publicKey: CSR.spki },
  });

  it.each([
    ['over the CertRequest', request, ['accepted']],
    ['over something else', Buffer.from('something else'), ['rejection', 'badPOP']],
  ])('%s', async (_name, signed, expected) => {
    const signature = sign('sha256', signed, key);
    const popo = { type: 'signature', value: { algorithmIdentifier, signature } } as const;
    expect(refusalIn(await new TestTransaction(ca).send(ir({}, popo)))).toEqual(expected);
  });

  it('is demanded where raVerified is not accepted', async () => {
    expect(refusalIn(await new TestTransaction(ca, '/cmp/strict-pop').send(ir()))).toEqual(['rejection', 'badPOP']);
  });
});

describe('the original of a request (origPKIMessage)', () => {
  const plain = async (body: PKIBody) => new TestTransaction(ca, '/pkix/', 'none').encode(body);
  const items = (...originals: readonly Uint8Array[]) => ({
    generalInfo: [{ infoType: CMP.origPKIMessage, infoValue: encodeDer(PKIMessages, originals) }],
  });

  it.each<[string, () => Promise<Partial<HeaderToProtect>>, readonly string[]]>([
    ['proves possession of the key', async () => items(await plain(p10cr())), ['accepted']],
    ['is no proof with raVerified in it', async () => items(await plain(ir())), ['rejection', 'badPOP']],
    ['asks for another key', async () => items(await plain(p10cr(fixtureCsr('p384.csr')))), ['rejection', 'badPOP']],
    ['was altered', async () => items(await plain(p10cr(fixtureCsr('bad-signature.csr')))), ['rejection', 'badPOP']],
    ['asks for nothing', async () => items(await plain({ type: 'genm', value: [] })), ['rejection', 'badRequest']],
    ['is two messages', async () => items(await plain(p10cr()), await plain(p10cr())), ['rejection', 'badRequest']],
    [
      'comes twice',
      async () => {
        const { generalInfo } = items(await plain(p10cr()));
        return { generalInfo: [...generalInfo, ...generalInfo] };
      },
      ['rejection', 'badRequest'],
    ],
    ['is no message', async () => items(Uint8Array.of(0x30, 0x00)), ['rejection', 'badDataFormat']],
    ['has no value', async () => ({ generalInfo: [{ infoType: CMP.origPKIMessage }] }), ['rejection', 'badDataFormat']],
    ['is missing', async () => ({}), ['rejection', 'badPOP']],
  ])('%s', async (_what, header, expected) => {
    const answer = await new TestTransaction(ca, '/cmp/original-pop').send(ir(), await header());
    expect(refusalIn(answer)).toEqual(expected);
  });

  it('counts where nobody asked for it, too', async () => {
    const header = items(await plain(p10cr(fixtureCsr('bad-signature.csr'))));
    expect(refusalIn(await new TestTransaction(ca).send(ir(), header))).toEqual(['rejection', 'badPOP']);
  });
});

describe('polling', () => {
  const pollReq = (certReqId: number): PKIBody => ({ type: 'pollReq', value: [{ certReqId }] });

  it('comes before pkiconf, too, where that takes time', async () => {
    const transaction = new TestTransaction(ca, '/cmp/poll-confirmation');
    const answer = await transaction.send(ir());
    const waiting = { type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } };
    expect((await transaction.send(certConf(answer))).body).toMatchObject(waiting);
    // Sent again meanwhile, it changes nothing.
    expect((await transaction.send(certConf(answer))).body).toMatchObject(waiting);
    const { serialHex } = certificateIn(answer);
    expect(ca.ledger.find(serialHex)).toMatchObject({ state: 'issued' });
    expect((await transaction.send(pollReq(-1))).body).toMatchObject({ type: 'pollRep', value: [{ certReqId: -1 }] });
    expect((await transaction.send(pollReq(-1))).body).toEqual({ type: 'pkiconf', value: null });
    expect(ca.ledger.find(serialHex)).toMatchObject({ state: 'confirmed' });
  });

  it('ends with the certificate after as many pollReps as told', async () => {
    const path = pathOf({ polling: { polls: 2, checkAfterSeconds: 17, reason: 'patience' } });
    const transaction = new TestTransaction(ca, path);
    const first = await transaction.send(p10cr());
    expect(first.body).toMatchObject({
      type: 'cp',
      value: { response: [{ certReqId: -1, status: { status: 'waiting' } }] },
    });
    for (let poll = 0; poll < 2; poll++) {
      const { body } = await transaction.send(pollReq(-1));
      expect(body).toEqual({ type: 'pollRep', value: [{ certReqId: -1, checkAfter: 17, reason: ['patience'] }] });
    }
    const last = await transaction.send(pollReq(-1));
    expect(refusalIn(last)).toEqual(['accepted']);
    expect(Buffer.from(last.header.recipNonce ?? []).equals(transaction.senderNonce)).toBe(true);
    expect((await transaction.send(certConf(last, { certReqId: -1 }))).body.type).toBe('pkiconf');
  });

  it('can end with a rejection, or repeat the first nonce', async () => {
    const polling = { polls: 0, checkAfterSeconds: 0 };
    const rejected = new TestTransaction(ca, pathOf({ polling, rejection: { failInfo: ['badRequest'] } }));
    await rejected.send(ir());
    expect(refusalIn(await rejected.send(pollReq(0)))).toEqual(['rejection', 'badRequest']);
    const original = new TestTransaction(ca, pathOf({ polling, nonceAfterPolling: 'original' }));
    await original.send(ir());
    const nonce = original.senderNonce;
    expect(Buffer.from((await original.send(pollReq(0))).header.recipNonce ?? []).equals(nonce)).toBe(true);
  });

  it.each([
    ['badRecipientNonce', {}],
    ['badRequest', { recipNonce: 'ignore' }],
  ] as const)('refuses pollReq of a client that has missed the certificate (%s)', async (failInfo, behaviour) => {
    const transaction = new TestTransaction(ca, pathOf({ ...behaviour, polling: { polls: 0, checkAfterSeconds: 0 } }));
    const first = await transaction.send(ir());
    expect(refusalIn(await transaction.send(pollReq(0)))).toEqual(['accepted']);
    const again = await transaction.send(pollReq(0), { recipNonce: first.header.senderNonce });
    expect(refusalIn(again)).toEqual(['error', failInfo]);
  });

  it('refuses pollReq for another certReqId', async () => {
    const transaction = new TestTransaction(ca, '/cmp/poll');
    await transaction.send(ir());
    expect(refusalIn(await transaction.send(pollReq(1)))).toEqual(['error', 'badRequest']);
  });
});

describe('the kind of protection of answers', () => {
  it('is that of the request, unless told otherwise', async () => {
    const signed = bySignature(await ca.issueClientCertificate('ra'));
    const kindOf = async (path: string, protector?: typeof signed) => {
      const { header, extraCerts } = await new TestTransaction(ca, path, protector).send(ir());
      return [header.protectionAlg?.value.algorithm === CMP.passwordBasedMac ? 'mac' : 'signature', extraCerts.length];
    };
    expect(await kindOf('/pkix/')).toEqual(['mac', 1]);
    expect(await kindOf('/pkix/', signed)).toEqual(['signature', 2]);
    expect(await kindOf('/cmp/signature')).toEqual(['signature', 2]);
    expect(await kindOf('/cmp/mac', signed)).toEqual(['mac', 1]);
  });
});

describe('a selector', () => {
  it('sees the request, and its choice holds for the whole transaction', async () => {
    const seen: unknown[] = [];
    ca.behaviours.selector = (facts) => {
      seen.push(facts);
      return facts.commonName === 'mesh workload'
        ? { errorInsteadOfPkiConf: { failInfo: ['systemUnavail'] } }
        : undefined;
    };
    try {
      const transaction = new TestTransaction(ca);
      const answer = await transaction.send(p10cr());
      expect(refusalIn(await transaction.send(certConf(answer, { certReqId: -1 })))).toEqual([
        'error',
        'systemUnavail',
      ]);
      expect(seen).toEqual([{ body: 'p10cr', commonName: 'mesh workload', senderKID: 'sandbox', path: '/pkix/' }]);
    } finally {
      ca.behaviours.selector = undefined;
    }
  });
});

it('serves many transactions at once', async () => {
  const before = ca.ledger.certificates.length;
  const serials = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const transaction = new TestTransaction(ca);
      const answer = await transaction.send(ir());
      expect((await transaction.send(certConf(answer))).body.type).toBe('pkiconf');
      return certificateIn(answer).serialHex;
    }),
  );
  expect(new Set(serials).size).toBe(40);
  expect(ca.ledger.certificates.length - before).toBe(40);
  expect(ca.ledger.connections).toBeGreaterThan(0);
});

describe('whatever arrives', () => {
  it('never issues for a protected request of which any octet was changed', async () => {
    const der = await new TestTransaction(ca).encode(ir());
    const issued = ca.ledger.certificates.length;
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const altered = Uint8Array.from(der);
        altered[at] = (altered[at] ?? 0) ^ change;
        const [kind] = refusalIn(decodeMessage(await new TestTransaction(ca).sendRaw(altered)));
        expect(kind).toBe('error');
      }),
      { numRuns: 60 },
    );
    expect(ca.ledger.certificates).toHaveLength(issued);
  });

  it('answers with an error message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (octets) => {
        const answer = decodeMessage(await new TestTransaction(ca).sendRaw(octets));
        expect(refusalIn(answer)).toEqual(['error', 'badDataFormat']);
      }),
      { numRuns: 40 },
    );
  });
});
