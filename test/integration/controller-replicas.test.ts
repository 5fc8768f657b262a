import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.js';
import type { ControllerProcess } from '../support/controller-process.js';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
const others: ControllerProcess[] = [];
beforeAll(async () => {
  cluster = await TestCluster.start('--leader-elect', '--leader-election-namespace', 'replicas');
  // The namespace of the Lease, with all that an issuer in it needs.
  cluster.credentials('replicas');
  cluster.issuer('replicas');
  others.push(await cluster.replica('--leader-elect', '--leader-election-namespace', 'replicas'));
}, 60_000);
afterAll(async () => {
  for (const other of others) await other.stop('SIGKILL');
  await cluster.stop();
});

const request = async (name: string): Promise<void> => {
  cluster.request('replicas', name);
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (findCondition(cluster.get('replicas', name).status?.conditions, 'Ready')?.status === 'True') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(
    `${name} was not issued\n${cluster.controller.output}\n${others.map(({ output }) => output).join('\n')}`,
  );
};
const leads = ({ lines }: ControllerProcess): boolean => lines.some(({ msg }) => msg === 'working');

it('only one of two replicas works, and when it ends in good order the other goes on at once', async () => {
  await request('first');
  const [leader, follower] = leads(cluster.controller)
    ? [cluster.controller, others[0]]
    : [others[0], cluster.controller];
  if (leader === undefined || follower === undefined) throw new Error('there must be two');
  expect(leads(follower)).toBe(false);
  const readiness = ({ probesUrl }: ControllerProcess) => fetch(`${probesUrl}/readyz`).then((answer) => answer.text());
  await expect(readiness(leader)).resolves.toBe('working: this one leads\n');
  await expect(readiness(follower)).resolves.toMatch(/^standing by: .+ leads\n$/);

  // One that ends in good order gives the lease back.
  expect(await leader.stop()).toBe(0);
  await request('second');
  expect(leads(follower)).toBe(true);

  expect(cluster.ca.ledger.certificates.map(({ state }) => state)).toEqual(['confirmed', 'confirmed']);
}, 60_000);
