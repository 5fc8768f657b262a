import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OverheardCa } from '../support/overheard-ca.js';
import { TestCluster } from '../support/test-cluster.js';

// Requests that nobody makes for a Certificate: those of csi-driver and istio-csr, and hand-made ones.

let cluster: TestCluster;
let overheard: OverheardCa;
beforeAll(async () => {
  cluster = await TestCluster.start();
  overheard = await OverheardCa.start(cluster.ca.url);
});
afterAll(async () => {
  await overheard.close();
  await cluster.stop();
});

let count = 0;
/** A namespace with an issuer whose CA is overheard. */
function place(path = 'pkix/', cmp: object = {}): string {
  const namespace = `standalone-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, { endpoints: [{ url: `${overheard.url}/${path}` }], ...cmp });
  overheard.asked.length = 0;
  return namespace;
}

const CSI = { 'csi.cert-manager.io/identity': 'pod-1', 'istio.io/identities': 'spiffe://example.org/ns/demo/sa/web' };

describe('a request without a Certificate', () => {
  it.each<[string, Parameters<TestCluster['request']>[2], object, string]>([
    [
      'its usages and its duration',
      { usages: ['digital signature', 'key agreement', 'client auth'], duration: '1h0m0s' },
      {
        usages: ['digitalSignature', 'keyAgreement'],
        extendedUsages: ['1.3.6.1.5.5.7.3.2'],
        isCA: false,
        seconds: 3600,
      },
      'pkix/',
    ],
    ['no duration unless it has one', { usages: ['server auth'] }, { seconds: undefined, isCA: false }, 'pkix/'],
    [
      'isCA',
      { usages: ['cert sign', 'crl sign'], isCA: true, duration: '48h' },
      { usages: ['keyCertSign', 'cRLSign'], isCA: true, seconds: 172_800 },
      'cmp/certificate-certificate-authority',
    ],
  ])('is asked for with %s', async (_what, options, asked, path) => {
    const namespace = place(path);
    cluster.request(namespace, 'web', { ...options, annotations: CSI });
    await cluster.settled(namespace, 'web', 'Issued');
    expect(overheard.asked).toEqual([expect.objectContaining({ body: 'ir', ...asked })]);
  });

  it('is never renewed, and no Secret or Certificate is looked for', async () => {
    const namespace = place('pkix/', { renewal: 'KUR' });
    await cluster.issuerSettled(namespace, 'Verified');
    cluster.sandbox.api.journal.reset();
    for (const name of ['first', 'second']) {
      cluster.request(namespace, name, { annotations: CSI });
      await cluster.settled(namespace, name, 'Issued');
    }
    expect(overheard.asked.map(({ body }) => body)).toEqual(['ir', 'ir']);
    const user = 'system:serviceaccount:cert-manager:cmpv2-issuer';
    const read = cluster.sandbox.api.journal
      .entries({ verb: 'get', user })
      .filter(({ resource, name = '' }) => resource !== 'secrets' || !['credentials', 'trust'].includes(name));
    expect(read).toEqual([]);
  });

  it('that is deleted while the CA waits is called off', async () => {
    const namespace = place('cmp/poll-for-ever');
    cluster.request(namespace, 'web', { annotations: CSI });
    await cluster.settled(namespace, 'web', 'Pending', /^Waiting for the CA/);
    cluster.objects.delete('certificaterequests.cert-manager.io', 'web', namespace);
    const about = { certificateRequest: `${namespace}/web` };
    await cluster.eventually(
      () => cluster.controller.find('the request went away: its exchange with the CA was called off', about),
      (line) => line !== undefined,
    );
  });

  it.each([
    ['refused by certConf, and named', 'Explicit', 'rejected', 'rejected'],
    ['named, since nothing is to be confirmed any more', 'Implicit', 'undelivered', 'implicitlyConfirmed'],
  ])('that is deleted while the CA works has its certificate %s', async (_what, confirmation, fate, state) => {
    const namespace = place('cmp/slow', { confirmation });
    await cluster.issuerSettled(namespace, 'Verified');
    cluster.request(namespace, 'web', { annotations: CSI });
    await cluster.eventually(
      () => overheard.asked.length,
      (asked) => asked > 0,
    );
    cluster.objects.delete('certificaterequests.cert-manager.io', 'web', namespace);
    const line = await cluster.eventually(
      () =>
        cluster.controller.find('a certificate is left behind at the CA', {
          certificateRequest: `${namespace}/web`,
          fate,
        }),
      (found) => found !== undefined,
    );
    expect(cluster.ca.ledger.find(String(line?.['serial']))?.state).toBe(state);
    await cluster.eventually(
      () => cluster.objects.list('events.events.k8s.io', namespace).map((event) => Reflect.get(event, 'reason')),
      (reasons) => reasons.includes('CertificateOrphaned'),
    );
  });
});
