import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChaosCluster } from '../support/chaos/chaos-cluster.js';
import { type KillOutcome, killBatches, killRows, runKillBatch, titleOf } from '../support/chaos/kill-run.js';

// What protects the messages makes no difference to where a crash leaves them: each kind goes half of the ways.
const rows = killRows(
  ({ confirmation, protection, polling }) => (protection === 'MAC') === ((confirmation === 'Explicit') === polling),
);

let cluster: ChaosCluster;
const outcomes = new Map<string, KillOutcome>();
beforeAll(async () => {
  cluster = await ChaosCluster.start();
  // One death is a death at many points at once.
  for (const batch of killBatches(rows)) {
    for (const outcome of await runKillBatch(cluster, batch)) outcomes.set(titleOf(outcome.row), outcome);
  }
}, 300_000);
afterAll(() => cluster.stop());

describe('a controller that is killed leaves no request without its certificate, and no certificate unnamed', () => {
  it.each(rows.map(titleOf))('%s', (title) => {
    expect(outcomes.get(title)?.problems).toEqual([]);
  });
});
