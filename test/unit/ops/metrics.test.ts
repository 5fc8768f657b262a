import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Registry } from 'prom-client';
import { CERTSERVICE_METRICS, CONTROLLER_METRICS, LABELS, type MetricTable } from '../../../src/ops/metric-table.js';
import { type ControllerMetrics, createMetrics, createRegistry } from '../../../src/ops/metrics.js';

const ISSUER = { kind: 'CMPv2Issuer', namespace: 'shop', name: 'ca' };
const OTHER = { ...ISSUER, name: 'other' };
const series = (name: string, more = '') =>
  `${name}{issuer_kind="CMPv2Issuer",issuer_namespace="shop",issuer="ca"${more}}`;

const COUNTED_ON_READING = [
  'cmpv2_issuer_requests_unfinished',
  'cmpv2_issuer_queue_depth',
  'cmpv2_issuer_gate_waiting',
];

let registry: Registry;
let metrics: ControllerMetrics;
const lines = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('cmpv2_issuer_'));

beforeEach(() => {
  registry = createRegistry();
  metrics = createMetrics(registry);
});

/** Every metric that is about an issuer, with each of its further labels. */
function count(issuer: typeof ISSUER): void {
  for (const outcome of ['issued', 'pending', 'Timeout']) metrics.enrolled(issuer, outcome, 1_500);
  metrics.exchangesUnderWay(issuer, 2);
  metrics.queueWaited(issuer, 20);
  metrics.gateWaited(issuer, 20_000);
  metrics.circuitBreaker(issuer, 'halfOpen');
  metrics.outageBegan(issuer);
  for (const result of ['succeeded', 'failed'] as const) metrics.probed(issuer, result);
  metrics.issuerReady(issuer, true);
  for (const result of ['revoked', 'already', 'refused', 'failed'] as const) metrics.revocationTried(issuer, result);
  metrics.revocationsDue(issuer, 1);
  metrics.credentialsEnd(issuer, new Map([['protection', new Date(0)]]));
  for (const fate of ['rejected', 'undelivered', 'unknown'] as const) metrics.certificateOrphaned(issuer, fate);
}

describe('the metrics of the controller', () => {
  it('are all told before anything is counted', async () => {
    const text = await registry.metrics();
    for (const [name, { type, help }] of Object.entries(CONTROLLER_METRICS))
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  });

  it('tell queue, gate and exchange apart, in seconds', async () => {
    count(ISSUER);
    expect(await lines()).toEqual(
      expect.arrayContaining([
        `${series('cmpv2_issuer_exchange_duration_seconds_sum')} 4.5`,
        `${series('cmpv2_issuer_queue_wait_seconds_sum')} 0.02`,
        `${series('cmpv2_issuer_gate_wait_seconds_sum')} 20`,
        `${series('cmpv2_issuer_exchanges_under_way')} 2`,
        `${series('cmpv2_issuer_circuit_breaker', ',state="halfOpen"')} 1`,
        `${series('cmpv2_issuer_circuit_breaker', ',state="open"')} 0`,
      ]),
    );
  });

  it('forget an issuer that is gone, and no other', async () => {
    count(OTHER);
    const before = await lines();
    count(ISSUER);
    expect((await lines()).length).toBeGreaterThan(before.length);
    metrics.issuerGone(ISSUER);
    expect((await lines()).sort()).toEqual(before.sort());
    for (const [name, { labels }] of Object.entries(CONTROLLER_METRICS))
      if ((labels as readonly string[]).includes('issuer') && !COUNTED_ON_READING.includes(name))
        expect(before.join('\n')).toContain(name);
  });

  it('count requests when somebody reads them', async () => {
    const none = () => [];
    metrics.requestsFrom({ unfinished: () => [[ISSUER, 7]], queued: () => [[ISSUER, 3]], atGate: () => [[ISSUER, 2]] });
    expect(await lines()).toEqual(
      expect.arrayContaining([
        `${series('cmpv2_issuer_requests_unfinished')} 7`,
        `${series('cmpv2_issuer_queue_depth')} 3`,
        `${series('cmpv2_issuer_gate_waiting')} 2`,
      ]),
    );
    metrics.requestsFrom({ unfinished: none, queued: none, atGate: none });
    expect((await lines()).join('\n')).not.toMatch(/(unfinished|queue_depth|gate_waiting)\{/);
  });
});

describe('the tables of metrics', () => {
  const all = Object.entries<MetricTable[`cmpv2_issuer_${string}`]>({ ...CONTROLLER_METRICS, ...CERTSERVICE_METRICS });

  it.each(all)('%s is named as Prometheus wants it', (name, { type, buckets, help }) => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(buckets === undefined).toBe(type !== 'histogram');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z1].*\.$/);
  });

  it('explain every label, and none that nobody bears', () => {
    const borne = new Set(all.flatMap(([, { labels }]) => labels));
    expect([...borne].sort()).toEqual(Object.keys(LABELS).sort());
  });
});
