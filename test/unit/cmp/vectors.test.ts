import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decodeDer, encodeDer } from '../../../src/asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../../src/cmp/message.js';
import {
  DEFAULT_PBM_POLICY,
  isPasswordBasedMac,
  PbmKeys,
  verifyMac,
  verifySignature,
} from '../../../src/cmp/protection/index.js';
import { PKIBody, PKIHeader, PKIMessage } from '../../../src/cmp/schema/index.js';
import {
  acceptAnswer,
  type CmpSession,
  type EnrollmentResult,
  requestCaCertificates,
  requestCrls,
  requestRootCaUpdate,
  requestSignKeyPairTypes,
  resumeEnrollment,
  revokeCertificate,
  startEnrollment,
} from '../../../src/cmp/transaction/index.js';
import { Certificate, decodeCertificates, parseName } from '../../../src/pki/index.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { HastyClock } from '../../support/hasty-clock.js';
import { ManualClock } from '../../support/manual-clock.js';
import { recorded } from './support/fixture.js';
import { macCredential, request, session, signatureCredential, transportTo } from './support/session.js';

const folder = join(packageRoot(), 'fixtures', 'cmp', 'recorded');
const pki = (name: string) => readFileSync(join(packageRoot(), 'fixtures', 'pki', 'recorded', name), 'utf8');
const pkiCertificate = (name: string) => {
  const [only] = decodeCertificates(pki(name));
  if (only === undefined) throw new Error(`${name} is empty`);
  return only;
};

const names = readdirSync(folder).filter((name) => name.endsWith('.der'));
const requests = names.filter((name) => name.endsWith('.req.der'));
const responses = names.filter((name) => name.endsWith('.rsp.der'));
const secret = Buffer.from('labsecret-0123456789');

const root = pkiCertificate('root.crt');
const known: Partial<CmpSession> = {
  anchors: [root],
  recipient: parseName('/O=CMP Lab/CN=Lab Issuing CA'),
};

/** A session that could have led to the recording. */
function sessionOf(sent: ReceivedMessage, change: Partial<CmpSession> = {}): CmpSession {
  return session({
    ...known,
    credential: isPasswordBasedMac(sent) ? macCredential(secret) : signatureCredential(),
    clock: new ManualClock(sent.header.messageTime),
    ...change,
  });
}

/** `pbm-ir-2-pkiconf.rsp.der` answers `pbm-ir-2-certconf.req.der`; all others differ in the ending alone. */
const requestOf = (response: string) => recorded(response.replace('pkiconf', 'certconf').replace('.rsp.', '.req.'));

it('finds all recordings', () => {
  expect(requests.length).toBe(79);
  expect(responses.length).toBe(78);
});

describe('every recorded request', () => {
  it.each(requests)('%s decodes, encodes to the same octets, and its protection verifies', async (name) => {
    const der = recorded(name);
    const message = decodeMessage(der);
    expect(Buffer.from(encodeDer(PKIMessage, decodeDer(PKIMessage, der)))).toEqual(der);
    expect(encodeDer(PKIHeader, message.header)).toEqual(new Uint8Array(message.rawHeader));
    expect(encodeDer(PKIBody, message.body)).toEqual(new Uint8Array(message.rawBody));
    if (isPasswordBasedMac(message)) {
      await verifyMac(message, new PbmKeys(secret), { pbm: DEFAULT_PBM_POLICY });
    } else {
      verifySignature(message, Certificate.parse(message.extraCerts[0] ?? new Uint8Array()).publicKey);
    }
  });
});

