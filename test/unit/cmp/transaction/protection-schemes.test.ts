import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeMessage, type ReceivedMessage } from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import { DEFAULT_PBM_POLICY, readPbmParameters } from '../../../../src/cmp/protection/index.js';
import {
  type CmpSession,
  requestCaCertificates,
  resumeEnrollment,
  revokeCertificate,
  startEnrollment,
} from '../../../../src/cmp/transaction/index.js';
import { decodeCertificates } from '../../../../src/pki/index.js';
import { type SandboxCa, startSandboxCa } from '../../../../src/sandbox/ca/index.js';
import { sandboxSession, secretOf, signatureOf } from '../support/sandbox.js';
import { request } from '../support/session.js';

const { signal } = new AbortController();
let ca: SandboxCa;
let sessions: CmpSession[] = [];
let seen: ReceivedMessage[] = [];

beforeAll(async () => {
  ca = await startSandboxCa();
});
afterAll(() => ca.close());
afterEach(async () => {
  await Promise.all(sessions.map(({ transport }) => transport.close()));
  sessions = [];
  seen = [];
});

function sessionFor(behaviour = '', change: Partial<CmpSession> = {}): CmpSession {
  const onMessage = (_direction: string, der: Uint8Array) => void seen.push(decodeMessage(der));
  const made = sandboxSession(ca, behaviour, { onMessage, ...change });
  sessions.push(made);
  return made;
}

function pbmOf({ protectionAlg }: ReceivedMessage['header']) {
  if (protectionAlg?.value.algorithm !== OID.passwordBasedMac) throw new Error('no PasswordBasedMac');
  return protectionAlg.value;
}

const enroll = (client: CmpSession) => startEnrollment(request(), client, signal);
const PBMAC1 = { scheme: 'pbmac1', iterationCount: 1_000 } as const;

describe('PBMAC1', () => {
  it.each([
    ['sha1', 'sha512'],
    ['sha256', 'sha256'],
    ['sha512', 'sha384'],
  ])('protects a whole transaction in both directions (PBKDF2 with %s, HMAC-%s)', async (owf, mac) => {
    const result = await enroll(sessionFor('', { credential: secretOf(ca, { ...PBMAC1, owf, mac }) }));
    expect(result).toMatchObject({ kind: 'issued', facts: { protection: 'PBMAC1', confirmation: 'explicit' } });
    expect(seen.map(({ header }) => header.protectionAlg?.value.algorithm)).toEqual(Array(4).fill(OID.pbmac1));
    expect(ca.ledger.certificates.at(-1)).toMatchObject({ protection: 'PBMAC1', state: 'confirmed' });
  });

  it('in an answer is as good as a PasswordBasedMac, and the other way round', async () => {
    const asked = sessionFor('', { credential: secretOf(ca, PBMAC1), responseProtection: 'strict' });
    await expect(enroll(asked)).resolves.toMatchObject({ kind: 'issued' });
  });

  it('under another secret is refused on both sides', async () => {
    const { keys } = secretOf({ ...ca, credentials: { ...ca.credentials, secret: 'another' } }) as { keys: unknown };
    await expect(enroll(sessionFor('', { credential: secretOf(ca, { ...PBMAC1, keys }) }))).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'unauthenticated',
      failInfo: ['badMessageCheck'],
    });
  });

  it('cannot answer a signed request', async () => {
    const credential = signatureOf(await ca.issueClientCertificate('ra'));
    await expect(enroll(sessionFor('mac+pbmac1-few-iterations', { credential }))).rejects.toMatchObject({
      code: 'ProtectionInvalid',
      message: expect.stringContaining('no match for a signature'),
    });
  });

  it.each([
    ['pbmac1-huge-iterations', /iteration count 2000000000/],
    ['pbmac1-huge-key-length', /keyLength 1000000000/],
    ['pbmac1-huge-product', /iteration count 900000/],
    ['pbmac1-few-iterations', /iteration count 1 /],
    ['pbmac1-short-key', /keyLength 1 /],
  ])(
    'with parameters that cost too much or protect too little is not even computed: %s',
    async (behaviour, message) => {
      await expect(enroll(sessionFor(behaviour, { credential: secretOf(ca, PBMAC1) }))).rejects.toMatchObject({
        code: 'ProtectionInvalid',
        retry: 'unauthenticated',
        message: expect.stringMatching(message),
      });
    },
  );
});

describe('PasswordBasedMac', () => {
  const hashes = ['sha256', 'sha384', 'sha512'] as const;

  it.each(hashes.flatMap((owf) => hashes.map((mac) => [owf, mac] as const)))(
    'protects a whole transaction in both directions (%s, HMAC-%s)',
    async (owf, mac) => {
      const result = await enroll(sessionFor('', { credential: secretOf(ca, { owf, mac }) }));
      expect(result).toMatchObject({ kind: 'issued', facts: { protection: 'PasswordBasedMac' } });
      const used = seen.map(({ header }) => readPbmParameters(pbmOf(header), DEFAULT_PBM_POLICY));
      expect(used).toMatchObject(Array(4).fill({ owf, mac }));
    },
  );
});

