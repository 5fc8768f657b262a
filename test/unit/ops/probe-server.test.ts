import { expect, it } from '@jest/globals';
import { createMetrics, createRegistry } from '../../../src/ops/metrics.js';
import { type Readiness, startProbeServer } from '../../../src/ops/probe-server.js';

it('serves liveness, readiness and metrics', async () => {
  const registry = createRegistry();
  const metrics = createMetrics(registry);
  const issuer = { kind: 'CMPv2Issuer', namespace: 'n', name: 'i' };
  metrics.enrolled(issuer, 'issued', 20);
  metrics.issuerReady(issuer, true);
  let readiness: Readiness = { ready: false, detail: 'waiting for the first list' };
  const server = await startProbeServer({ host: '127.0.0.1', port: 0, registry, readiness: () => readiness });
  try {
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
      return [response.status, await response.text()];
    };
    await expect(get('/healthz')).resolves.toEqual([200, 'ok\n']);
    await expect(get('/readyz')).resolves.toEqual([503, 'waiting for the first list\n']);
    readiness = { ready: true, detail: 'working' };
    await expect(get('/readyz')).resolves.toEqual([200, 'working\n']);
    const [, text] = await get('/metrics');
    expect(text).toContain(
      'cmpv2_issuer_exchanges_total{issuer_kind="CMPv2Issuer",issuer_namespace="n",issuer="i",outcome="issued"} 1',
    );
    metrics.issuerGone(issuer);
    await expect(registry.metrics()).resolves.not.toContain('cmpv2_issuer_ready{');
  } finally {
    await server.close();
  }
});
