import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.js';
import { TestCluster } from '../support/test-cluster.js';

const GROUP = 'certmanager.onap.org';
const WORKERS = 8;
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** Each has an issuer of its own in a namespace of the same name. */
const NEIGHBOURS = ['silent', 'refused', 'limited', 'healthy'] as const;
type Neighbour = (typeof NEIGHBOURS)[number];
const PER_NEIGHBOUR = 45;

describe('one issuer in trouble', () => {
  let cluster: TestCluster;
  const requests = (namespace: Neighbour) => names(namespace, PER_NEIGHBOUR);
  const reasonOf = (namespace: Neighbour, name: string) =>
    findCondition(cluster.get(namespace, name).status?.conditions, 'Ready')?.reason;
  const metrics = async () => (await fetch(`${cluster.controller.probesUrl}/metrics`)).text();
  const gauge = async (name: string, namespace: Neighbour) =>
    Number(
      new RegExp(`^${name}\\{[^}]*issuer_namespace="${namespace}"[^}]*\\} (\\S+)$`, 'm').exec(await metrics())?.[1],
    );

  beforeAll(async () => {
    cluster = await TestCluster.start();
    for (const namespace of NEIGHBOURS) cluster.credentials(namespace);
    cluster.issuer('silent', 'cmp/http-silence');
    cluster.issuer('refused', 'pkix/', { endpoints: [{ url: 'http://127.0.0.1:1/' }] });
    cluster.issuer('limited', 'pkix/', {}, { limits: { requestsPerSecond: 1 } });
    cluster.issuer('healthy');
    for (const namespace of NEIGHBOURS)
      await cluster.issuerSettled(namespace, namespace === 'refused' ? 'Error' : 'Verified');
    for (const namespace of ['silent', 'refused', 'limited'] as const)
      for (const name of requests(namespace)) cluster.request(namespace, name);
    await cluster.eventually(
      () => cluster.ca.ledger.messages['ir'] ?? 0,
      (messages) => messages > WORKERS,
    );
    for (const name of requests('healthy')) cluster.request('healthy', name);
  }, 60_000);

  afterAll(() => cluster.stop());

  it('does not keep another from issuing everything, while its own workers are stuck, refused or slowed down', async () => {
    for (const name of requests('healthy')) await cluster.settled('healthy', name, 'Issued');
    expect(await gauge('cmpv2_issuer_exchanges_under_way', 'silent')).toBe(WORKERS);
    expect(await gauge('cmpv2_issuer_queue_depth', 'silent')).toBe(PER_NEIGHBOUR - WORKERS);
    expect(await gauge('cmpv2_issuer_gate_waiting', 'limited')).toBeGreaterThan(0);
    for (const name of requests('silent')) expect(reasonOf('silent', name)).toBeUndefined();
    for (const name of requests('refused')) expect(reasonOf('refused', name)).toBe('Pending');
  }, 60_000);

  it('shows which one it is', async () => {
    expect(await metrics()).toContain(
      'cmpv2_issuer_circuit_breaker{issuer_kind="CMPv2Issuer",issuer_namespace="refused",issuer="ca",state="open"} 1',
    );
    expect(await gauge('cmpv2_issuer_requests_unfinished', 'refused')).toBe(PER_NEIGHBOUR);
    expect(await gauge('cmpv2_issuer_requests_unfinished', 'healthy')).toBe(0);
    expect(await gauge('cmpv2_issuer_ready', 'refused')).toBe(0);
    expect(await gauge('cmpv2_issuer_ready', 'healthy')).toBe(1);
  });

  it('tells those who stand in line why they wait', async () => {
    const last = requests('limited').at(-1) ?? '';
    await cluster.settled('limited', last, 'Pending', /^Waiting in line: spec\.limits\.requestsPerSecond .* lets 1 /);
  });

  it('lets a renewal go before first certificates that have waited for longer', async () => {
    cluster.request('limited', 'renewal', { annotations: { 'cert-manager.io/certificate-revision': '2' } });
    await cluster.settled('limited', 'renewal', 'Issued');
    expect(requests('limited').map((name) => reasonOf('limited', name))).not.toEqual(
      Array.from({ length: PER_NEIGHBOUR }, () => 'Issued'),
    );
  });

  it('lets go what its owner takes away', async () => {
    const plural = `cmpv2issuers.${GROUP}`;
    cluster.objects.delete(plural, 'ca', 'refused');
    await cluster.settled('refused', 'refused-0', 'Pending', /does not exist/);
    expect(await metrics()).not.toMatch(/^cmpv2_issuer_(?!queue_depth).*issuer_namespace="refused"/m);
  });
});
