import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../src/api/certificate-request.js';
import { type Condition, findCondition, wholeSeconds } from '../../src/api/conditions.js';
import type { Issuer } from '../../src/api/issuer.js';
import { CONTROLLER, Simulation } from '../support/simulation.js';
import { base64, csr } from '../support/test-cluster.js';

const NAMESPACE = 'shop';
const GROUP = 'certmanager.onap.org';
const MINUTE = 60_000;
const CSR = base64(csr('p256.csr'));

let sim: Simulation;

beforeAll(async () => {
  sim = await Simulation.start();
  for (const [name, values] of Object.entries({
    credentials: { ...sim.ca.credentials },
    trust: { 'ca.crt': sim.ca.rootPem },
  })) {
    const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, base64(text)]));
    sim.api.objects.create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: NAMESPACE, name }, data });
  }
}, 60_000);

afterAll(() => sim.close());

function issuer(name: string, path: string, cmp: object = {}): void {
  sim.api.objects.create({
    apiVersion: `${GROUP}/v1`,
    kind: 'CMPv2Issuer',
    metadata: { namespace: NAMESPACE, name },
    spec: {
      cmp: {
        endpoints: [{ url: `http://127.0.0.1:${sim.port.port}/${path}` }],
        recipient: sim.ca.caName,
        protection: { mac: { secretRef: { name: 'credentials' } } },
        trust: { caSecretRef: { name: 'trust' } },
        ...cmp,
      },
    },
  });
}

function request(name: string, issuerName = 'ca'): void {
  const created = sim.api.objects.create({
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { namespace: NAMESPACE, name },
    spec: {
      request: CSR,
      issuerRef: { group: GROUP, kind: 'CMPv2Issuer', name: issuerName },
      usages: ['digital signature', 'server auth'],
    },
  });
  const approved = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
  const conditions = [{ ...approved, lastTransitionTime: wholeSeconds(sim.clock.now()) }];
  sim.api.objects.updateStatus({ ...created, status: { conditions } });
}

const ready = (name: string): Condition | undefined => {
  const found = sim.api.objects.get('certificaterequests.cert-manager.io', name, NAMESPACE);
  return findCondition((found as unknown as CertificateRequest).status?.conditions, 'Ready');
};
const issuerReady = (name: string): Condition | undefined => {
  const found = sim.api.objects.get(`cmpv2issuers.${GROUP}`, name, NAMESPACE);
  return findCondition((found as unknown as Issuer).status?.conditions, 'Ready');
};
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
const writes = (resource: string): number =>
  sim.api.journal.count({ user: CONTROLLER, verb: 'patch', resource, subresource: 'status' });
const calls = (...verbs: string[]): number => sim.calls.filter(({ verb }) => verbs.includes(verb)).length;
const messages = (): number => Object.values(sim.ca.ledger.messages).reduce((sum, count) => sum + count, 0);

/** Of one issuer. */
const WORKERS = 8;