describe('a message in an envelope', () => {
  const envelope = async () => signatureOf(await ca.issueClientCertificate('registration authority'));
  const types = () => seen.map(({ body }) => body.type);

  it('travels nested both ways, inner MAC and outer signature verified each', async () => {
    const before = ca.ledger.messages['nested'] ?? 0;
    await expect(enroll(sessionFor('', { envelope: await envelope() }))).resolves.toMatchObject({ kind: 'issued' });
    expect(types()).toEqual(['nested', 'nested', 'nested', 'nested']);
    const [first] = seen;
    if (first?.body.type !== 'nested') throw new Error('not nested');
    const [inner, ...more] = first.body.value.map((der) => decodeMessage(der));
    expect(more).toEqual([]);
    expect(inner?.body.type).toBe('ir');
    expect(inner?.header.transactionID).toEqual(first.header.transactionID);
    expect(inner?.header.senderNonce).toEqual(first.header.senderNonce);
    expect((ca.ledger.messages['nested'] ?? 0) - before).toBe(2);
  });

  it('may be answered without one', async () => {
    const client = sessionFor('nested-plain', { envelope: await envelope() });
    await expect(enroll(client)).resolves.toMatchObject({ kind: 'issued' });
    expect(types()).toEqual(['nested', 'ip', 'nested', 'pkiconf']);
  });

  it('can be polled for, revoke and ask', async () => {
    const client = sessionFor('poll', { envelope: await envelope() });
    let result = await enroll(client);
    while (result.kind === 'pending') result = await resumeEnrollment(request(), result.state, client, signal);
    const { certificate } = result;
    await expect(revokeCertificate({ certificate, reason: 'superseded' }, client, signal)).resolves.toMatchObject({
      already: false,
    });
    await expect(requestCaCertificates(client, signal)).resolves.toHaveLength(3);
  });

  it.each([
    ['nested-two-inner', { code: 'ResponseMalformed', retry: 'transaction' }],
    ['nested-nested-twice', { code: 'UnexpectedBody', retry: 'transaction' }],
    ['nested-bad-outer-protection', { code: 'ProtectionInvalid', retry: 'unauthenticated' }],
    ['nested-bad-inner-protection', { code: 'ProtectionInvalid', retry: 'unauthenticated' }],
    ['nested-outer-mac', { code: 'ProtectionInvalid', retry: 'unauthenticated' }],
    ['message-wrong-transaction-id', { code: 'HeaderMismatch' }],
    ['message-wrong-recip-nonce', { code: 'HeaderMismatch' }],
  ])('brings no certificate when the answer is wrong: %s', async (behaviour, expected) => {
    await expect(enroll(sessionFor(behaviour, { envelope: await envelope() }))).rejects.toMatchObject(expected);
  });

  it('is no answer to a message that went without one', async () => {
    const nested = sessionFor('', { envelope: await envelope() });
    const plain = sessionFor('', {
      transport: {
        ...nested.transport,
        open: () => ({
          endpoint: 'http://ca.test/',
          close: async () => {},
          // The answer to somebody else's envelope, as an attacker would play it back.
          exchange: async () => {
            await enroll(nested);
            const wrapped = seen.find(({ body }, index) => index % 2 === 1 && body.type === 'nested');
            if (wrapped === undefined) throw new Error('nothing recorded');
            return wrapped.der;
          },
        }),
      },
    });
    await expect(enroll(plain)).rejects.toMatchObject({ code: 'HeaderMismatch' });
  });

  it('from somebody whom the CA does not trust is refused', async () => {
    const rogue = signatureOf(await ca.issueClientCertificate('rogue', { issuer: 'untrusted' }));
    await expect(enroll(sessionFor('', { envelope: rogue }))).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'unauthenticated',
      failInfo: ['signerNotTrusted'],
    });
  });
});

describe('a pinned signer', () => {
  const signer = () => {
    const [certificate] = decodeCertificates(ca.signerPem);
    if (certificate === undefined) throw new Error('no signer');
    return certificate;
  };
  const signed = async (behaviour: string, change: Partial<CmpSession>) =>
    sessionFor(behaviour, { credential: signatureOf(await ca.issueClientCertificate('ra')), ...change });

  it('is accepted by its fingerprint, and found without extraCerts when its certificate is given', async () => {
    const { sha256 } = signer();
    await expect(enroll(await signed('', { expectedSigner: { sha256 } }))).resolves.toMatchObject({ kind: 'issued' });
    const pinned = await signed('message-no-extra-certs', {
      expectedSigner: { sha256, certificate: signer() },
      anchors: decodeCertificates(`${ca.rootPem}${ca.chainPem}`),
    });
    await expect(enroll(pinned)).resolves.toMatchObject({ kind: 'issued' });
  });

  it('excludes everybody else, CA or not', async () => {
    const expectedSigner = { sha256: '00'.repeat(32) };
    await expect(enroll(await signed('', { expectedSigner }))).rejects.toMatchObject({
      code: 'SignerUntrusted',
      message: expect.stringContaining(signer().sha256),
    });
  });

  it('must chain to an anchor all the same', async () => {
    const { sha256 } = signer();
    const anchors = decodeCertificates(ca.roots[1] ?? '');
    await expect(enroll(await signed('', { expectedSigner: { sha256 }, anchors }))).rejects.toMatchObject({
      code: 'SignerUntrusted',
      message: expect.stringContaining('no way leads'),
    });
  });
});
