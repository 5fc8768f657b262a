import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.startConfined(['served', 'served-too']);
});
afterAll(() => cluster.stop());

it('serves its namespaces with permissions in them alone, and leaves everything else untouched', async () => {
  for (const namespace of ['served', 'served-too', 'elsewhere']) {
    cluster.credentials(namespace);
    cluster.issuer(namespace);
  }
  cluster.request('elsewhere', 'web');
  const issuerRef = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' };
  cluster.request('served', 'cluster', { issuerRef });
  const before = [cluster.get('elsewhere', 'web'), cluster.get('served', 'cluster')];
  for (const namespace of ['served', 'served-too']) cluster.request(namespace, 'web');
  for (const namespace of ['served', 'served-too']) await cluster.settled(namespace, 'web', 'Issued');
  expect([cluster.get('elsewhere', 'web'), cluster.get('served', 'cluster')]).toEqual(before);
  expect(cluster.sandbox.api.journal.entries({ code: 403 })).toEqual([]);
});