describe('every recorded answer', () => {
  const refused: Readonly<Record<string, object>> = {
    'unprot-ir.rsp.der': { code: 'ProtectionMissing', retry: 'unauthenticated' },
    'unproterr-ir.rsp.der': { code: 'Rejected', retry: 'unauthenticated', failInfo: ['badRequest'] },
  };

  it.each(responses)('%s encodes to the same octets, and is believed only if it should be', async (name) => {
    const der = recorded(name);
    const { header, body, rawHeader, rawBody } = decodeMessage(der);
    expect(encodeDer(PKIHeader, header)).toEqual(new Uint8Array(rawHeader));
    expect(encodeDer(PKIBody, body)).toEqual(new Uint8Array(rawBody));
    const sent = decodeMessage(requestOf(name));
    const { transactionID = new Uint8Array(), senderNonce = new Uint8Array() } = sent.header;
    const answer = acceptAnswer(
      der,
      { transactionID, lastNonce: senderNonce, seenNonces: [senderNonce], knownSigners: [] },
      sessionOf(sent),
    );
    if (name in refused) await expect(answer).rejects.toMatchObject(refused[name] ?? {});
    else await expect(answer).resolves.toMatchObject({ body: { type: body.type } });
  });

  it.each(['sig-ir-1.rsp.der', 'pbm-ir-1.rsp.der'])('%s is refused by somebody with other trust', async (name) => {
    const sent = decodeMessage(requestOf(name));
    const { transactionID = new Uint8Array(), senderNonce = new Uint8Array() } = sent.header;
    const expectation = { transactionID, lastNonce: senderNonce, seenNonces: [senderNonce], knownSigners: [] };
    const strangers = sessionOf(sent, {
      anchors: session().anchors,
      ...(isPasswordBasedMac(sent) ? { credential: macCredential(Buffer.from('another')) } : {}),
    });
    await expect(acceptAnswer(recorded(name), expectation, strangers)).rejects.toMatchObject({
      code: expect.stringMatching(/^(SignerUntrusted|ProtectionInvalid)$/),
    });
  });
});

interface Recording {
  /** Names of the exchanges, without ending. */
  readonly exchanges: readonly string[];
  readonly change?: Partial<CmpSession>;
  /** What is asked; an enrollment if absent. */
  readonly ask?: (session: CmpSession, signal: AbortSignal, sent: ReceivedMessage) => Promise<object>;
  readonly expected: object;
}

async function enroll(replaying: CmpSession, signal: AbortSignal, replaces?: Certificate): Promise<EnrollmentResult> {
  const wish = request({ csrPem: pki('new.csr'), ...(replaces && { replaces }) });
  // Each part of a transaction takes a salt of its own, and draws it before the nonces of back then.
  const salted = (octets: number) => replaying.random(octets);
  let result = await startEnrollment(wish, replaying, signal);
  while (result.kind === 'pending') {
    let first = replaying.credential.kind === 'mac';
    const random = (octets: number) => {
      const salt = first;
      first = false;
      return salt ? Buffer.alloc(octets) : salted(octets);
    };
    result = await resumeEnrollment(wish, result.state, { ...replaying, random }, signal);
  }
  return result;
}

/** Leads the client through a recording: it draws the nonces of back then, and gets the answers of back then. */
async function replay({ exchanges, change = {}, ask = (own, signal) => enroll(own, signal) }: Recording) {
  const files = exchanges.map((name) => {
    const response = responses.find((file) => file === `${name}.rsp.der` || file === `${name}-pkiconf.rsp.der`);
    if (response === undefined) throw new Error(`no recording ${name}`);
    return { sent: decodeMessage(requestOf(response)), answer: recorded(response) };
  });
  const [first] = files;
  if (first === undefined) throw new Error('no exchange');
  const isMac = isPasswordBasedMac(first.sent);
  const draws = [
    first.sent.header.transactionID,
    ...(isMac ? [Buffer.alloc(16)] : []),
    ...files.map(({ sent }) => sent.header.senderNonce),
  ];
  const asked: ReceivedMessage[] = [];
  const lastTime = files.at(-1)?.sent.header.messageTime;
  const replaying = sessionOf(first.sent, {
    ...(lastTime === undefined ? {} : { clock: new HastyClock(lastTime) }),
    random: (octets) => draws.shift() ?? Buffer.alloc(octets),
    transport: transportTo((message) => {
      const file = files[asked.length];
      asked.push(message);
      if (file === undefined) throw new Error(`one message more than recorded: ${message.body.type}`);
      return file.answer;
    }),
    ...change,
  });
  const { signal } = new AbortController();
  const result = await ask(replaying, signal, first.sent).catch((error: Error) => error);
  return { result, asked, files };
}

