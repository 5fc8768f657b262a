import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { controllerRules } from '../src/cli/permissions.js';
import { type Sandbox, startSandbox } from '../src/sandbox/index.js';
import { CaChild } from './ca-child.js';
import { createIssuer, createRequest, isReady, issuerIsReady, requestNamed, until } from './cluster.js';
import { ControllerProcess } from './controller-process.js';
import { IdleChild } from './idle-child.js';
import { median, ms, printTable } from './table.js';

const REQUESTS = 1000;
const CREATED_AT_ONCE = 10;
const WORKERS = 8;
/** That wait for the CA's delay. */
const MESSAGES = { Implicit: 1, Explicit: 2 } as const;
/** The controller's, as the sandbox authenticates it. */
const USER = 'system:serviceaccount:cert-manager:cmpv2-issuer';

/** Many requests through the real controller process, which API server and CA share the machine with. */
export async function benchController(): Promise<void> {
  const rows = [
    [
      'requests',
      'confirmation',
      'CA delay',
      'issued/s',
      'of the ideal',
      'CPU of the controller',
      'p50',
      'p99',
      'API writes',
      'events',
      'CMP connections',
      'peak RSS',
      'longest stall',
      'of an idle process',
    ],
  ];
  for (const [confirmation, delay] of [
    ['Implicit', 0],
    ['Explicit', 0],
    ['Explicit', 50],
    ['Explicit', 200],
  ] as const) {
    rows.push(...(await run(confirmation, delay)));
  }
  printTable(
    `Controller (${REQUESTS} requests at once to a new process and ${REQUESTS} more when they are done, one issuer, P-256 signatures, ${WORKERS} workers; per certificate where it applies; ideal: workers / delay of its messages)`,
    rows,
  );
}

async function run(confirmation: 'Implicit' | 'Explicit', delay: number): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-bench-'));
  const sandbox = await startSandbox({
    apiPort: 0,
    caPort: 0,
    controllerRules: controllerRules(),
    journalLimit: 10 * REQUESTS,
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
  const ca = await CaChild.start(delay);
  createIssuer(sandbox.api, ca.facts, confirmation);
  const controller = await ControllerProcess.start(kubeconfig, join(folder, 'controller.err'));
  const idle = new IdleChild();
  try {
    await until(() => issuerIsReady(sandbox));
    const ideal = delay === 0 ? undefined : (WORKERS * 1000) / (delay * MESSAGES[confirmation]);
    const rows: string[][] = [];
    for (const round of ['first', 'next']) {
      const figures = await issueAll(sandbox, ca, controller, idle, round);
      rows.push([`the ${round} ${REQUESTS}`, confirmation, `${delay} ms`, ...row(figures, ideal)]);
    }
    return rows;
  } finally {
    await controller.stop();
    ca.stop();
    idle.stop();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Figures {
  /** When each status was written, in milliseconds since the first request came, ascending. */
  readonly latencies: readonly number[];
  readonly cpuMs: number;
  readonly writes: number;
  readonly events: number;
  readonly connections: number;
  /** Since the process began, in MiB. */
  readonly peakRss: number;
  readonly longestStallMs: number;
  /** The same of a process that does nothing, on the same machine at the same time. */
  readonly idleStallMs: number;
}

async function issueAll(
  sandbox: Sandbox,
  ca: CaChild,
  controller: ControllerProcess,
  idle: IdleChild,
  round: string,
): Promise<Figures> {
  const { journal } = sandbox.api;
  await Promise.all([controller.longestStall(), idle.longestStall()]);
  journal.reset();
  const connectionsBefore = await ca.connections();
  const cpuBefore = controller.cpu();
  const started = Date.now();
  const names = Array.from({ length: REQUESTS }, (_, i) => `${round}-${i}`);
  for (const [i, name] of names.entries()) {
    createRequest(sandbox, name);
    // An API server goes on serving while requests come in.
    if (i % CREATED_AT_ONCE === 0) await nextTurn();
  }
  // The journal tells when a status was written, at no cost while the run is on.
  const statusWrites = { user: USER, verb: 'patch', resource: 'certificaterequests', subresource: 'status' } as const;
  await until(
    () => journal.count(statusWrites) >= REQUESTS && names.every((name) => isReady(requestNamed(sandbox, name))),
  );
  const latencies = journal
    .entries(statusWrites)
    .map(({ time }) => Date.parse(time) - started)
    .sort((x, y) => x - y);
  const events = journal.count({ user: USER, verb: ['create', 'patch'], resource: 'events' });
  return {
    latencies,
    cpuMs: controller.cpu() - cpuBefore,
    writes: journal.count({ user: USER, verb: ['create', 'update', 'patch', 'delete'] }) - events,
    events,
    connections: (await ca.connections()) - connectionsBefore,
    peakRss: controller.memory().peak,
    longestStallMs: await controller.longestStall(),
    idleStallMs: await idle.longestStall(),
  };
}

function row(figures: Figures, ideal: number | undefined): string[] {
  const { latencies, cpuMs, writes, events, connections, peakRss, longestStallMs, idleStallMs } = figures;
  const perSecond = (REQUESTS * 1000) / (latencies.at(-1) ?? Number.NaN);
  return [
    perSecond.toFixed(0),
    ideal === undefined ? '' : `${((100 * perSecond) / ideal).toFixed(0)} %`,
    ms(cpuMs / REQUESTS),
    ms(median(latencies)),
    ms(latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN),
    (writes / REQUESTS).toFixed(2),
    (events / REQUESTS).toFixed(2),
    (connections / REQUESTS).toFixed(2),
    `${peakRss.toFixed(0)} MiB`,
    ms(longestStallMs),
    ms(idleStallMs),
  ];
}
