import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChaosCluster } from '../support/chaos/chaos-cluster.js';
import { launchReplica, NAMESPACE, type TakeOver, takeOver } from '../support/chaos/take-over.js';
import { brokenPromises } from '../support/chaos/verdict.js';
import type { ControllerProcess } from '../support/controller-process.js';

const REQUESTS = 40;
/** Exchanges that an issuer without limits of its own has under way. */
const WORKERS = 8;

const clusters: ChaosCluster[] = [];
let killed: TakeOver;
let paused: TakeOver;
let awoken: ControllerProcess | undefined;
// A lease that nobody gives back takes 15 s to run out: both cases wait at the same time.
beforeAll(async () => {
  [killed, paused] = await Promise.all([
    withReplicas((cluster) =>
      takeOver(slowPlace(cluster), REQUESTS, async (leader) => {
        await leader.stop('SIGKILL');
      }),
    ),
    withReplicas((cluster) =>
      takeOver(
        slowPlace(cluster),
        REQUESTS,
        async (leader) => leader.pause(),
        async (leader) => {
          awoken = leader;
          leader.resume();
          await cluster.until('the former leader to end', () => leader.exitCode !== undefined);
        },
      ),
    ),
  ]);
}, 120_000);
afterAll(() => Promise.all(clusters.map((cluster) => cluster.stop())));

async function withReplicas<T>(run: (cluster: ChaosCluster) => Promise<T>): Promise<T> {
  const cluster = await ChaosCluster.start();
  clusters.push(cluster);
  cluster.sandbox.api.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await launchReplica(cluster);
  await launchReplica(cluster);
  return run(cluster);
}

/** Slow enough for exchanges to be under way at any moment. */
const slowPlace = (cluster: ChaosCluster) =>
  cluster.place({ protection: 'signature', confirmation: 'Explicit', behaviour: { delayMilliseconds: 100 } });

const leftOver = ({ verdicts }: TakeOver): number => verdicts.reduce((sum, { extras }) => sum + extras.length, 0);

describe('of two replicas, when the leader is killed in the middle of a burst', () => {
  it('the other does the rest once, and has names for what was left at the CA', () => {
    expect(brokenPromises(killed.verdicts)).toEqual([]);
    expect(leftOver(killed)).toBeLessThanOrEqual(WORKERS);
    expect(killed.issuedBefore).toBeLessThan(REQUESTS);
  });
});

describe('when it only stands still for a while, and wakes up to find another one leading', () => {
  it('the other has done the rest once, and has names for what was left at the CA', () => {
    expect(brokenPromises(paused.verdicts)).toEqual([]);
    expect(leftOver(paused)).toBeLessThanOrEqual(WORKERS);
    expect(paused.issuedBefore).toBeLessThan(REQUESTS);
  });

  it('it ends, so that it can start afresh', () => {
    expect(awoken?.exitCode).toBe(3);
  });
});