const issued = (confirmation: 'explicit' | 'implicit', body: string) => ({
  kind: 'issued',
  facts: { confirmation, body },
});
const explicit = (exchanges: readonly string[], enrollment: CmpSession['enrollment']): Recording => ({
  exchanges,
  change: { enrollment },
  expected: issued('explicit', enrollment),
});
const refusal = (name: string, failInfo: string, enrollment: CmpSession['enrollment'] = 'ir'): Recording => ({
  exchanges: [name],
  change: { enrollment },
  expected: { code: 'Rejected', retry: 'request', failInfo: [failInfo] },
});
const implicit = (name: string, enrollment: CmpSession['enrollment']): Recording => ({
  exchanges: [name],
  change: { enrollment, implicitConfirm: true },
  expected: issued('implicit', enrollment),
});
/** What the client of back then wanted to have revoked, and why. */
const revoke: Recording['ask'] = (replaying, signal, { body }) => {
  const details = body.type === 'rr' ? body.value[0] : undefined;
  const { issuer, serialNumber } = details?.certDetails ?? {};
  if (issuer === undefined || serialNumber === undefined) throw new Error('no certificate is named');
  const code = details?.crlEntryDetails?.[0]?.at(-1);
  const reason = code === 4 ? 'superseded' : 'keyCompromise';
  return revokeCertificate({ certificate: { issuer, serialNumber }, reason }, replaying, signal);
};
const revoked = (...exchanges: string[]): Recording => ({ exchanges, ask: revoke, expected: { already: false } });

/** The server gave back the very certificate that was to be updated: right for whoever replaces another one. */
const updated = (name: string): Recording[] => {
  const update = { exchanges: [`${name}-1`, `${name}-2`], change: { enrollment: 'kur' } } as const;
  const replacing =
    (old: Certificate): NonNullable<Recording['ask']> =>
    (own, signal) =>
      enroll(own, signal, old);
  return [
    { ...update, ask: replacing(pkiCertificate('ee.crt')), expected: issued('explicit', 'kur') },
    {
      ...update,
      ask: replacing(pkiCertificate('new.crt')),
      expected: { code: 'CertificateRefused', retry: 'request' },
    },
    // To an ir a kup is no answer.
    { exchanges: [`${name}-1`], expected: { code: 'UnexpectedBody', retry: 'transaction' } },
  ];
};

