import { ChaosCluster } from '../test/support/chaos/chaos-cluster.js';
import { launchReplica, NAMESPACE, type TakeOver, takeOver } from '../test/support/chaos/take-over.js';
import { brokenPromises } from '../test/support/chaos/verdict.js';
import { printTable } from './table.js';

const REQUESTS = 200;

/** How long the other replica takes to do the work of a leader that dies, stands still, or ends in good order. */
export async function chaosTakeOver(): Promise<readonly string[]> {
  const cluster = await ChaosCluster.start();
  const results: (readonly [how: string, result: TakeOver])[] = [];
  try {
    cluster.sandbox.api.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const behaviour = { delayMilliseconds: 100 };
    const place = cluster.place({ protection: 'signature', confirmation: 'Explicit', behaviour });
    await launchReplica(cluster);
    await launchReplica(cluster);
    const killed = await takeOver(place, REQUESTS, async (leader) => {
      await leader.stop('SIGKILL');
    });
    results.push(['killed', killed]);
    await launchReplica(cluster);
    const paused = await takeOver(
      place,
      REQUESTS,
      async (leader) => leader.pause(),
      async (leader) => {
        leader.resume();
        await cluster.until('the former leader to end', () => leader.exitCode !== undefined);
      },
    );
    results.push(['stands still', paused]);
    await launchReplica(cluster);
    const ended = await takeOver(place, REQUESTS, async (leader) => {
      await leader.stop('SIGTERM');
    });
    results.push(['ended by SIGTERM', ended]);
  } finally {
    await cluster.stop();
  }
  printTable(
    `Take-over (2 replicas, ${REQUESTS} requests at once, CA delay 100 ms, lease 15 s; wanted: <= 20 s until the other works)`,
    [
      ['the leader', 'issued before', 'until the other works', 'until all are issued', 'left over at the CA'],
      ...results.map(([how, { issuedBefore, secondsUntilWorking, secondsUntilIssued, verdicts }]) => [
        how,
        String(issuedBefore),
        `${secondsUntilWorking.toFixed(1)} s`,
        `${secondsUntilIssued.toFixed(1)} s`,
        String(verdicts.reduce((sum, { extras }) => sum + extras.length, 0)),
      ]),
    ],
  );
  return results.flatMap(([how, { verdicts }]) => brokenPromises(verdicts).map((text) => `${how}: ${text}`));
}
