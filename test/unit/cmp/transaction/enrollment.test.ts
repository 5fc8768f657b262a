import { describe, expect, it } from '@jest/globals';
import { CmpError } from '../../../../src/cmp/error.js';
import type { ReceivedMessage } from '../../../../src/cmp/message.js';
import { OID } from '../../../../src/cmp/oids.js';
import type { KnownFailureInfo, PKIBody } from '../../../../src/cmp/schema/index.js';
import {
  type CmpSession,
  type EnrollmentResult,
  resumeEnrollment,
  startEnrollment,
} from '../../../../src/cmp/transaction/index.js';
import type { HoldCertificate } from '../../../../src/cmp/wish.js';
import { certHash, NULL_DN } from '../../../../src/pki/index.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { type CaOptions, macProtector, signingProtector, TestCa, type Twist } from '../support/ca.js';
import { certificate, request, session, signatureCredential } from '../support/session.js';

const { signal } = new AbortController();

function setUp(options: CaOptions = {}, change: Partial<CmpSession> = {}) {
  const ca = new TestCa(options);
  const client = session({ transport: ca.transport, ...change });
  return {
    ca,
    client,
    start: (wish = request()) => startEnrollment(wish, client, signal),
    resume: (pending: EnrollmentResult) => {
      if (pending.kind !== 'pending') throw new Error('not pending');
      return resumeEnrollment(request(), JSON.parse(JSON.stringify(pending.state)), client, signal);
    },
  };
}

/** Twists the answer number `index` alone. */
const only = (index: number, twist: Twist) => (_request: ReceivedMessage, at: number) =>
  at === index ? twist : undefined;

const statusOf = (message: ReceivedMessage | undefined) =>
  message?.body.type === 'certConf' ? message.body.value[0] : undefined;

const signed: Partial<CmpSession> = { credential: signatureCredential() };

describe('an enrollment', () => {
  it.each(['ir', 'cr', 'p10cr'] as const)('by %s is confirmed explicitly', async (enrollment) => {
    const { ca, start } = setUp({ caPubs: ['root.crt', 'root-two.crt'] }, { enrollment });
    const result = await start();
    expect(ca.bodies).toEqual([enrollment, 'certConf']);
    expect(result).toMatchObject({ kind: 'issued', facts: { body: enrollment, confirmation: 'explicit' } });
    if (result.kind !== 'issued') return;
    expect(result.path.map(({ subjectText }) => subjectText.split(',')[0])).toEqual([
      'CN=new.example.com',
      'CN=Test Issuing CA',
      'CN=Test Root',
    ]);
    expect(result.caPubs).toHaveLength(2);
    expect(statusOf(ca.received[1])).toEqual({
      certHash: certHash(result.certificate),
      certReqId: enrollment === 'p10cr' ? -1 : 0,
    });
  });

  it('keeps one transactionID, takes a new nonce each time, and names the nonce it answers', async () => {
    const { ca, start } = setUp();
    await start();
    const [first, second] = ca.received.map(({ header }) => header);
    expect(first?.transactionID).toHaveLength(16);
    expect(second?.transactionID).toEqual(first?.transactionID);
    expect(first?.senderNonce).toHaveLength(16);
    expect(second?.senderNonce).not.toEqual(first?.senderNonce);
    expect(first?.recipNonce).toBeUndefined();
    expect(second?.recipNonce).toBeDefined();
    expect(Buffer.from(first?.senderKID ?? []).toString()).toBe('reference-1');
  });

  it('never takes the identifiers of an earlier one', async () => {
    const runs = [setUp(), setUp(), setUp()];
    for (const { start } of runs) await start();
    const drawn = runs
      .flatMap(({ ca }) => ca.received.map(({ header }) => header))
      .flatMap(({ senderNonce, protectionAlg }) => [senderNonce, protectionAlg?.der]);
    const transactions = runs.map(({ ca }) => ca.received[0]?.header.transactionID);
    const different = (list: readonly (Uint8Array | undefined)[]) =>
      new Set(list.map((octets) => Buffer.from(octets ?? []).toString('hex'))).size;
    expect(different(transactions)).toBe(3);
    // A nonce for each of six messages, a salt for each of three transactions.
    expect(different(drawn)).toBe(9);
  });

  it('sends its certificate and the issuers of it when it signs', async () => {
    const { ca, start } = setUp({ protector: signingProtector() }, signed);
    expect(await start()).toMatchObject({ kind: 'issued', facts: { protection: 'ECDSA with SHA-256' } });
    const [first] = ca.received;
    expect(first?.extraCerts).toEqual(['ra-p256.crt', 'issuing.crt'].map((name) => certificate(name).der));
    expect(first?.header.senderKID).toEqual(certificate('ra-p256.crt').extensions.subjectKeyIdentifier);
  });

  it.each([-1, 0])('echoes the certReqId %i that a CA gives to a p10cr', async (certReqId) => {
    const { ca, start } = setUp({ response: { certReqId } }, { enrollment: 'p10cr' });
    await start();
    expect(statusOf(ca.received[1])?.certReqId).toBe(certReqId);
  });

  it('shows every message to the observer, in order', async () => {
    const seen: string[] = [];
    const { start } = setUp({}, { onMessage: (direction, der) => seen.push(`${direction} ${der[0]}`) });
    await start();
    expect(seen).toEqual(['request 48', 'response 48', 'request 48', 'response 48']);
  });

  it('names the certificate profile', async () => {
    const { ca, start } = setUp({}, { certProfile: 'tls' });
    await start();
    expect(ca.received[0]?.header.generalInfo).toEqual([
      { infoType: OID.certProfile, infoValue: new Uint8Array(Buffer.from('30050c03746c73', 'hex')) },
    ]);
  });
});

