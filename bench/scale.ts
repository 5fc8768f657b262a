import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './cluster.js';
import { ControllerProcess } from './controller-process.js';
import { SandboxChild } from './sandbox-child.js';
import { ms, printTable } from './table.js';

const PAST = 20_000;
const ISSUED = 500;

/** What the controller costs in a cluster full of requests that are none of its business any more. */
export async function benchScale(): Promise<void> {
  const rows = [
    [
      'in the cluster',
      'watched by',
      'filled in',
      'RSS',
      'longest stall',
      'issued/s',
      'CPU per certificate',
      'peak RSS',
      'longest stall',
    ],
  ];
  for (const [name, count, ours, selectable] of [
    ['nothing', 0, false, true],
    [`${PAST} finished, foreign`, PAST, false, true],
    [`${PAST} finished, foreign`, PAST, false, false],
    [`${PAST} finished, our own`, PAST, true, true],
  ] as const) {
    rows.push([name, selectable ? 'field selector' : 'everything', ...(await run(count, ours, selectable))]);
  }
  printTable(
    `Scale (at the start; then while ${ISSUED} requests are issued. Wanted: RSS <= 120 MiB with foreign ones, <= 150 MiB while issuing, no stall > 50 ms)`,
    rows,
  );
}

async function run(count: number, ours: boolean, selectable: boolean): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-bench-'));
  const sandbox = await SandboxChild.start();
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, (await sandbox.ask({ do: 'fill', count, ours, selectable })).kubeconfig ?? '', {
    mode: 0o600,
  });
  const started = performance.now();
  const controller = await ControllerProcess.start(kubeconfig, join(folder, 'controller.err'));
  try {
    await until(() => controller.isReady());
    const filled = performance.now() - started;
    const atStart = { stall: await controller.longestStall(), memory: controller.memory() };
    await sandbox.ask({ do: 'wait for the issuer' });
    const cpu = controller.cpu();
    const { seconds = Number.NaN } = await sandbox.ask({ do: 'issue', count: ISSUED });
    const stall = await controller.longestStall();
    return [
      ms(filled),
      `${atStart.memory.peak.toFixed(0)} MiB`,
      ms(atStart.stall),
      (ISSUED / seconds).toFixed(0),
      ms((controller.cpu() - cpu) / ISSUED),
      `${controller.memory().peak.toFixed(0)} MiB`,
      ms(stall),
    ];
  } finally {
    await controller.stop();
    sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
