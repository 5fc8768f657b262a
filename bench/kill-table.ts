import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.js';
import { ChaosCluster } from '../test/support/chaos/chaos-cluster.js';
import { KILL_POINTS } from '../test/support/chaos/kill-points.js';
import { broken, type KillOutcome, killBatches, killRows, runKillBatch } from '../test/support/chaos/kill-run.js';
import { killTablePage } from './kill-table-page.js';
import { printTable } from './table.js';

/** How often a request loses its controller at the same point. */
const KILLS = [1, 3];

/** Kills the controller at every point, in every way an enrolment can go. */
export async function chaosKillTable(write: boolean): Promise<readonly string[]> {
  const outcomes: KillOutcome[] = [];
  for (const kills of KILLS) {
    const batches = killBatches(killRows());
    for (const [index, batch] of batches.entries()) {
      console.log(`kills at every step: batch ${index + 1} of ${batches.length}, ${batch.length} rows, ${kills} x`);
      const cluster = await ChaosCluster.start();
      try {
        outcomes.push(...(await runKillBatch(cluster, batch, kills)));
      } finally {
        await cluster.stop();
      }
    }
  }
  printTable('Killed at every step (all requests must end with their certificate)', [
    ['the controller dies when', 'confirmation', 'protection', 'the CA', 'kills', 'issued', 'left over', 'outcome'],
    ...inOrder(outcomes).map(({ row, kills, certificates, extras, problems }) => [
      row.point.name,
      row.variant.confirmation.toLowerCase(),
      row.variant.protection,
      row.variant.polling ? 'wants time' : 'answers at once',
      String(kills),
      String(certificates),
      extras.length === 0 ? '-' : `${extras.length} (${[...new Set(extras.map(({ state }) => state))].join(', ')})`,
      problems.length === 0 ? 'as promised' : problems.join('; '),
    ]),
  ]);
  if (write) {
    const path = join('docs', 'reference', 'kill-table.md');
    writeFileSync(join(packageRoot(), path), killTablePage(outcomes));
    console.log(`wrote ${path}`);
  }
  return broken(outcomes);
}

const inOrder = (outcomes: readonly KillOutcome[]): readonly KillOutcome[] =>
  outcomes.toSorted(
    (a, b) =>
      KILL_POINTS.indexOf(a.row.point) - KILL_POINTS.indexOf(b.row.point) ||
      Number(a.row.variant.polling) - Number(b.row.variant.polling) ||
      a.row.variant.confirmation.localeCompare(b.row.variant.confirmation) ||
      a.row.variant.protection.localeCompare(b.row.variant.protection) ||
      a.kills - b.kills,
  );