describe('implicit confirmation', () => {
  it('saves the certConf when it is granted', async () => {
    const { ca, start } = setUp({ grantImplicit: true }, { implicitConfirm: true });
    expect(await start()).toMatchObject({ kind: 'issued', facts: { confirmation: 'implicit' } });
    expect(ca.bodies).toEqual(['ir']);
  });

  it.each([
    ['not granted', {}, { implicitConfirm: true }],
    [
      'granted but never asked for',
      { twist: only(0, { header: { generalInfo: [{ infoType: OID.implicitConfirm }] } }) },
      {},
    ],
  ])('does not save it when it is %s', async (_name, options, change) => {
    const { ca, start } = setUp(options, change);
    expect(await start()).toMatchObject({ facts: { confirmation: 'explicit' } });
    expect(ca.bodies).toEqual(['ir', 'certConf']);
  });

  it('leaves a hint to revoke when the certificate is no good', async () => {
    const { ca, start } = setUp({ grantImplicit: true, certificate: 'new-other-key.crt' }, { implicitConfirm: true });
    await expect(start()).rejects.toMatchObject({
      code: 'CertificateRefused',
      message: expect.stringMatching(/another public key.*have it revoked/),
    });
    expect(ca.bodies).toEqual(['ir']);
  });
});

describe('a certificate that is no good', () => {
  it.each([
    ['for another key', { certificate: 'new-other-key.crt' }, 'CertificateRefused'],
    ['for another subject', { certificate: 'new-other-subject.crt' }, 'CertificateRefused'],
    ['with missing names', { certificate: 'new-fewer-names.crt' }, 'CertificateRefused'],
    ['of a CA', { certificate: 'new-ca.crt' }, 'CertificateRefused'],
    ['below another root', { certificate: 'new-other-root.crt', extraCerts: ['rogue-root.crt'] }, 'ChainIncomplete'],
    [
      'below another root that comes in caPubs',
      { certificate: 'new-other-root.crt', caPubs: ['rogue-root.crt'] },
      'ChainIncomplete',
    ],
    ['without its issuer', { extraCerts: [] }, 'ChainIncomplete'],
  ])('%s is refused, and the CA is told so', async (_name, options, code) => {
    const { ca, start } = setUp(options);
    await expect(start()).rejects.toMatchObject({ code });
    expect(ca.bodies).toEqual(['ir', 'certConf']);
    expect(statusOf(ca.received[1])).toMatchObject({
      certReqId: 0,
      statusInfo: { status: 'rejection', failInfo: ['incorrectData'], statusString: [expect.any(String)] },
    });
  });

  it('is refused for its own reason even if the CA does not take note', async () => {
    const pkiError: PKIBody = { type: 'error', value: { pKIStatusInfo: { status: 'rejection' } } };
    const { start } = setUp({ certificate: 'new-other-key.crt', twist: only(1, { body: pkiError }) });
    await expect(start()).rejects.toMatchObject({ code: 'CertificateRefused' });
  });

  it('is refused altogether when it cannot even be read', async () => {
    const broken = { certOrEncCert: { type: 'certificate', value: Uint8Array.of(0x30, 0x02, 0x05, 0x00) } } as const;
    const { ca, start } = setUp({ response: { certifiedKeyPair: broken } });
    await expect(start()).rejects.toMatchObject({ code: 'CertificateRefused' });
    expect(ca.received[1]?.body).toEqual({ type: 'certConf', value: [] });
  });

  it('is accepted where the policy allows the difference, with a note', async () => {
    const { start } = setUp(
      {
        certificate: 'new-more-names.crt',
        response: { status: { status: 'grantedWithMods', statusString: ['one more'] } },
      },
      { policy: { subject: 'Exact', subjectAltNames: 'AllowAdditional', usages: 'Any' } },
    );
    const result = await start();
    expect(result).toMatchObject({ kind: 'issued' });
    const notes = result.kind === 'issued' ? result.notes.join('\n') : '';
    expect(notes).toMatch(/with modifications: one more/);
    expect(notes).toMatch(/more\.example\.com/);
  });
});