describe('an outage of ten minutes', () => {
  const waiting = names('waiting', 3);
  const bulk = names('bulk', 60);
  const late = names('late', 20);
  const all = [...waiting, ...bulk, ...late];
  let before: { readonly requests: number; readonly issuers: number; readonly messages: number };

  beforeAll(async () => {
    issuer('ca', 'pkix/');
    // This CA lets people decide, for which it gets two minutes: less than the outage lasts.
    sim.ca.behaviours.set('people', { polling: { polls: 3, checkAfterSeconds: 30, reason: 'a person decides' } });
    issuer('people', 'pkix/people', { pollingTimeoutSeconds: 120 });
    for (const name of waiting) request(name, 'people');
    request('first');
    await sim.pass(45_000);
    expect(ready('first')).toMatchObject({ reason: 'Issued' });
    expect(ready('waiting-0')).toMatchObject({ reason: 'Pending', message: 'Waiting for the CA: a person decides' });
    before = { requests: writes('certificaterequests'), issuers: writes('cmpv2issuers'), messages: messages() };
    sim.calls.length = 0;
  }, 60_000);

  it('keeps every request pending, with the reason, since when, and what is done about it', async () => {
    await sim.port.shut();
    for (const name of bulk) request(name);
    await sim.pass(5 * MINUTE);
    for (const name of late) request(name);
    await sim.pass(5 * MINUTE);
    for (const name of [...bulk, ...late])
      expect(ready(name)).toMatchObject({
        reason: 'Pending',
        message: expect.stringMatching(
          /^CMPv2Issuer resource shop\/ca is not Ready: cannot connect to .*ECONNREFUSED.* This has been so since .* asked again at least every 60 s/,
        ),
      });
    for (const name of waiting) expect(ready(name)).toMatchObject({ reason: 'Pending' });
    for (const name of ['ca', 'people']) expect(issuerReady(name)).toMatchObject({ status: 'False', reason: 'Error' });
  }, 60_000);

  it('writes one status per request and one per issuer, and leaves the CA alone but for probes', () => {
    // Those that were under way when it began tell of their own failure first.
    expect(writes('certificaterequests') - before.requests).toBeLessThanOrEqual(all.length + 2 * WORKERS);
    expect(writes('cmpv2issuers') - before.issuers).toBe(2);
    expect(messages()).toBe(before.messages);
    expect(calls('enroll', 'resume')).toBeLessThanOrEqual(3 * WORKERS);
    // Of two issuers, every half minute in the mean.
    expect(calls('probe')).toBeLessThanOrEqual(2 * (6 + 20));
    expect(calls('probe')).toBeGreaterThan(2 * 10);
  });

  it('issues everything once it is over, beginning with one exchange at a time', async () => {
    await sim.port.reopen();
    sim.calls.length = 0;
    await sim.pass(5 * MINUTE);
    for (const name of all) expect([name, ready(name)]).toMatchObject([name, { reason: 'Issued' }]);
    for (const name of ['ca', 'people'])
      expect(issuerReady(name)).toMatchObject({ status: 'True', reason: 'Verified' });
    const enrolments = sim.calls.filter(({ verb }) => verb === 'enroll');
    expect(enrolments).toHaveLength(bulk.length + late.length);
    expect(enrolments[0]?.atOnce).toBe(1);
    expect(Math.max(...sim.calls.map(({ atOnce }) => atOnce))).toBeLessThanOrEqual(2 * WORKERS);
  }, 60_000);

  it('costs the CA no certificate twice', () => {
    const { certificates } = sim.ca.ledger;
    expect(certificates).toHaveLength(all.length + 1);
    expect(new Set(certificates.map(({ state }) => state))).toEqual(new Set(['confirmed']));
  });

  it('writes each request once when it begins, and once when it is over', () => {
    expect(writes('certificaterequests') - before.requests).toBeLessThanOrEqual(2 * all.length + 2 * WORKERS);
    expect(writes('cmpv2issuers') - before.issuers).toBe(4);
  });
});

describe.each<[string, (isDown: boolean) => void, number]>([
  [
    'that is overloaded',
    (isDown) => {
      const fault = { type: 'status', status: 503, body: 'html', retryAfterSeconds: 120 } as const;
      sim.ca.behaviours.set('overloaded', isDown ? { http: { fault, before: true } } : {});
    },
    // Until five in a row open the breaker, others begin; then one tries every two minutes.
    2 * WORKERS + 6,
  ],
  [
    'that takes connections and never answers',
    (isDown) => {
      sim.port.mute = isDown;
    },
    // Each try takes a minute, and the next one comes up to a minute later.
    WORKERS + 10,
  ],
])('ten minutes of a CA %s', (how, turn, mostExchanges) => {
  const path = how.split(' ').at(-1) ?? '';
  const bulk = names(path, 30);

  it('fail nothing, and cost few exchanges and writes', async () => {
    sim.ca.behaviours.set(path, {});
    issuer(path, `pkix/${path}`);
    await sim.pass(1_000);
    turn(true);
    const before = writes('certificaterequests');
    sim.calls.length = 0;
    for (const name of bulk) request(name, path);
    await sim.pass(10 * MINUTE);
    for (const name of bulk) expect(ready(name)).toMatchObject({ reason: 'Pending' });
    expect(issuerReady(path)).toMatchObject({ status: 'False', reason: 'Error' });
    expect(calls('enroll', 'resume')).toBeLessThanOrEqual(mostExchanges);
    expect(writes('certificaterequests') - before).toBeLessThanOrEqual(bulk.length + 2 * WORKERS);
  }, 60_000);

  it('end with a certificate for everybody', async () => {
    turn(false);
    await sim.pass(6 * MINUTE);
    for (const name of bulk) expect([name, ready(name)]).toMatchObject([name, { reason: 'Issued' }]);
    expect(issuerReady(path)).toMatchObject({ status: 'True' });
  }, 60_000);
});
