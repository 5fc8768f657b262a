import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChaosCluster, type Place } from '../support/chaos/chaos-cluster.js';
import { launchReplica, takeOver } from '../support/chaos/take-over.js';
import { brokenPromises } from '../support/chaos/verdict.js';

let cluster: ChaosCluster;
let place: Place;
beforeAll(async () => {
  cluster = await ChaosCluster.start();
  // The namespace of the Lease.
  cluster.sandbox.api.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'replicas' } });
  // Slow enough for exchanges to be under way at any moment.
  const behaviour = { delayMilliseconds: 100 };
  place = cluster.place({ protection: 'signature', confirmation: 'Explicit', behaviour });
  await launchReplica(cluster);
}, 60_000);
afterAll(() => cluster.stop());

const REQUESTS = 40;
/** Exchanges that an issuer without limits of its own has under way. */
const WORKERS = 8;

const leftOver = ({ verdicts }: Awaited<ReturnType<typeof takeOver>>): number =>
  verdicts.reduce((sum, { extras }) => sum + extras.length, 0);

describe('of two replicas, when the one that leads fails in the middle of a burst, the other does the rest', () => {
  beforeAll(async () => {
    await launchReplica(cluster);
  });

  it('once, and has names for what the dead one left at the CA', async () => {
    const result = await takeOver(place, REQUESTS, async (leader) => {
      await leader.stop('SIGKILL');
    });
    expect(brokenPromises(result.verdicts)).toEqual([]);
    expect(leftOver(result)).toBeLessThanOrEqual(WORKERS);
    expect(result.issuedBefore).toBeLessThan(REQUESTS);
  }, 90_000);
});

describe('and when it only stood still, and wakes up to find itself no leader any more', () => {
  beforeAll(async () => {
    await launchReplica(cluster);
  });

  it('it touches nothing, and ends', async () => {
    const result = await takeOver(
      place,
      REQUESTS,
      async (leader) => leader.pause(),
      async (leader) => {
        leader.resume();
        await cluster.until('the former leader to end', () => leader.exitCode !== undefined);
        expect(leader.exitCode).toBe(3);
      },
    );
    expect(brokenPromises(result.verdicts)).toEqual([]);
    expect(leftOver(result)).toBeLessThanOrEqual(WORKERS);
  }, 90_000);
});