describe('an answer', () => {
  const error = (failInfo: readonly 'badPOP'[] = ['badPOP']): PKIBody => ({
    type: 'error',
    value: { pKIStatusInfo: { status: 'rejection', statusString: ['no'], failInfo } },
  });
  const octets = (length: number) => new Uint8Array(length).fill(7);
  const reflect = (request: ReceivedMessage): Twist => ({ octets: () => request.der });
  const flip = (message: Uint8Array) => message.map((octet, at) => (at === message.length - 1 ? octet ^ 1 : octet));

  it.each<[string, CaOptions, Partial<CmpSession>, object]>([
    [
      'that is no message',
      { twist: only(0, { octets: () => Buffer.from('<html>') }) },
      {},
      { code: 'ResponseMalformed', retry: 'unauthenticated' },
    ],
    [
      'with more behind it',
      { twist: only(0, { octets: (m) => Buffer.concat([m, octets(1)]) }) },
      {},
      { code: 'ResponseMalformed' },
    ],
    [
      'without protection',
      { twist: only(0, { unprotected: true }) },
      {},
      { code: 'ProtectionMissing', retry: 'unauthenticated' },
    ],
    [
      'under another secret',
      { protector: macProtector(Buffer.from('other')) },
      {},
      { code: 'ProtectionInvalid', retry: 'unauthenticated' },
    ],
    ['altered on its way', { extraCerts: [], twist: only(0, { octets: flip }) }, {}, { code: 'ProtectionInvalid' }],
    ['that is our own message', { twist: reflect }, {}, { code: 'HeaderMismatch' }],
    [
      'of another transaction',
      { twist: only(0, { header: { transactionID: octets(16) } }) },
      {},
      { code: 'HeaderMismatch' },
    ],
    ['of no transaction', { twist: only(0, { header: { transactionID: undefined } }) }, {}, { code: 'HeaderMismatch' }],
    ['to another message', { twist: only(0, { header: { recipNonce: octets(16) } }) }, {}, { code: 'HeaderMismatch' }],
    ['without a nonce', { twist: only(0, { header: { senderNonce: undefined } }) }, {}, { code: 'HeaderMismatch' }],
    ['of version 1', { twist: only(0, { header: { pvno: 1 } }) }, {}, { code: 'HeaderMismatch' }],
    [
      'that is too old',
      { twist: only(0, { header: { messageTime: new Date('2026-12-31T00:00:00Z') } }) },
      { messageTimeWindowMs: 60_000 },
      { code: 'HeaderMismatch' },
    ],
    ['of another type', { twist: only(0, { body: { type: 'pkiconf', value: null } }) }, {}, { code: 'UnexpectedBody' }],
    [
      'for cr to an ir',
      { twist: only(0, { body: { type: 'cp', value: { response: [] } } }) },
      {},
      { code: 'UnexpectedBody' },
    ],
    [
      'about nothing',
      { twist: only(0, { body: { type: 'ip', value: { response: [] } } }) },
      {},
      { code: 'ResponseMalformed' },
    ],
    ['about another request', { response: { certReqId: 1 } }, {}, { code: 'ResponseMalformed' }],
    ['that grants nothing', { response: { certifiedKeyPair: undefined } }, {}, { code: 'ResponseMalformed' }],
    ['that rejects and grants', { response: { status: { status: 'rejection' } } }, {}, { code: 'ResponseMalformed' }],
    [
      'that rejects',
      { response: { status: { status: 'rejection', failInfo: ['badCertTemplate'] }, certifiedKeyPair: undefined } },
      {},
      { code: 'Rejected', retry: 'request' },
    ],
    [
      'that is an error',
      { twist: only(0, { body: error() }) },
      {},
      { code: 'Rejected', retry: 'request', failInfo: ['badPOP'] },
    ],
    [
      'that is an error of nobody',
      { twist: only(0, { body: error(), unprotected: true }) },
      {},
      { code: 'Rejected', retry: 'unauthenticated' },
    ],
    [
      'that is an error of nobody about nothing',
      {
        twist: only(0, {
          body: error(),
          unprotected: true,
          header: { transactionID: undefined, recipNonce: undefined, senderNonce: undefined, pvno: 1 },
        }),
      },
      {},
      { code: 'Rejected', retry: 'unauthenticated' },
    ],
    [
      'that is an error of nobody to another',
      { twist: only(0, { body: error(), unprotected: true, header: { recipNonce: octets(16) } }) },
      {},
      { code: 'HeaderMismatch', retry: 'unauthenticated' },
    ],
    [
      'that is an error under another secret',
      { protector: macProtector(Buffer.from('other')), twist: only(0, { body: error() }) },
      {},
      {
        code: 'ProtectionInvalid',
        retry: 'unauthenticated',
        failInfo: ['badPOP'],
        message: expect.stringMatching(/another shared secret.*It claims.*badPOP "no"/),
      },
    ],
    ['with a MAC to a signature', { protector: macProtector() }, signed, { code: 'ProtectionInvalid' }],
    [
      'with a signature to a MAC, if that is not allowed',
      { protector: signingProtector() },
      { responseProtection: 'strict' },
      { code: 'ProtectionInvalid' },
    ],
    [
      'of somebody else below the root',
      { protector: signingProtector('bystander') },
      signed,
      { code: 'SignerUntrusted' },
    ],
    [
      'of somebody below another root',
      { protector: signingProtector('rogue-server'), extraCerts: ['rogue-root.crt'] },
      signed,
      { code: 'SignerUntrusted' },
    ],
    [
      'of somebody in the name of another',
      {
        protector: signingProtector('bystander'),
        twist: only(0, { header: { sender: { type: 'directoryName', value: certificate('server.crt').subject } } }),
      },
      signed,
      { code: 'SignerUntrusted' },
    ],
  ])('%s is refused', async (_name, options, change, expected) => {
    const { ca, start } = setUp(options, change);
    const error = await start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CmpError);
    expect(error).toMatchObject(expected);
    expect(ca.bodies).not.toContain('certConf');
  });

  it.each<[string, CaOptions, Partial<CmpSession>]>([
    ['with a signature to a MAC', { protector: signingProtector() }, {}],
    ['of an RSA signer', { protector: signingProtector('server-rsa') }, signed],
    [
      'of the recipient, even without a special key usage',
      { protector: signingProtector('bystander') },
      { ...signed, recipient: certificate('bystander.crt').subject },
    ],
    [
      'without a sender',
      {
        protector: signingProtector(),
        twist: () => ({ header: { sender: { type: 'directoryName', value: NULL_DN } } }),
      },
      signed,
    ],
    [
      'with an alien senderKID',
      { protector: signingProtector(), twist: () => ({ header: { senderKID: new Uint8Array(20) } }) },
      signed,
    ],
    ['with unreadable extra certificates', { twist: () => undefined, extraCerts: ['issuing.crt', 'new.crt'] }, {}],
  ])('%s is accepted', async (_name, options, change) => {
    expect(await setUp(options, change).start()).toMatchObject({ kind: 'issued' });
  });

  it('may leave out certificates that came before', async () => {
    const bare = signingProtector('server', false);
    const { start } = setUp({ protector: signingProtector(), twist: only(1, { protector: bare }) }, signed);
    expect(await start()).toMatchObject({ kind: 'issued' });
  });
});

