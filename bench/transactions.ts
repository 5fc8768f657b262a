import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDirectEnroller } from '../src/enrollment/direct.js';
import type { DirectBackendConfig } from '../src/enrollment/direct-config.js';
import type { EnrollmentRequest } from '../src/enrollment/enroller.js';
import { systemClock } from '../src/runtime/clock.js';
import { packageRoot } from '../src/runtime/package-root.js';
import { systemRandom } from '../src/runtime/random.js';
import { ms, printTable } from './table.js';

interface CaFacts {
  readonly url: string;
  readonly rootPem: string;
  readonly caName: string;
  readonly credentials: { readonly reference: string; readonly secret: string };
  readonly client: { readonly certificatePem: string; readonly chainPem: string; readonly keyPem: string };
}

const WARM_UP = 200;
const COUNTED = 1000;
const CONCURRENCY = 8;

/** Whole transactions against the sandbox CA in another process: CPU of the client, and rate. */
export async function benchTransactions(): Promise<void> {
  const child = fork(new URL('./ca-process.js', import.meta.url));
  try {
    const ca = await new Promise<CaFacts>((resolve, reject) => {
      child.once('message', (facts) => resolve(facts as CaFacts));
      child.once('exit', () => reject(new Error('the CA process ended')));
    });
    const rows = [['transaction', 'one at a time: client CPU', 'wall', `${CONCURRENCY} at a time: client CPU`, 'rate']];
    for (const [name, config] of variants(ca)) rows.push([name, ...(await measure(config))]);
    printTable(`Transactions (${COUNTED} each, CSR with P-256, CA in another process on the same machine)`, rows);
  } finally {
    child.disconnect();
  }
}

function variants(ca: CaFacts): [string, DirectBackendConfig][] {
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
  const mac = (iterations: number) =>
    ({
      type: 'mac',
      reference: ca.credentials.reference,
      secret: Buffer.from(ca.credentials.secret),
      owf: 'SHA256',
      mac: 'HMAC-SHA256',
      iterations,
    }) as const;
  return [
    ['p10cr + certConf, P-256 signatures', { ...common, protection: signature }],
    ['p10cr, implicit, P-256 signatures', { ...common, protection: signature, confirmation: 'Implicit' }],
    ['ir raVerified + certConf, PBM 500', { ...common, enrollment: 'IR', protection: mac(500) }],
    [
      'ir raVerified, implicit, PBM 500',
      { ...common, enrollment: 'IR', protection: mac(500), confirmation: 'Implicit' },
    ],
  ];
}

async function measure(config: DirectBackendConfig): Promise<string[]> {
  const csrPem = readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr'), 'utf8');
  const request: EnrollmentRequest = {
    id: 'bench',
    csrPem,
    usages: [],
    isCA: false,
    privateKey: () => Promise.reject(new Error('no key is needed')),
  };
  const enroller = createDirectEnroller(config, { clock: systemClock, random: systemRandom });
  const { signal } = new AbortController();
  const one = async () => {
    const outcome = await enroller.enroll(request, signal);
    if (outcome.kind !== 'issued') throw new Error('the CA did not issue');
  };
  try {
    for (let i = 0; i < WARM_UP; i++) await one();
    const alone = await timed(COUNTED, 1, one);
    const together = await timed(COUNTED, CONCURRENCY, one);
    return [ms(alone.cpu), ms(alone.wall), ms(together.cpu), `${(1000 / together.wall).toFixed(0)}/s`];
  } finally {
    await enroller.close();
  }
}

/** Milliseconds for each of `count` runs, so many of them at a time. */
async function timed(count: number, concurrency: number, run: () => Promise<void>) {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let i = 0; i < count / concurrency; i++) await run();
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpu: (user + system) / 1000 / count, wall: (performance.now() - started) / count };
}
