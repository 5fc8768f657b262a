import { DerError, octetsEqual, readElement, tlv } from '../../../src/asn1/index.js';
import { CmpError } from '../../../src/cmp/error.js';
import { decodeMessage, protectedPart } from '../../../src/cmp/message.js';
import {
  DEFAULT_PBM_POLICY,
  hmac,
  PbmKeys,
  type PbmParameters,
  readPbmParameters,
} from '../../../src/cmp/protection/index.js';
import {
  type CmpSession,
  type EnrollmentResult,
  resumeEnrollment,
  SignerCache,
  startEnrollment,
} from '../../../src/cmp/transaction/index.js';
import { loadPrivateKey, sign } from '../../../src/pki/index.js';
import { type CaOptions, signingProtector, TestCa } from '../../unit/cmp/support/ca.js';
import { certReqIdOf } from '../../unit/cmp/support/cert-req-id.js';
import { text } from '../../unit/cmp/support/fixture.js';
import {
  certificate,
  certificates,
  ENDPOINT,
  request,
  SECRET,
  session,
  signatureCredential,
} from '../../unit/cmp/support/session.js';
import { ManualClock } from '../manual-clock.js';
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

/** PBM parameters that the octets name; undefined if they name none that we would take. */
function pbmParametersOf(der: Uint8Array): PbmParameters | undefined {
  try {
    const { protectionAlg } = decodeMessage(der).header;
    return protectionAlg && readPbmParameters(protectionAlg.value, DEFAULT_PBM_POLICY);
  } catch (error) {
    if (error instanceof DerError || error instanceof CmpError) return undefined;
    throw error;
  }
}

const keys = new PbmKeys(SECRET);

/** The MAC that the octets themselves call for, or else the one of the right answer. */
const macLike = (right: Uint8Array): Reprotect =>
  reprotectWith(async (octets, mutant) => {
    const parameters = pbmParametersOf(mutant) ?? pbmParametersOf(right);
    return parameters && hmac(parameters.mac, await keys.key(parameters), octets);
  });

const signer = loadPrivateKey(text('server.key'));
const signed: Reprotect = reprotectWith((octets) => sign(signer, { scheme: 'ecdsa', hash: 'sha256' }, octets));

/** A transaction that runs the same way each time, so that answers recorded once stay right. */
interface Scenario {
  readonly name: string;
  readonly options: CaOptions;
  readonly client: Partial<CmpSession>;
  readonly kind: 'mac' | 'signature';
}

/** Every octet drawn is new, and the same in every run. */
function countingRandom(): (octets: number) => Uint8Array {
  let drawn = 0;
  return (octets) => new Uint8Array(octets).fill(++drawn);
}

async function outcome(
  { client }: Scenario,
  answer: (message: Uint8Array, index: number) => Promise<Uint8Array> | Uint8Array,
): Promise<EnrollmentResult> {
  let asked = 0;
  const channel = {
    endpoint: ENDPOINT,
    exchange: async (message: Uint8Array) => answer(message, asked++),
    close: async () => {},
  };
  const own = session({
    ...client,
    random: countingRandom(),
    clock: new ManualClock(new Date('2027-01-01T00:00:00Z')),
    signers: new SignerCache(),
    transport: { open: () => channel, probe: async () => {}, close: async () => {} },
  });
  let result = await startEnrollment(request(), own, signal);
  for (let resumed = 0; result.kind === 'pending' && resumed < 3; resumed++) {
    result = await resumeEnrollment(request(), result.state, own, signal);
  }
  return result;
}

const silence = (): never => {
  throw new CmpError({ code: 'ConnectionFailed', message: 'there are no more answers' });
};

/** Whatever comes of a mutant: only the one certificate may ever come out, and only whole. */
async function resultOf(scenario: Scenario, answers: readonly Uint8Array[]): Promise<string> {
  try {
    const result = await outcome(scenario, (_message, index) => answers[index] ?? silence());
    if (result.kind === 'pending') return 'pending';
    if (!result.certificate.equals(issued)) throw new Error('a certificate came out that the CA never issued');
    if (result.path.at(-1)?.equals(certificate('root.crt')) !== true) throw new Error('the path ends at a stranger');
    return 'issued';
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
  if (right.kind !== 'issued') throw new Error(`${scenario.name} does not lead to a certificate`);
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
          // Nothing true comes after it: whatever is issued now was issued because of the forgery.
          const result = await resultOf(scenario, [...answers.slice(0, index), mutant]);
          if (result === 'issued') throw new Error('an altered answer was believed');
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

const SCENARIOS: readonly Scenario[] = [
  { name: 'ir under a MAC', kind: 'mac', options: { caPubs: ['root.crt'] }, client: {} },
  {
    name: 'p10cr with a signature',
    kind: 'signature',
    options: { protector: signingProtector() },
    client: { credential: signatureCredential(), enrollment: 'p10cr', anchors: certificates('root.crt') },
  },
  { name: 'ir with polling', kind: 'mac', options: { twist: patient }, client: {} },
  {
    name: 'cr with implicit confirmation',
    kind: 'mac',
    options: { grantImplicit: true },
    client: { enrollment: 'cr', implicitConfirm: true },
  },
];

/** Every answer of whole transactions, forged from outside and spoilt from inside. */
export const freshSubjects = async (): Promise<Subject[]> => (await Promise.all(SCENARIOS.map(subjectsOf))).flat();
