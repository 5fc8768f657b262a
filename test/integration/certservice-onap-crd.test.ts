import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CertServiceStandIn, startCertServiceStandIn } from '../../src/sandbox/certservice/index.js';
import { certServiceClient, certServiceIssuer, certServiceRequest } from '../support/certservice-issuer.js';
import { TestCluster } from '../support/test-cluster.js';

const text = { type: 'string' };
const texts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, text]));

/** ONAP's schema: no defaults, no status subresource, no observedGeneration. */
const onapSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['url', 'healthEndpoint', 'certEndpoint', 'caName', 'certSecretRef'],
      properties: {
        ...texts('url', 'healthEndpoint', 'certEndpoint', 'updateEndpoint', 'caName'),
        certSecretRef: { type: 'object', properties: texts('name', 'keyRef', 'certRef', 'cacertRef') },
      },
    },
    status: {
      type: 'object',
      properties: {
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              ...texts('type', 'status', 'reason', 'message'),
              lastTransitionTime: { type: 'string', format: 'date-time' },
            },
          },
        },
      },
    },
  },
};

let cluster: TestCluster;
let standIn: CertServiceStandIn;
beforeAll(async () => {
  cluster = await TestCluster.startGranted('cmpv2-issuer-onap-crd');
  standIn = await startCertServiceStandIn({ ca: cluster.ca });
  const name = 'cmpv2issuers.certmanager.onap.org';
  const ours = cluster.objects.get('customresourcedefinitions.apiextensions.k8s.io', name);
  const spec: unknown = ours && Reflect.get(ours, 'spec');
  cluster.objects.update({
    ...ours,
    spec: {
      ...(spec as object),
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: onapSchema } }],
    },
  });
});
afterAll(async () => {
  await cluster.stop();
  await standIn.close();
});

describe('where the CRD of ONAP is still installed', () => {
  it('issuers show that they are ready, and serve', async () => {
    await certServiceClient(cluster, standIn, 'onap');
    certServiceIssuer(cluster, standIn, 'onap');
    const conditions = await cluster.eventually(
      () => Reflect.get(cluster.objects.get('cmpv2issuers.certmanager.onap.org', 'ca', 'onap') ?? {}, 'status'),
      (status) => JSON.stringify(status ?? {}).includes('Verified'),
    );
    expect(conditions).toEqual({
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Verified',
          message: 'CMPv2Issuer verified and ready to sign certificates',
          lastTransitionTime: expect.any(String),
        },
      ],
    });
    certServiceRequest(cluster, 'onap', 'web');
    await cluster.settled('onap', 'web', 'Issued');
  });

  it('the status settles, although each write of it makes a new generation', async () => {
    const writes = () => cluster.sandbox.api.journal.count({ resource: 'cmpv2issuers', verb: 'update' });
    expect(writes()).toBeGreaterThan(0);
    // Another request goes all the way through: time enough for a loop to show.
    certServiceRequest(cluster, 'onap', 'second');
    await cluster.settled('onap', 'second', 'Issued');
    expect(writes()).toBeLessThanOrEqual(3);
  });
});