const recordings: readonly Recording[] = [
  explicit(['pbm-ir-1', 'pbm-ir-2'], 'ir'),
  explicit(['pbm-cr-1', 'pbm-cr-2'], 'cr'),
  explicit(['pbm-p10cr-1', 'pbm-p10cr-2'], 'p10cr'),
  explicit(['pbm256-ir-1', 'pbm256-ir-2'], 'ir'),
  explicit(['sig-ir-1', 'sig-ir-2'], 'ir'),
  explicit(['sig-cr-1', 'sig-cr-2'], 'cr'),
  explicit(['sig-p10cr-1', 'sig-p10cr-2'], 'p10cr'),
  explicit(['sigrsa-ir-1', 'sigrsa-ir-2'], 'ir'),
  explicit(['tmpl-ir-1', 'tmpl-ir-2'], 'ir'),
  explicit(['ircsr-1', 'ircsr-2'], 'ir'),
  explicit(['rav-1', 'rav-2'], 'ir'),
  explicit(['poll-ir-1', 'poll-ir-2', 'poll-ir-3', 'poll-ir-4'], 'ir'),
  explicit(['poll-p10cr-1', 'poll-p10cr-2', 'poll-p10cr-3', 'poll-p10cr-4'], 'p10cr'),
  explicit(['o35-ed-1', 'o35-ed-2'], 'ir'),
  explicit(['o35-p10-1', 'o35-p10-2'], 'p10cr'),
  explicit(['o35-profile-1', 'o35-profile-2'], 'cr'),
  implicit('impl-ir', 'ir'),
  implicit('impl-p10cr', 'p10cr'),
  { exchanges: ['implng-1', 'implng-2'], change: { implicitConfirm: true }, expected: issued('explicit', 'ir') },
  {
    exchanges: ['gwm1', 'gwm2'],
    expected: { kind: 'issued', notes: expect.arrayContaining([expect.stringMatching(/with modifications/)]) },
  },
  // Certified by CAs that were thrown away: only who trusts the very certificate can accept it.
  ...['newed', 'newpss'].flatMap((name) => [
    {
      exchanges: [`openssl-${name}-1`, `openssl-${name}-2`],
      change: { anchors: [pkiCertificate(`${name}.crt`)] },
      expected: issued('explicit', 'ir'),
    },
    { exchanges: [`openssl-${name}-1`, `openssl-${name}-2`], expected: { code: 'ChainIncomplete', retry: 'issuer' } },
  ]),
  refusal('rej-ir', 'badCertTemplate'),
  refusal('rav-rej', 'badPOP'),
  refusal('nopopo-1', 'badPOP'),
  refusal('senderr-ir', 'badRequest'),
  refusal('o35-badprofile', 'badRequest', 'cr'),
  { exchanges: ['kuw1'], expected: { code: 'Rejected', retry: 'request' } },
  { exchanges: ['wait-1', 'wait-2'], expected: { code: 'Rejected', failInfo: ['badRequest'] } },
  { exchanges: ['unprot-ir'], expected: { code: 'ProtectionMissing', retry: 'unauthenticated' } },
  { exchanges: ['unproterr-ir'], expected: { code: 'Rejected', retry: 'unauthenticated' } },
  // A private key made by the CA, which we never ask for.
  { exchanges: ['o35-kga-1'], expected: { code: 'ResponseMalformed', retry: 'transaction' } },
  ...['pbm-kur', 'sig-kur', 'o35-kur'].flatMap(updated),
  revoked('pbm-rr'),
  revoked('sig-rr'),
  revoked('o35-rr'),
  revoked('o35-poll-rr-1', 'o35-poll-rr-2', 'o35-poll-rr-3'),
  { exchanges: ['sig-genm'], ask: requestSignKeyPairTypes, expected: [] },
  // Version 3.0 sends back what it was asked, here nothing at all and there an item without a value.
  { exchanges: ['pbm-genm'], ask: requestSignKeyPairTypes, expected: { code: 'ResponseMalformed' } },
  { exchanges: ['pbm-genm-cacerts'], ask: requestCaCertificates, expected: [] },
  { exchanges: ['o35-cacerts'], ask: requestCaCertificates, expected: [{ sha256: root.sha256 }] },
  {
    exchanges: ['o35-poll-genm-1', 'o35-poll-genm-2', 'o35-poll-genm-3'],
    ask: requestCaCertificates,
    expected: [],
  },
  {
    exchanges: ['o35-rootca'],
    ask: async (replaying, signal) => (await requestRootCaUpdate(root, replaying, signal)) ?? {},
    expected: { newWithNew: { isSelfSigned: true }, newWithOld: { isCA: true }, oldWithNew: { isCA: true } },
  },
  {
    exchanges: ['o35-crls'],
    ask: (replaying, signal) => {
      const { subject } = pkiCertificate('sub.crt');
      const issuer = [{ type: 'directoryName', value: subject } as const];
      return requestCrls([{ source: { type: 'issuer', value: issuer } }], replaying, signal);
    },
    expected: [{ issuer: pkiCertificate('sub.crt').subject, entries: 0 }],
  },
];

describe('a recorded transaction', () => {
  it.each(recordings.map((recording) => [recording.exchanges.join(' '), recording] as const))(
    '%s ends as it must',
    async (_name, recording) => {
      const { result, asked, files } = await replay(recording);
      expect(result).toMatchObject(recording.expected);
      expect(asked).toHaveLength(files.length);
      for (const [index, { sent }] of files.entries()) {
        const { header, body } = asked[index] ?? {};
        expect(header?.recipNonce).toEqual(sent.header.recipNonce);
        // What we confirm is what the client of back then confirmed: the same hash, the same certReqId.
        if (sent.body.type !== 'certConf' || body?.type !== 'certConf') continue;
        const [theirs] = sent.body.value;
        expect(body.value).toMatchObject([{ certHash: theirs?.certHash, certReqId: theirs?.certReqId }]);
      }
    },
  );

  // Without a reason openssl leaves the reason out, which we never do; its empty genm is nothing that we would ask.
  const alike = recordings.filter(
    ({ ask, exchanges: [first] }) => ask && !/^(o35-poll-rr-1|pbm-genm|[a-z0-9]+-kur-1)$/.test(first ?? ''),
  );
  it.each(alike.map((recording) => [recording.exchanges[0], recording] as const))(
    '%s asks octet for octet what was asked back then',
    async (_name, recording) => {
      const { asked, files } = await replay(recording);
      expect(asked[0]?.rawBody).toEqual(files[0]?.sent.rawBody);
    },
  );

  it('is part of the table, or continues one that is', () => {
    const told = new Set(recordings.flatMap(({ exchanges }) => exchanges));
    const untold = responses
      .map((name) => name.replace('-pkiconf', '').replace('.rsp.der', ''))
      .filter((name) => !told.has(name));
    expect(untold).toEqual([]);
  });
});
