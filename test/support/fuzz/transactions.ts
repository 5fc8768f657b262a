import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DerError, octetsEqual, readElement, tlv } from '../../../src/asn1/index.js';
import { CmpError } from '../../../src/cmp/error.js';
import { decodeMessage, protectedPart } from '../../../src/cmp/message.js';
import {
  DEFAULT_PBM_POLICY,
  hmac,
  isPbmac1,
  type MacName,
  PbmKeys,
  pbmac1Protector,
  readPbmac1Parameters,
  readPbmParameters,
} from '../../../src/cmp/protection/index.js';
import {
  type CmpSession,
  requestCaCertificates,
  requestCrls,
  requestRootCaUpdate,
  resumeEnrollment,
  revokeCertificate,
  SignerCache,
  startEnrollment,
} from '../../../src/cmp/transaction/index.js';
import { type Certificate, decodeCertificates, loadPrivateKey, sign } from '../../../src/pki/index.js';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { type CaOptions, signingProtector, TestCa } from '../../unit/cmp/support/ca.js';
import { certReqIdOf } from '../../unit/cmp/support/cert-req-id.js';
import { recorded, text } from '../../unit/cmp/support/fixture.js';
import {
  certificate,
  certificates,
  ENDPOINT,
  request,
  SECRET,
  session,
  signatureCredential,
} from '../../unit/cmp/support/session.js';
import { HastyClock } from '../hasty-clock.js';
import type { Subject } from './subject.js';

const { signal } = new AbortController();
const issued = certificate('new.crt');

/** Header and body protected anew by whoever holds the CA's key: an attack from inside. Undefined if there are none. */
type Reprotect = (mutant: Uint8Array) => Promise<Uint8Array | undefined>;

interface Parts {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly rest: readonly { readonly tag: number; readonly der: Uint8Array }[];
}

