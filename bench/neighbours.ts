import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { controllerRules } from '../src/cli/permissions.js';
import { type Sandbox, startSandbox } from '../src/sandbox/index.js';
import { factsOf } from './ca-child.js';
import {
  addIssuer,
  createIssuer,
  createRequest,
  isReady,
  issuerIsReady,
  issuerRef,
  requestNamed,
  until,
} from './cluster.js';
import { ControllerProcess } from './controller-process.js';
import { median, ms, printTable } from './table.js';

/** Of the healthy issuer, at a steady pace well below what it can do. */
const REQUESTS = 200;
const PACE_MS = 40;
const CA_DELAY_MS = 50;
/** Of the dead neighbour, waiting all the time. */
const BACKLOG = 200;
const ROUNDS = 5;
const USER = 'system:serviceaccount:cert-manager:cmpv2-issuer';

const NEIGHBOURS = {
  'no neighbour': undefined,
  'neighbour whose CA takes connections and never answers': ({ ca }: Sandbox) => `${ca.url}/cmp/http-silence`,
  'neighbour whose CA refuses connections': () => 'http://127.0.0.1:1/',
} as const;

/** What a dead CA costs the requests of another issuer: from their making to the status with their certificate. */
export async function benchNeighbours(): Promise<void> {
  const measured = new Map<string, number[]>();
  // In turn, so that what else the machine does is spread over all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, url] of Object.entries(NEIGHBOURS))
      measured.set(name, [...(measured.get(name) ?? []), ...(await run(url))]);
  }
  const p99 = (latencies: readonly number[] = []) =>
    [...latencies].sort((x, y) => x - y)[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
  const alone = p99(measured.get('no neighbour'));
  const rows = [...measured].map(([name, latencies]) => {
    const change = (p99(latencies) / alone - 1) * 100;
    return [name, ms(median(latencies)), ms(p99(latencies)), `${change >= 0 ? '+' : ''}${change.toFixed(0)} %`];
  });
  printTable(
    `Dead neighbour (${ROUNDS} times ${REQUESTS} requests, one every ${PACE_MS} ms, CA delay ${CA_DELAY_MS} ms, ${BACKLOG} waiting next door)`,
    [['', 'p50', 'p99', 'p99, changed'], ...rows],
  );
}

/** Latencies in milliseconds. */
async function run(neighbour: ((sandbox: Sandbox) => string) | undefined): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-bench-'));
  const sandbox = await startSandbox({
    apiPort: 0,
    caPort: 0,
    controllerRules: controllerRules(),
    journalLimit: 10_000,
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
  sandbox.ca.behaviours.default = { delayMilliseconds: CA_DELAY_MS };
  const ca = await factsOf(sandbox.ca);
  createIssuer(sandbox.api, ca, 'Implicit');
  if (neighbour !== undefined) addIssuer(sandbox.api, 'dead', ca.caName, neighbour(sandbox), 'Implicit');
  const controller = await ControllerProcess.start(kubeconfig, join(folder, 'controller.err'));
  try {
    await until(() => issuerIsReady(sandbox));
    createRequest(sandbox, 'warm-up');
    await until(() => isReady(requestNamed(sandbox, 'warm-up')));
    if (neighbour !== undefined)
      for (let i = 0; i < BACKLOG; i++) createRequest(sandbox, `dead-${i}`, issuerRef('dead'));
    await sleep(2_000);
    const madeAt = new Map<string, number>();
    for (let i = 0; i < REQUESTS; i++) {
      madeAt.set(`r-${i}`, Date.now());
      createRequest(sandbox, `r-${i}`);
      await sleep(PACE_MS);
    }
    await until(() => [...madeAt.keys()].every((name) => isReady(requestNamed(sandbox, name))));
    return sandbox.api.journal
      .entries({ user: USER, verb: 'patch', resource: 'certificaterequests', subresource: 'status' })
      .flatMap(({ name = '', time }) => {
        const made = madeAt.get(name);
        return made === undefined ? [] : [Date.parse(time) - made];
      });
  } finally {
    await controller.stop();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