describe('a certificate that is held', () => {
  const held = (answer: 'wanted' | 'unwanted') => {
    const kept: Readonly<Record<string, unknown>>[] = [];
    const hold: HoldCertificate = async (state) => {
      kept.push(JSON.parse(JSON.stringify(state)));
      return answer;
    };
    return { kept, wish: request({ hold }) };
  };

  it('is told before the CA hears of it, with all that is needed to go on after a crash', async () => {
    const { kept, wish } = held('wanted');
    const { ca, client, start } = setUp();
    await start(wish);
    expect(kept).toHaveLength(1);
    expect(ca.bodies).toEqual(['ir', 'certConf']);
    const again = await resumeEnrollment(wish, kept[0] ?? {}, client, signal);
    expect(again).toMatchObject({ kind: 'issued', certificate: { serialHex: certificate('new.crt').serialHex } });
    expect(ca.bodies).toEqual(['ir', 'certConf', 'certConf']);
  });

  it('is not told where the CA does without confirmation', async () => {
    const { kept, wish } = held('wanted');
    const { start } = setUp({ grantImplicit: true }, { implicitConfirm: true });
    expect(await start(wish)).toMatchObject({ kind: 'issued', facts: { confirmation: 'implicit' } });
    expect(kept).toEqual([]);
  });

  it('is refused when nobody wants it any more', async () => {
    const { wish } = held('unwanted');
    const { ca, start } = setUp();
    await expect(start(wish)).rejects.toMatchObject({ code: 'Withdrawn', leftover: { state: 'rejected' } });
    expect(statusOf(ca.received[1])?.statusInfo).toMatchObject({ status: 'rejection' });
  });

  it('is believed nothing when it comes back: another certificate in the record is refused', async () => {
    const { kept, wish } = held('wanted');
    const { client, start } = setUp();
    await start(wish);
    const record = kept[0] as { kept: object };
    const other = Buffer.from(certificate('ra-p256.crt').der).toString('base64');
    const forged = { ...record, kept: { ...record.kept, certificate: other } };
    await expect(resumeEnrollment(wish, forged, client, signal)).rejects.toMatchObject({ code: 'CertificateRefused' });
  });

  it('is not looked for in the record of another transaction', async () => {
    const { kept, wish } = held('wanted');
    const { client, start } = setUp();
    await start(wish);
    const mine = { ...wish, transactionID: new Uint8Array(16) };
    await expect(resumeEnrollment(mine, kept[0] ?? {}, client, signal)).rejects.toMatchObject({
      code: 'Internal',
      retry: 'transaction',
    });
  });
});

