import { describe, expect, it } from '@jest/globals';
import { createMetrics, createRegistry } from '../../../src/ops/metrics.js';

const ISSUER = { kind: 'CMPv2Issuer', namespace: 'shop', name: 'ca' };
const END = new Date('2030-01-01T00:00:00Z');

const NAME = 'cmpv2_issuer_credential_expiry_timestamp_seconds';

describe('the metric about credentials', () => {
  it('holds what an issuer has now, and nothing once it is gone', async () => {
    const registry = createRegistry();
    const metrics = createMetrics(registry);
    const shown = async () =>
      (await registry.getSingleMetricAsString(NAME)).split('\n').filter((line) => line.startsWith(NAME));
    const line = (name: string, credential: string) =>
      `${NAME}{issuer_kind="CMPv2Issuer",issuer_namespace="shop",issuer="${name}",credential="${credential}"} ${END.getTime() / 1000}`;
    metrics.credentialsEnd(
      ISSUER,
      new Map([
        ['protection', END],
        ['trust-anchor-1', END],
      ]),
    );
    metrics.credentialsEnd({ ...ISSUER, name: 'other' }, new Map([['protection', END]]));
    metrics.credentialsEnd(
      ISSUER,
      new Map([
        ['protection', END],
        ['trust-anchor-2', END],
      ]),
    );
    expect((await shown()).sort()).toEqual(
      [line('ca', 'protection'), line('ca', 'trust-anchor-2'), line('other', 'protection')].sort(),
    );
    metrics.issuerGone(ISSUER);
    expect(await shown()).toEqual([line('other', 'protection')]);
  });
});
