import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controllerRules } from '../src/cli/permissions.js';
import { startSandbox } from '../src/sandbox/index.js';
import { createIssuer, createRequest, isReady, issuerIsReady, requestNamed, until } from './cluster.js';
import { ControllerProcess } from './controller-process.js';
import { median, ms, printTable } from './table.js';

const REQUESTS = 1000;
/** The controller's, as the sandbox authenticates it. */
const USER = 'system:serviceaccount:cert-manager:cmpv2-issuer';

/** Many requests through the real controller process, which the sandbox shares the machine with. */
export async function benchController(): Promise<void> {
  const rows = [
    [
      'requests',
      'confirmation',
      'CA delay',
      'issued/s',
      'p50',
      'p99',
      'API writes',
      'events',
      'CMP connections',
      'peak RSS',
      'longest stall',
    ],
  ];
  for (const [confirmation, delay] of [
    ['Implicit', 0],
    ['Explicit', 0],
    ['Explicit', 50],
  ] as const) {
    rows.push(await run(confirmation, delay));
  }
  printTable(
    `Controller (${REQUESTS} requests at once, one issuer, P-256 signatures, 8 workers; per certificate where it applies)`,
    rows,
  );
}

async function run(confirmation: 'Implicit' | 'Explicit', delay: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-bench-'));
  const sandbox = await startSandbox({
    apiPort: 0,
    caPort: 0,
    controllerRules: controllerRules(),
    journalLimit: 10 * REQUESTS,
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
  sandbox.ca.behaviours.default = { delayMilliseconds: delay };
  await createIssuer(sandbox, confirmation);
  const controller = await ControllerProcess.start(kubeconfig, join(folder, 'controller.err'));
  try {
    await until(() => issuerIsReady(sandbox));
    await controller.longestStall();
    sandbox.api.journal.reset();
    const connectionsBefore = sandbox.ca.ledger.connections;
    const started = Date.now();
    for (let i = 0; i < REQUESTS; i++) createRequest(sandbox, `r-${i}`);
    // The journal tells when a status was written, at no cost while the run is on.
    const statusWrites = { user: USER, verb: 'patch', resource: 'certificaterequests', subresource: 'status' } as const;
    await until(
      () =>
        sandbox.api.journal.count(statusWrites) >= REQUESTS &&
        Array.from({ length: REQUESTS }, (_, i) => requestNamed(sandbox, `r-${i}`)).every(isReady),
    );
    const latencies = sandbox.api.journal
      .entries(statusWrites)
      .map(({ time }) => Date.parse(time) - started)
      .sort((x, y) => x - y);
    const seconds = (latencies.at(-1) ?? Number.NaN) / 1000;
    const stall = await controller.longestStall();
    const rss = controller.memory().peak;
    const writes = sandbox.api.journal.count({ user: USER, verb: ['create', 'update', 'patch', 'delete'] });
    const events = sandbox.api.journal.count({ user: USER, verb: ['create', 'patch'], resource: 'events' });
    return [
      String(REQUESTS),
      confirmation,
      `${delay} ms`,
      (REQUESTS / seconds).toFixed(0),
      ms(median(latencies)),
      ms(latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN),
      ((writes - events) / REQUESTS).toFixed(2),
      (events / REQUESTS).toFixed(2),
      ((sandbox.ca.ledger.connections - connectionsBefore) / REQUESTS).toFixed(2),
      `${rss.toFixed(0)} MiB`,
      ms(stall),
    ];
  } finally {
    await controller.stop();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
