import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadKubeAccess } from '../../../src/kube/config.js';
import { LeaderElector, leaderIdentity } from '../../../src/kube/leader-election.js';
import { KubeTransport } from '../../../src/kube/transport.js';
import { type Clock, systemClock } from '../../../src/runtime/clock.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { type ApiServer, startApiServer } from '../../../src/sandbox/apiserver/index.js';

const LEASE = { namespace: 'system', name: 'leader' };
const lateClock: Clock = { ...systemClock, now: () => new Date(Date.now() - 3_600_000) };

let server: ApiServer;
const folder = mkdtempSync(join(tmpdir(), 'leader-election-'));
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startApiServer({ tokens: [{ token: 'token', user: 'elector' }] });
  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASE.namespace } });
  writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig('token'));
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A process of its own: connections, clock, identity. */
async function candidate(clock: Clock) {
  const access = await loadKubeAccess({ kubeconfig: join(folder, 'kubeconfig') });
  const transport = new KubeTransport({ access, clock, uniform: Math.random, userAgent: 'elector/1' });
  const identity = leaderIdentity(systemRandom, 'host');
  const timings = { leaseDurationMs: 1_000, renewDeadlineMs: 800, retryPeriodMs: 50 };
  const client = new ApiClient(transport);
  const options = { client, clock, uniform: Math.random, logger: silentLogger, lease: LEASE, identity, timings };
  const elector = new LeaderElector(options);
  const stop = new AbortController();
  let lost = new AbortController().signal;
  let started = () => {};
  const leads = new Promise<void>((resolve) => {
    started = resolve;
  });
  const outcome = elector.run(stop.signal, {
    onStartedLeading: (leading) => {
      lost = leading;
      started();
      return new Promise((resolve) => {
        stop.signal.addEventListener('abort', () => resolve());
        leading.addEventListener('abort', () => resolve());
      });
    },
  });
  stops.push(async () => {
    stop.abort();
    await outcome;
    await transport.close();
  });
  return { identity, leads, outcome, stop: () => stop.abort(), cutOff: () => transport.close(), lost: () => lost };
}

const holder = () => server.objects.get('leases.coordination.k8s.io', LEASE.name, LEASE.namespace)?.['spec'];

it('two electors at one API server: the lease is handed over, and taken over', async () => {
  const first = await candidate(systemClock);
  await first.leads;
  expect(holder()).toMatchObject({ holderIdentity: first.identity, leaseTransitions: 0 });
  const second = await candidate(lateClock);
  first.stop();
  expect(await first.outcome).toBe('stopped');
  await second.leads;
  expect(first.lost().aborted).toBe(false);
  expect(holder()).toMatchObject({ holderIdentity: second.identity, leaseDurationSeconds: 1, leaseTransitions: 1 });
  const third = await candidate(systemClock);
  await second.cutOff();
  await third.leads;
  // It had to stop before the other one was let in.
  expect(second.lost().aborted).toBe(true);
  expect(await second.outcome).toBe('lost');
  expect(holder()).toMatchObject({ holderIdentity: third.identity, leaseTransitions: 2 });
});