function partsOf(mutant: Uint8Array): Parts | undefined {
  try {
    const whole = readElement(mutant, 0, mutant.length);
    const [header, body, ...rest] = [...whole.children()];
    if (whole.tag !== 0x30 || header === undefined || body === undefined) return undefined;
    return { header: header.der, body: body.der, rest };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function reprotectWith(
  protect: (octets: Uint8Array, mutant: Uint8Array) => Promise<Uint8Array | undefined>,
): Reprotect {
  return async (mutant) => {
    const parts = partsOf(mutant);
    if (parts === undefined) return undefined;
    const { header, body, rest } = parts;
    const protection = await protect(protectedPart({ rawHeader: header, rawBody: body }), mutant);
    if (protection === undefined) return undefined;
    const others = rest.filter(({ tag }) => tag !== 0xa0).map(({ der }) => der);
    return tlv(0x30, header, body, tlv(0xa0, tlv(0x03, Uint8Array.of(0), protection)), ...others);
  };
}

const keys = new PbmKeys(SECRET);

/** The MAC that the octets themselves call for; undefined if they call for none that we would verify. */
async function macCalledFor(der: Uint8Array): Promise<{ readonly mac: MacName; readonly key: KeyObject } | undefined> {
  try {
    const { header } = decodeMessage(der);
    const algorithm = header.protectionAlg?.value;
    if (algorithm === undefined) return undefined;
    if (isPbmac1({ header })) {
      const parameters = readPbmac1Parameters(algorithm);
      return { mac: parameters.mac, key: await keys.pbkdf2Key(parameters) };
    }
    const parameters = readPbmParameters(algorithm, DEFAULT_PBM_POLICY);
    return { mac: parameters.mac, key: await keys.key(parameters) };
  } catch (error) {
    if (error instanceof DerError || error instanceof CmpError) return undefined;
    throw error;
  }
}

/** The MAC that the octets themselves call for, or else the one of the right answer. */
const macLike = (right: Uint8Array): Reprotect =>
  reprotectWith(async (octets, mutant) => {
    const found = (await macCalledFor(mutant)) ?? (await macCalledFor(right));
    return found && hmac(found.mac, found.key, octets);
  });

const signer = loadPrivateKey(text('server.key'));
const signed: Reprotect = reprotectWith((octets) => sign(signer, { scheme: 'ecdsa', hash: 'sha256' }, octets));

/** What came of an exchange that was not refused. */
type Result = 'issued' | 'answered' | 'pending';

/** A transaction that runs the same way each time, so that answers recorded once stay right. */
interface Scenario {
  readonly name: string;
  readonly options: CaOptions;
  readonly client: Partial<CmpSession>;
  readonly kind: 'mac' | 'signature';
  /** Throws CmpError; any other error if something was believed that must not be. */
  readonly ask: (client: CmpSession) => Promise<Result>;
}

/** Enrols, and goes on a few times. Only the one certificate may ever come out, and only whole. */
async function enroll(client: CmpSession): Promise<Result> {
  const wish = request(client.enrollment === 'kur' ? { replaces: certificate('ra-p256.crt') } : {});
  let result = await startEnrollment(wish, client, signal);
  for (let resumed = 0; result.kind === 'pending' && resumed < 3; resumed++) {
    result = await resumeEnrollment(wish, result.state, client, signal);
  }
  if (result.kind === 'pending') return 'pending';
  if (!result.certificate.equals(issued)) throw new Error('a certificate came out that the CA never issued');
  if (result.path.at(-1)?.equals(certificate('root.crt')) !== true) throw new Error('the path ends at a stranger');
  return 'issued';
}

/** Every octet drawn is new, and the same in every run. */
function countingRandom(): (octets: number) => Uint8Array {
  let drawn = 0;
  return (octets) => new Uint8Array(octets).fill(++drawn);
}

function outcome(
  { ask, client }: Scenario,
  answer: (message: Uint8Array, index: number) => Promise<Uint8Array> | Uint8Array,
): Promise<Result> {
  let asked = 0;
  const channel = {
    endpoint: ENDPOINT,
    exchange: async (message: Uint8Array) => answer(message, asked++),
    close: async () => {},
  };
  return ask(
    session({
      clock: new HastyClock(new Date('2027-01-01T00:00:00Z')),
      ...client,
      random: countingRandom(),
      signers: new SignerCache(),
      transport: { open: () => channel, probe: async () => {}, close: async () => {} },
    }),
  );
}

const silence = (): never => {
  throw new CmpError({ code: 'ConnectionFailed', message: 'there are no more answers' });
};

async function resultOf(scenario: Scenario, answers: readonly Uint8Array[]): Promise<string> {
  try {
    return await outcome(scenario, (_message, index) => answers[index] ?? silence());
  } catch (error) {
    if (error instanceof CmpError) return `refused: ${error.code}`;
    throw error;
  }
}

/** What protection covers, and protection itself; undefined if the octets are no message at all. */
function protectedOctets(der: Uint8Array): Uint8Array | undefined {
  try {
    const message = decodeMessage(der);
    return Buffer.concat([protectedPart(message), message.protection ?? new Uint8Array()]);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

async function subjectsOf(scenario: Scenario): Promise<Subject[]> {
  const ca = new TestCa(scenario.options);
  const answers: Uint8Array[] = [];
  const right = await outcome(scenario, async (message) => {
    const octets = await ca.answer(decodeMessage(message));
    answers.push(octets);
    return octets;
  });
  if (right === 'pending') throw new Error(`${scenario.name} does not come to an end`);
  const perAnswer = answers.map(async (seed, index): Promise<Subject[]> => {
    const reprotect = scenario.kind === 'mac' ? macLike(seed) : signed;
    const believable = protectedOctets(seed) ?? seed;
    const { type } = decodeMessage(seed).body;
    return [
      {
        name: `${scenario.name}, ${type}, forged`,
        seed,
        feed: async (mutant) => {
          if (octetsEqual(protectedOctets(mutant) ?? mutant, believable)) {
            return resultOf(scenario, answers.with(index, mutant));
          }
          // Nothing true comes after it: whatever comes out now comes of the forgery.
          const result = await resultOf(scenario, [...answers.slice(0, index), mutant]);
          if (result === 'issued' || result === 'answered') throw new Error('an altered answer was believed');
          return result;
        },
      },
      {
        name: `${scenario.name}, ${type}, by the CA itself`,
        seed,
        feed: async (mutant) => {
          const octets = await reprotect(mutant);
          return octets === undefined ? 'not to be protected' : resultOf(scenario, answers.with(index, octets));
        },
      },
    ];
  });
  return (await Promise.all(perAnswer)).flat();
}

/** Waits once, polls once, then the certificate. */
const patient: CaOptions['twist'] = (received, index) => {
  const certReqId = certReqIdOf(received);
  if (index === 0) {
    return { body: { type: 'ip', value: { response: [{ certReqId, status: { status: 'waiting' } }] } } };
  }
  if (index !== 2) return undefined;
  const certOrEncCert = { type: 'certificate', value: issued.der } as const;
  const response = [{ certReqId, status: { status: 'accepted' }, certifiedKeyPair: { certOrEncCert } } as const];
  return { body: { type: 'ip', value: { response } } };
};

/** Answers with the body of a recorded message, whatever is asked. */
const recordedBody = (name: string): CaOptions => {
  const { body } = decodeMessage(recorded(name));
  return { extraCerts: [], twist: () => ({ body }) };
};

const recordedTime = { clock: new HastyClock(new Date('2026-11-22T04:00:00Z')) };
const recordedPki = (name: string): Certificate => {
  const [only] = decodeCertificates(readFileSync(join(packageRoot(), 'fixtures', 'pki', 'recorded', name), 'utf8'));
  if (only === undefined) throw new Error(`${name} is empty`);
  return only;
};
const oldRoot = recordedPki('root.crt');

/** The old root's key is nobody's here: no other successor than the recorded one can be vouched for. */
async function askForSuccessor(client: CmpSession): Promise<Result> {
  const update = await requestRootCaUpdate(oldRoot, client, signal);
  if (update === undefined) return 'answered';
  const { body } = decodeMessage(recorded('o35-rootca.rsp.der'));
  const [item] = body.type === 'genp' ? body.value : [];
  const known = Buffer.from(item?.infoValue ?? []);
  if (!known.includes(Buffer.from(update.newWithOld.der)))
    throw new Error('a successor came out that the root never vouched for');
  return 'answered';
}

/** Asks, and takes every answer that is not refused. */
const take =
  (question: (client: CmpSession) => Promise<unknown>): Scenario['ask'] =>
  async (client) => {
    await question(client);
    return 'answered';
  };

/** The certificate that the recorded rp is about. */
function revokedThen(): { readonly issuer: Uint8Array; readonly serialNumber: bigint } {
  const { body } = decodeMessage(recorded('o35-rr.rsp.der'));
  const [certId] = (body.type === 'rp' ? body.value.revCerts : undefined) ?? [];
  if (certId?.issuer.type !== 'directoryName') throw new Error('the recorded rp names no certificate');
  return { issuer: certId.issuer.value, serialNumber: certId.serialNumber };
}

const issuerName = { type: 'directoryName', value: recordedPki('sub.crt').subject } as const;

const SCENARIOS: readonly Scenario[] = [
  { name: 'ir under a MAC', kind: 'mac', options: { caPubs: ['root.crt'] }, client: {}, ask: enroll },
  {
    name: 'p10cr with a signature',
    kind: 'signature',
    options: { protector: signingProtector() },
    client: { credential: signatureCredential(), enrollment: 'p10cr', anchors: certificates('root.crt') },
    ask: enroll,
  },
  { name: 'ir with polling', kind: 'mac', options: { twist: patient }, client: {}, ask: enroll },
  {
    name: 'cr with implicit confirmation',
    kind: 'mac',
    options: { grantImplicit: true },
    client: { enrollment: 'cr', implicitConfirm: true },
    ask: enroll,
  },
  {
    name: 'kur with a signature',
    kind: 'signature',
    options: { protector: signingProtector() },
    client: { credential: signatureCredential(), enrollment: 'kur' },
    ask: enroll,
  },
  {
    name: 'ir under PBMAC1',
    kind: 'mac',
    options: {
      protector: pbmac1Protector(
        { keys, reference: 'reference-1' },
        { salt: new Uint8Array(16).fill(5), iterationCount: 1_000, keyLength: 32, prf: 'sha256', mac: 'sha256' },
      ),
    },
    client: {},
    ask: enroll,
  },
  {
    name: 'rr',
    kind: 'mac',
    options: recordedBody('o35-rr.rsp.der'),
    client: recordedTime,
    ask: take((client) => revokeCertificate({ certificate: revokedThen(), reason: 'keyCompromise' }, client, signal)),
  },
  {
    name: 'genm for CA certificates',
    kind: 'mac',
    options: recordedBody('o35-cacerts.rsp.der'),
    client: recordedTime,
    ask: take((client) => requestCaCertificates(client, signal)),
  },
  {
    name: 'genm for the new root',
    kind: 'mac',
    options: recordedBody('o35-rootca.rsp.der'),
    client: { ...recordedTime, anchors: [oldRoot] },
    ask: askForSuccessor,
  },
  {
    name: 'genm for CRLs',
    kind: 'mac',
    options: recordedBody('o35-crls.rsp.der'),
    client: recordedTime,
    ask: take((client) => requestCrls([{ source: { type: 'issuer', value: [issuerName] } }], client, signal)),
  },
];

/** Every answer of whole transactions, forged from outside and spoilt from inside. */
export const freshSubjects = async (): Promise<Subject[]> => (await Promise.all(SCENARIOS.map(subjectsOf))).flat();
