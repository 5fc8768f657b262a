import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
});
afterAll(() => cluster.stop());

const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\n-----END CERTIFICATE-----\n`;
const iterations = (count: number) => ({
  protection: { mac: { secretRef: { name: 'credentials' }, iterations: count } },
});

let count = 0;
const place = () => `issuers-${++count}`;

describe('an issuer', () => {
  it('is not ready while a Secret is missing, and heals without a restart', async () => {
    const namespace = place();
    cluster.issuer(namespace);
    cluster.request(namespace, 'web');
    await cluster.issuerSettled(namespace, 'NotFound', /^Secret .*\/(credentials|trust) does not exist: create it$/);
    await cluster.settled(
      namespace,
      'web',
      'Pending',
      /CMPv2Issuer resource .*\/ca is not Ready: Secret .* does not exist/,
    );
    cluster.credentials(namespace);
    await cluster.issuerSettled(namespace, 'Verified');
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it('is not ready while a Secret key is missing, and heals without a restart', async () => {
    const namespace = place();
    cluster.objects.create(cluster.secret(namespace, 'credentials', { reference: cluster.ca.credentials.reference }));
    cluster.objects.create(cluster.secret(namespace, 'trust', { 'ca.crt': cluster.ca.rootPem }));
    cluster.issuer(namespace);
    await cluster.issuerSettled(namespace, 'Error', /credentials .* does not contain key secret/);
    const found = cluster.objects.get('secrets', 'credentials', namespace);
    cluster.objects.update(
      cluster.secret(namespace, 'credentials', { ...cluster.ca.credentials }, found?.metadata.resourceVersion),
    );
    await cluster.issuerSettled(namespace, 'Verified');
  });

  it('takes a corrected secret into use, for waiting requests too', async () => {
    const namespace = place();
    const { reference } = cluster.ca.credentials;
    cluster.objects.create(cluster.secret(namespace, 'credentials', { reference, secret: 'wrong' }));
    cluster.objects.create(cluster.secret(namespace, 'trust', { 'ca.crt': cluster.ca.rootPem }));
    cluster.issuer(namespace);
    await cluster.issuerSettled(namespace, 'Verified');
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending');
    const found = cluster.objects.get('secrets', 'credentials', namespace);
    cluster.objects.update(
      cluster.secret(namespace, 'credentials', { ...cluster.ca.credentials }, found?.metadata.resourceVersion),
    );
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it.each([
    ['a CA bundle that is none', { trust: { caBundle: 'not PEM' } }, /spec.cmp.trust.caBundle: .*PEM/],
    ['a recipient that is no name', { recipient: 'no name' }, /spec.cmp.recipient/],
    ['an expected signer that is none', { expectedSigner: CERTIFICATE }, /spec.cmp.expectedSigner/],
    ['more iterations than the profile allows', { profile: 'insta-ncm', ...iterations(2_048) }, /100 and 2047/],
  ])('says what to change: %s', async (_name, cmp, message) => {
    const namespace = place();
    cluster.credentials(namespace);
    cluster.issuer(namespace, 'pkix/', cmp);
    await cluster.issuerSettled(namespace, 'ValidationFailed', message);
  });

  it('is verified anew in each generation', async () => {
    const namespace = place();
    cluster.credentials(namespace);
    cluster.issuer(namespace);
    const object = await cluster.issuerSettled(namespace, 'Verified');
    cluster.objects.update({ ...object, spec: { cmp: { ...cluster.cmp(), trust: { caBundle: 'not PEM' } } } });
    await cluster.issuerSettled(namespace, 'ValidationFailed');
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /is not Ready/);
  });

  it.each<[string, object, RegExp]>([
    ['both backends', { url: 'https://x', cmp: 'ours' }, /give either cmp .* or url/],
    ['neither backend', {}, /give either cmp .* or url/],
    ['half a CertService', { url: 'https://x' }, /give either cmp .* or url/],
    [
      'two protections',
      { cmp: { protection: { mac: { secretRef: { name: 'a' } }, signature: { secretRef: { name: 'a' } } } } },
      /exactly one of mac and signature/,
    ],
    ['no trust', { cmp: { trust: {} } }, /exactly one of caBundle and caSecretRef/],
    [
      'a proof that P10CR has no room for',
      { cmp: { enrollment: 'P10CR', proofOfPossession: 'Signature' } },
      /remove proofOfPossession/,
    ],
    [
      'TLS settings for an http URL',
      { cmp: { endpoints: [{ url: 'http://127.0.0.1:1/', tls: { serverName: 'x' } }] } },
      /tls needs an https URL/,
    ],
    ['no endpoint', { cmp: { endpoints: [] } }, /endpoints/],
    ['an unknown URL scheme', { cmp: { endpoints: [{ url: 'ldap://x/' }] } }, /url/],
    ['too few iterations', { cmp: { protection: { mac: { secretRef: { name: 'a' }, iterations: 1 } } } }, /iterations/],
  ])('is refused by the API server with %s', (_name, spec, message) => {
    const cmp = Reflect.get(spec, 'cmp');
    const whole =
      cmp === undefined ? spec : { ...spec, cmp: cmp === 'ours' ? cluster.cmp() : { ...cluster.cmp(), ...cmp } };
    const object = {
      apiVersion: 'certmanager.onap.org/v1',
      kind: 'CMPv2Issuer',
      metadata: { name: 'refused', namespace: 'default' },
      spec: whole,
    };
    expect(() => cluster.objects.create(object)).toThrow(message);
  });
});

describe('the process', () => {
  it('serves liveness, readiness and metrics', async () => {
    const get = async (path: string) => {
      const response = await fetch(`${cluster.controller.probesUrl}${path}`);
      return [response.status, await response.text()] as const;
    };
    await expect(get('/healthz')).resolves.toEqual([200, 'ok\n']);
    await expect(get('/readyz')).resolves.toEqual([200, 'working\n']);
    const [, metrics] = await get('/metrics');
    expect(metrics).toMatch(/^cmpv2_issuer_working 1$/m);
    expect(metrics).toMatch(/cmpv2_issuer_kubernetes_requests_total\{method="PATCH",code="2xx"\} \d/);
    expect(metrics).toMatch(/cmpv2_issuer_exchanges_total\{issuer_kind="CMPv2Issuer".*outcome="issued"\} \d/);
  });

  it('asks for nothing that it may not do', () =>
    expect(cluster.sandbox.api.journal.entries({ code: 403 })).toEqual([]));

  it('ends in good order at SIGTERM, and starts again where it was', async () => {
    const namespace = place();
    cluster.credentials(namespace);
    cluster.issuer(namespace);
    await cluster.issuerSettled(namespace, 'Verified');
    await expect(cluster.controller.stop()).resolves.toBe(0);
    cluster.request(namespace, 'web');
    await cluster.restart();
    await cluster.settled(namespace, 'web', 'Issued');
    expect(cluster.controller.find('issuer is not ready')).toBeDefined();
  });
});