describe('a transactionID', () => {
  it('is the one that the request names', async () => {
    const transactionID = Buffer.from('0123456789abcdef');
    const { ca, start } = setUp();
    expect(await start(request({ transactionID }))).toMatchObject({
      facts: { transactionID: transactionID.toString('hex') },
    });
    expect(ca.received.map(({ header }) => Buffer.from(header.transactionID ?? []))).toEqual([
      transactionID,
      transactionID,
    ]);
  });

  it('that is in use may have led to a certificate that nobody knows', async () => {
    const { start } = setUp({
      twist: only(0, {
        body: { type: 'error', value: { pKIStatusInfo: { status: 'rejection', failInfo: ['transactionIdInUse'] } } },
      }),
    });
    await expect(start()).rejects.toMatchObject({
      retry: 'transaction',
      leftover: { state: 'unknown', transactionID: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
  });
});

describe('a confirmation', () => {
  const notNow: PKIBody = { type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } };
  const no = (failInfo: KnownFailureInfo): PKIBody => ({
    type: 'error',
    value: { pKIStatusInfo: { status: 'rejection', failInfo: [failInfo] } },
  });
  const lost = new CmpError({ code: 'Timeout', message: 'nothing came back' });

  it('that the CA refuses takes the certificate with it, which is named', async () => {
    const { start } = setUp({ twist: only(1, { body: no('badRequest') }) });
    await expect(start(request({ transactionID: Buffer.alloc(16, 7) }))).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'transaction',
      message: expect.stringMatching(/serial [0-9a-f]+, issued by "CN=Test Issuing CA,O=CMP Test"\) is not used/),
      leftover: {
        state: 'unknown',
        transactionID: '07'.repeat(16),
        certificate: { serialHex: certificate('new.crt').serialHex },
      },
    });
  });

  it('that the CA cannot take for now is sent again, and the certificate is kept', async () => {
    const { ca, start, resume } = setUp({ twist: only(1, { body: no('systemFailure') }) });
    const pending = await start();
    expect(pending).toMatchObject({
      kind: 'pending',
      reason: expect.stringContaining('could not take'),
      failure: { code: 'Rejected', retry: 'transient', failInfo: ['systemFailure'] },
    });
    expect(await resume(pending)).toMatchObject({
      kind: 'issued',
      notes: expect.not.arrayContaining([expect.stringContaining('confirm')]),
    });
    expect(ca.bodies).toEqual(['ir', 'certConf', 'certConf']);
  });

  it.each([
    [
      'is through with it',
      'badRequest',
      { kind: 'issued', notes: expect.arrayContaining([expect.stringContaining('taken for confirmed')]) },
    ],
    ['does not hold it for confirmed', 'badCertId', { code: 'Rejected', leftover: { state: 'unknown' } }],
  ] as const)('that is sent again to a CA that %s', async (_name, failInfo, expected) => {
    const { start, resume } = setUp({
      twist: (_request, at) => (at === 1 ? { failure: lost } : at === 2 ? { body: no(failInfo) } : undefined),
    });
    const pending = await start();
    expect(await resume(pending).catch((error: unknown) => error)).toMatchObject(expected);
  });

  it('whose answers are lost is sent ever less often, and never given up while nobody answers', async () => {
    const { client, start, resume } = setUp({ twist: (_request, at) => (at > 0 ? { failure: lost } : undefined) });
    const pauses: number[] = [];
    let pending = await start();
    for (let round = 0; round < 10; round++) {
      if (pending.kind !== 'pending') throw new Error('not pending');
      expect(pending.failure).toBe(lost);
      pauses.push((pending.notBefore.getTime() - client.clock.now().getTime()) / 1_000);
      await (client.clock as ManualClock).advance(3_600_000);
      pending = await resume(pending);
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
  });

  it.each([
    ['lost', { failure: lost }],
    ['unprotected', { unprotected: true }],
    ['replayed', { header: { senderNonce: new Uint8Array(3) } }],
    ['an error of nobody', { unprotected: true, body: no('badRequest') }],
  ])('whose answer is %s is sent again, and the certificate is kept', async (_name, twist) => {
    const { ca, client, start, resume } = setUp({ twist: only(1, twist) });
    const pending = await start();
    expect(pending).toMatchObject({ kind: 'pending', reason: expect.stringContaining('the certificate is here') });
    if (pending.kind !== 'pending') return;
    expect(pending.notBefore.getTime()).toBeGreaterThan(client.clock.now().getTime());
    expect(await resume(pending)).toMatchObject({ kind: 'issued', facts: { confirmation: 'explicit' } });
    expect(ca.bodies).toEqual(['ir', 'certConf', 'certConf']);
    expect(ca.received[2]?.body).toEqual(ca.received[1]?.body);
  });

  it.each(['certConfirmed', 'badRecipientNonce'] as const)(
    'that had arrived after all (%s) is good',
    async (failInfo) => {
      const { start, resume } = setUp({
        twist: (_request, at) => (at === 1 ? { failure: lost } : at === 2 ? { body: no(failInfo) } : undefined),
      });
      expect(await resume(await start())).toMatchObject({ kind: 'issued' });
    },
  );

  it.each(['certConfirmed', 'badRecipientNonce'] as const)(
    'that was never sent before cannot have arrived (%s)',
    async (failInfo) => {
      const { start } = setUp({ twist: only(1, { body: no(failInfo) }) });
      await expect(start()).rejects.toMatchObject({ code: 'Rejected' });
    },
  );

  it('whose delay is asked about tells nothing by the wrong nonce', async () => {
    const { start, resume } = setUp({
      twist: (_request, at) => (at === 1 ? { body: notNow } : at === 3 ? { body: no('badRecipientNonce') } : undefined),
    });
    await expect(start().then(resume)).rejects.toMatchObject({ code: 'Rejected', retry: 'transaction' });
  });

  it('may be delayed by the CA', async () => {
    const conf: PKIBody = { type: 'pkiconf', value: null };
    const { ca, start, resume } = setUp({
      twist: (_request, at) => (at === 1 ? { body: notNow } : at === 3 ? { body: conf } : undefined),
    });
    const pending = await start();
    expect(pending).toMatchObject({ kind: 'pending', reason: 'patience' });
    expect(pending).not.toHaveProperty('failure');
    expect(await resume(pending)).toMatchObject({ kind: 'issued' });
    expect(ca.bodies).toEqual(['ir', 'certConf', 'pollReq', 'pollReq']);
    expect(ca.received[3]?.body).toEqual({ type: 'pollReq', value: [{ certReqId: -1 }] });
  });
});

