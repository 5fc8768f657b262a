import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/runtime/clock.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { ChaosCluster, type Place } from '../support/chaos/chaos-cluster.js';
import { API_TROUBLES, CA_TROUBLES, problemsOf, runTroubles } from '../support/chaos/troubles.js';

let cluster: ChaosCluster;
let atCa: ReadonlyMap<string, readonly string[]>;
let atApi: ReadonlyMap<string, readonly string[]>;
beforeAll(async () => {
  cluster = await ChaosCluster.start();
  await cluster.launch();
  atCa = await runTroubles(cluster, CA_TROUBLES);
  atApi = await runTroubles(cluster, API_TROUBLES);
}, 180_000);
afterAll(() => cluster.stop());

describe('a request gets its one certificate, and what is left over has a name, whatever happens between us and the CA', () => {
  it.each(CA_TROUBLES.map(({ name }) => name))('%s', (name) => expect(atCa.get(name)).toEqual([]));
});

describe('and whatever the API server says to a write', () => {
  it.each(API_TROUBLES.map(({ name }) => name))('%s', (name) => expect(atApi.get(name)).toEqual([]));
});

const place = (ca?: SandboxCa): Place =>
  cluster.place({ protection: 'MAC', confirmation: 'Explicit', ...(ca && { ca }) });
const sleep = (milliseconds: number): Promise<void> => systemClock.sleep(milliseconds);
const watches = { resource: 'certificaterequests', verb: 'watch' } as const;
const openedWatches = (): number => cluster.sandbox.api.journal.count(watches);

describe('and whatever becomes of the network', () => {
  it.each([0, 2_000])('the API server restarts, and takes %i ms for it', async (milliseconds) => {
    const at = place();
    const before = openedWatches();
    const hold = at.ca.gate.hold(({ path, answer }) => path === at.path && answer === 'ip');
    const asked = await at.ask();
    // The certificate comes while there is nobody to tell.
    await hold.first;
    await cluster.links.api.down();
    hold.lift();
    await sleep(milliseconds);
    await cluster.links.api.up();
    await cluster.until('the watch to be back', () => openedWatches() > before);
    expect(await problemsOf(at, asked, 0)).toEqual([]);
  });

  it('the API server does not answer for a while, though it takes connections', async () => {
    const at = place();
    cluster.links.api.freeze();
    const asked = await at.ask();
    await sleep(2_000);
    cluster.links.api.thaw();
    expect(await problemsOf(at, asked, 0)).toEqual([]);
  });

  it('every watch is cut while a request is made', async () => {
    const at = place();
    const before = openedWatches();
    expect(cluster.sandbox.api.faults.endWatches('reset')).toBeGreaterThan(0);
    expect(await problemsOf(at, await at.ask(), 0)).toEqual([]);
    expect(openedWatches()).toBeGreaterThan(before);
  });

  it.each(['http', 'event'] as const)('a watch may not go on where it was (410 as %s)', async (how) => {
    const at = place();
    const lists = () => cluster.sandbox.api.journal.count({ ...watches, verb: 'list' });
    const before = lists();
    cluster.sandbox.api.faults.expireNextWatch(how, 1, ({ resource }) => resource === 'certificaterequests');
    cluster.sandbox.api.faults.endWatches('eof');
    const asked = await at.ask();
    await cluster.until('a new list', () => lists() > before);
    expect(await problemsOf(at, asked, 0)).toEqual([]);
  });

  it('the CA is down for a while', async () => {
    const at = place();
    // Otherwise it would be the issuer that is not ready.
    expect(await problemsOf(at, await at.ask(), 0)).toEqual([]);
    await cluster.links.ca.down();
    const asked = await at.ask();
    await cluster.until('the request to wait', () => cluster.reason(asked) === 'Pending');
    await cluster.links.ca.up();
    expect(await problemsOf(at, asked, 0)).toEqual([]);
  });

  it('the CA takes connections and does not answer, and gets late what was meant for it', async () => {
    const at = cluster.place({ protection: 'MAC', confirmation: 'Explicit', cmp: { requestTimeoutSeconds: 3 } });
    expect(await problemsOf(at, await at.ask(), 0)).toEqual([]);
    cluster.links.ca.freeze();
    const asked = await at.ask();
    await cluster.until('the request to wait', () => cluster.reason(asked) === 'Pending');
    cluster.links.ca.thaw();
    expect(await problemsOf(at, asked, 1)).toEqual([]);
  });
});

describe('and whatever the clock of the CA says', () => {
  let skewMs = 0;
  let ca: SandboxCa;
  beforeAll(async () => {
    ca = await startSandboxCa({ clock: { ...systemClock, now: () => new Date(Date.now() + skewMs) } });
  });
  afterAll(() => ca.close());

  it.each([-200, 200])('%i s are no matter', async (seconds) => {
    skewMs = seconds * 1_000;
    const at = place(ca);
    expect(await problemsOf(at, await at.ask(), 0)).toEqual([]);
  });

  it.each([-1_000, 1_000])('%i s are too much for the CA, until somebody sets it right', async (seconds) => {
    skewMs = seconds * 1_000;
    const at = place(ca);
    const asked = await at.ask();
    await cluster.until('the request to wait', () => cluster.reason(asked) !== undefined);
    expect(cluster.reason(asked)).toBe('Pending');
    skewMs = 0;
    expect(await problemsOf(at, asked, 0)).toEqual([]);
  });
});
