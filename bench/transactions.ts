import { createDirectEnroller } from '../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../src/enrollment/direct-config.js';
import type { EnrollmentRequest } from '../src/enrollment/enroller.js';
import { systemClock } from '../src/runtime/clock.js';
import { systemRandom } from '../src/runtime/random.js';
import { CaChild, type CaFacts } from './ca-child.js';
import { cryptoCosts, floorOf } from './crypto-floor.js';
import { freshCsrs } from './requests.js';
import { median, ms, printTable } from './table.js';

/** Until the engine has optimised what there is to optimise: a controller runs for months. */
const WARM_UP = 1_000;
const ROUNDS = 9;
const IN_A_ROUND = 100;
const CONCURRENCY = 8;
/** More than any cache in the code holds, so that none makes a CSR look cheaper than it is. */
const DIFFERENT_CSRS = 1_500;

interface Variant {
  readonly name: string;
  readonly config: DirectBackendConfig;
  /** Messages that we sign; 0 with a MAC. */
  readonly signed: number;
}

/** Whole transactions against the sandbox CA in another process: CPU of the client, and rate. */
export async function benchTransactions(): Promise<void> {
  const ca = await CaChild.start();
  try {
    const csrs = await freshCsrs(DIFFERENT_CSRS);
    const rows = [
      [
        'transaction',
        'the first one',
        'one at a time: client CPU',
        'wall',
        `${CONCURRENCY} at a time: client CPU`,
        'rate',
        'signatures alone, in a loop',
      ],
    ];
    for (const variant of variants(ca.facts)) rows.push([variant.name, ...(await measure(variant, csrs))]);
    printTable(
      `Transactions (CSRs with ${DIFFERENT_CSRS} different P-256 keys, CA in another process on the same machine; medians of ${ROUNDS} rounds of ${IN_A_ROUND}, after ${WARM_UP} to warm up; in brackets the best round, which others on the machine disturbed least)`,
      rows,
    );
  } finally {
    ca.stop();
  }
}

function variants(ca: CaFacts): Variant[] {
  const common = {
    endpoints: [{ url: `${ca.url}/pkix/` }],
    recipient: ca.caName,
    enrollment: 'P10CR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    trustPem: ca.rootPem,
    responseProtection: 'AllowSignature',
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: { connectTimeoutMs: 10_000, requestTimeoutMs: 60_000, maxResponseBytes: 1 << 20, maxPollingMs: 60_000 },
  } as const;
  const signature = {
    type: 'signature',
    certificatesPem: ca.client.certificatePem + ca.client.chainPem,
    privateKeyPem: ca.client.keyPem,
  } as const;
  const mac = {
    type: 'mac',
    reference: ca.credentials.reference,
    secret: Buffer.from(ca.credentials.secret),
    owf: 'SHA256',
    mac: 'HMAC-SHA256',
    iterations: 500,
  } as const;
  const implicit = { confirmation: 'Implicit' } as const;
  return [
    { name: 'p10cr + certConf, P-256 signatures', config: { ...common, protection: signature }, signed: 2 },
    { name: 'p10cr, implicit, P-256 signatures', config: { ...common, protection: signature, ...implicit }, signed: 1 },
    { name: 'p10cr + certConf, PBM 500', config: { ...common, protection: mac }, signed: 0 },
    {
      name: 'ir raVerified + certConf, PBM 500',
      config: { ...common, enrollment: 'IR', protection: mac },
      signed: 0,
    },
    {
      name: 'ir raVerified, implicit, PBM 500',
      config: { ...common, enrollment: 'IR', protection: mac, ...implicit },
      signed: 0,
    },
  ];
}

async function measure({ config, signed }: Variant, csrs: readonly string[]): Promise<string[]> {
  let next = 0;
  const request = (): EnrollmentRequest => ({
    id: 'bench',
    csrPem: csrs[next++ % csrs.length] ?? '',
    csrVerified: true,
    usages: [],
    isCA: false,
    privateKey: () => Promise.reject(new Error('no key is needed')),
  });
  const enroller = createDirectEnroller(config, { clock: systemClock, random: systemRandom });
  const { signal } = new AbortController();
  const one = async () => {
    const outcome = await enroller.enroll(request(), signal);
    if (outcome.kind !== 'issued') throw new Error('the CA did not issue');
  };
  try {
    const first = await timed(1, 1, one);
    await timed(WARM_UP / 2, 1, one);
    await timed(WARM_UP / 2, CONCURRENCY, one);
    const alone: Measured[] = [];
    const together: Measured[] = [];
    const crypto: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await timed(IN_A_ROUND, 1, one));
      together.push(await timed(IN_A_ROUND, CONCURRENCY, one));
      // In the same breath: how fast this machine is changes with what else runs on it.
      crypto.push(floorOf(cryptoCosts(), { signed, vouches: config.enrollment !== 'P10CR' }));
    }
    const of = (rounds: readonly Measured[], what: keyof Measured) => median(rounds.map((measured) => measured[what]));
    const best = (rounds: readonly Measured[]) => Math.min(...rounds.map(({ cpu }) => cpu));
    return [
      ms(first.cpu),
      `${ms(of(alone, 'cpu'))} (${ms(best(alone))})`,
      ms(of(alone, 'wall')),
      `${ms(of(together, 'cpu'))} (${ms(best(together))})`,
      `${(1000 / of(together, 'wall')).toFixed(0)}/s`,
      `${ms(median(crypto))} (${ms(Math.min(...crypto))})`,
    ];
  } finally {
    await enroller.close();
  }
}

interface Measured {
  readonly cpu: number;
  readonly wall: number;
}

/** Milliseconds for each of `count` runs, so many of them at a time. */
async function timed(count: number, concurrency: number, run: () => Promise<void>): Promise<Measured> {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await run();
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpu: (user + system) / 1000 / count, wall: (performance.now() - started) / count };
}