describe('waiting', () => {
  const waiting: Twist = {
    body: {
      type: 'ip',
      value: { response: [{ certReqId: 0, status: { status: 'waiting', statusString: ['a person decides'] } }] },
    },
  };
  const granted = (request: ReceivedMessage, ca: TestCa, nonceOf: ReceivedMessage | undefined = request): Twist => ({
    body: {
      type: 'ip',
      value: {
        response: [
          {
            certReqId: 0,
            status: { status: 'accepted' },
            certifiedKeyPair: { certOrEncCert: { type: 'certificate', value: certificate('new.crt').der } },
          },
        ],
      },
    },
    header: { recipNonce: nonceOf?.header.senderNonce ?? ca.received[0]?.header.senderNonce },
  });

  /** Says waiting, then pollRep `polls` times, then grants. */
  function patient(polls: number, last: (request: ReceivedMessage, ca: TestCa) => Twist = granted) {
    const clock = new ManualClock(new Date('2027-01-01T00:00:00Z'));
    const parts = setUp(
      {
        twist: (message, at) => {
          if (at === 0) return waiting;
          return at === polls + 1 ? last(message, parts.ca) : undefined;
        },
      },
      { clock },
    );
    return { ...parts, clock };
  }

  it('asks at once how long, and then only when it is time', async () => {
    const { ca, clock, start, resume } = patient(2);
    let result = await start();
    expect(result).toMatchObject({
      kind: 'pending',
      reason: 'patience',
      notBefore: new Date(clock.now().getTime() + 7_000),
    });
    result = await resume(result);
    expect(result).toMatchObject({ kind: 'pending' });
    expect(await resume(result)).toMatchObject({ kind: 'issued' });
    expect(ca.bodies).toEqual(['ir', 'pollReq', 'pollReq', 'pollReq', 'certConf']);
    const nonces = ca.received.map(({ header }) => Buffer.from(header.senderNonce ?? []).toString('hex'));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it('ends at once if the first poll brings the certificate', async () => {
    expect(await patient(0).start()).toMatchObject({ kind: 'issued' });
  });

  it('takes a final answer to the message that was put off', async () => {
    const { start, resume } = patient(1, (message, ca) => granted(message, ca, ca.received[0]));
    expect(await resume(await start())).toMatchObject({ kind: 'issued' });
  });

  it('does not take a pollRep to the message that was put off', async () => {
    const { start, resume } = patient(1, (_message, ca) => ({
      header: { recipNonce: ca.received[0]?.header.senderNonce },
    }));
    const pending = await start();
    await expect(resume(pending)).rejects.toMatchObject({ code: 'HeaderMismatch' });
  });

  it('does not take a pkiconf to the message that was put off', async () => {
    const { ca, start, resume } = setUp({
      twist: (message, at) => {
        if (at === 0) return waiting;
        if (at === 2) return granted(message, ca);
        return at === 3 ? { header: { recipNonce: ca.received[0]?.header.senderNonce } } : undefined;
      },
    });
    const result = await resume(await start());
    expect(result).toMatchObject({ kind: 'pending', reason: expect.stringContaining('recipNonce') });
  });

  it('holds the final answer to all rules', async () => {
    const { start, resume } = patient(1, (message, ca) => ({ ...granted(message, ca), unprotected: true }));
    const pending = await start();
    await expect(resume(pending)).rejects.toMatchObject({ code: 'ProtectionMissing' });
  });

  it.each<[string, PKIBody]>([
    ['another certReqId', { type: 'pollRep', value: [{ certReqId: 5, checkAfter: 1 }] }],
    ['a time in the past', { type: 'pollRep', value: [{ certReqId: 0, checkAfter: -1 }] }],
    [
      'two entries',
      {
        type: 'pollRep',
        value: [
          { certReqId: 0, checkAfter: 1 },
          { certReqId: 0, checkAfter: 1 },
        ],
      },
    ],
  ])('refuses a pollRep with %s', async (_name, body) => {
    await expect(patient(0, () => ({ body })).start()).rejects.toMatchObject({ code: 'ResponseMalformed' });
  });

  it('does not end because a poll gets lost', async () => {
    const { start, resume } = patient(0, () => ({
      failure: new CmpError({ code: 'ConnectionFailed', message: 'gone' }),
    }));
    const pending = await start();
    expect(pending).toMatchObject({
      kind: 'pending',
      reason: expect.stringContaining('a person decides'),
      failure: { code: 'ConnectionFailed' },
    });
    expect(await resume(pending)).toMatchObject({ kind: 'pending', reason: 'patience' });
  });

  it.each([
    ['an error', { type: 'error', value: { pKIStatusInfo: { status: 'rejection', failInfo: ['systemFailure'] } } }],
    [
      'a rejection',
      {
        type: 'ip',
        value: { response: [{ certReqId: 0, status: { status: 'rejection', failInfo: ['systemFailure'] } }] },
      },
    ],
  ] as const)('ends with %s in answer to the first poll, even a temporary one', async (_name, body) => {
    await expect(patient(0, () => ({ body })).start()).rejects.toMatchObject({ code: 'Rejected', retry: 'transient' });
  });

  const refusal = (failInfo: readonly KnownFailureInfo[]) => ({ status: 'rejection' as const, failInfo });
  const errorWith = (...failInfo: KnownFailureInfo[]): PKIBody => ({
    type: 'error',
    value: { pKIStatusInfo: refusal(failInfo) },
  });

  it('is made anew when the CA has forgotten it, for which the CA may have issued a certificate', async () => {
    const forgotten = patient(0, () => ({ body: errorWith('badRequest') })).start();
    await expect(forgotten).rejects.toMatchObject({
      code: 'Rejected',
      retry: 'transaction',
      message: expect.stringContaining('forgotten'),
      leftover: { state: 'unknown' },
    });
  });

  it.each<[string, PKIBody]>([
    ['an error with a reason', errorWith('badRequest', 'badCertTemplate')],
    ['an error without one', errorWith()],
    [
      'a refusal of the certificate',
      { type: 'ip', value: { response: [{ certReqId: 0, status: refusal(['badRequest']) }] } },
    ],
  ])('ends for good with %s', async (_name, body) => {
    await expect(patient(0, () => ({ body })).start()).rejects.toMatchObject({ code: 'Rejected', retry: 'request' });
  });

  it('ends at the deadline, whatever the CA says, and the CA is told', async () => {
    const { ca, client, clock, start, resume } = patient(1_000);
    let pending = await start();
    const polls = async (): Promise<never> => {
      for (;;) {
        if (pending.kind !== 'pending') throw new Error('not pending');
        await clock.advance(pending.notBefore.getTime() - clock.now().getTime());
        pending = await resume(pending);
      }
    };
    const begun = clock.now().getTime();
    await expect(polls()).rejects.toMatchObject({ code: 'PollingExpired', retry: 'transaction' });
    expect(clock.now().getTime() - begun).toBe(client.maxPollingMs);
    expect(ca.bodies.at(-1)).toBe('error');
  });

  it('does not count time in which the CA was not asked', async () => {
    const { client, clock, start, resume } = patient(2);
    const pending = await start();
    await clock.advance(100 * client.maxPollingMs);
    const later = await resume(pending);
    expect(later).toMatchObject({ kind: 'pending' });
    await clock.advance(100 * client.maxPollingMs);
    expect(await resume(later)).toMatchObject({ kind: 'issued' });
  });

  it('is possible for a whole message, too', async () => {
    const later: Twist = { body: { type: 'error', value: { pKIStatusInfo: { status: 'waiting' } } } };
    const { ca, start } = setUp({
      twist: (message, at) => (at === 0 ? later : at === 1 ? granted(message, ca) : undefined),
    });
    expect(await start()).toMatchObject({ kind: 'issued' });
    expect(ca.received[1]?.body).toEqual({ type: 'pollReq', value: [{ certReqId: -1 }] });
  });

  it.each([
    ['nothing', {}],
    ['another version', { version: 2 }],
    ['half a record', { version: 1, waitingFor: 'certificate' }],
    ['a confirmation without a certificate', { version: 1, waitingFor: 'confirmation' }],
  ])('cannot be resumed from %s', async (_name, state) => {
    const { client } = setUp();
    await expect(resumeEnrollment(request(), state, client, signal)).rejects.toMatchObject({
      code: 'Internal',
      retry: 'transaction',
    });
  });
});
