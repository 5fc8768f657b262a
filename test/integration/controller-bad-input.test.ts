import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/index.js';
import { csr, TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
let tlsCa: SandboxCa;
beforeAll(async () => {
  cluster = await TestCluster.start();
  tlsCa = await startSandboxCa({ tls: true });
});
afterAll(async () => {
  await cluster.stop();
  await tlsCa.close();
});

let count = 0;
function place(path?: string, cmp?: object): string {
  const namespace = `bad-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, cmp);
  return namespace;
}

/** A well-behaved issuer still serves. */
async function othersAreUnharmed(): Promise<void> {
  const namespace = place();
  cluster.request(namespace, 'web');
  await cluster.settled(namespace, 'web', 'Issued');
}

describe('whatever a CA does wrong', () => {
  it.each<[string, string, object, RegExp]>([
    ['an answer of 100 MB', 'cmp/http-huge', {}, /1048576|1 MiB|larger|too (large|big)/i],
    ['no answer at all', 'cmp/http-silence', { requestTimeoutSeconds: 1 }, /1 s/],
    ['a connection that is cut', 'cmp/http-reset', {}, /connection/i],
    ['an HTML page', 'cmp/http-html', {}, /./],
    ['a redirect', 'cmp/http-redirect', {}, /redirect/i],
    ['HTTP 503', 'cmp/http-503', {}, /503/],
    ['an unprotected error', 'cmp/error-unprotected', {}, /./],
    ['a spoilt protection', 'cmp/message-bad-protection', {}, /./],
    ['another transaction', 'cmp/message-wrong-transaction-id', {}, /./],
  ])('the request stays pending with the reason: %s', async (_name, path, cmp, message) => {
    const namespace = place(path, cmp);
    cluster.request(namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Pending', message);
    expect(status).not.toHaveProperty('failureTime');
    await othersAreUnharmed();
  });

  it.each([
    ['a certificate for another key', 'cmp/certificate-wrong-key'],
    ['a certificate that is expired', 'cmp/certificate-expired'],
    ['a certificate for another subject', 'cmp/certificate-wrong-subject'],
  ])('nothing unsound is ever written: %s', async (_name, path) => {
    const namespace = place(path);
    cluster.request(namespace, 'web');
    const { status } = await cluster.eventually(
      () => cluster.get(namespace, 'web'),
      (request) => request.status?.conditions?.some(({ type }) => type === 'Ready') === true,
    );
    expect(status).not.toHaveProperty('certificate');
    await othersAreUnharmed();
  });
});

describe('TLS towards the CA', () => {
  const endpoint = (tls: object) => ({
    endpoints: [{ url: `${tlsCa.url}/pkix/`, tls }],
    recipient: tlsCa.caName,
    trust: { caBundle: tlsCa.rootPem },
    protection: { mac: { secretRef: { name: 'tls-credentials' } } },
  });

  it('works with the CA that vouches for the server', async () => {
    const namespace = place('pkix/', endpoint({ caBundle: tlsCa.tlsRootPem }));
    cluster.objects.create(cluster.secret(namespace, 'tls-credentials', { ...tlsCa.credentials }));
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it('does not trust the CA of CMP, and says which field to change', async () => {
    const namespace = place('pkix/', endpoint({ caBundle: tlsCa.rootPem }));
    cluster.objects.create(cluster.secret(namespace, 'tls-credentials', { ...tlsCa.credentials }));
    await cluster.issuerSettled(namespace, 'Error', /TLS/);
    await othersAreUnharmed();
  });
});

it.each([
  ['RSA-1024', 'bad-rsa1024.csr', /RSA-1024 is too short/],
  ['a curve nobody asked for', 'bad-p224.csr', /P-256/],
])('a key that is not supported fails the request and no other: %s', async (_name, file, message) => {
  const namespace = place();
  cluster.request(namespace, 'web', { csr: csr(file) });
  const { status } = await cluster.settled(namespace, 'web', 'Failed', message);
  expect(status?.failureTime).toBeDefined();
  await othersAreUnharmed();
});

it('a crash in the middle of an exchange does not cost the request its certificate', async () => {
  const namespace = place('cmp/slow');
  const { ledger } = cluster.ca;
  await cluster.issuerSettled(namespace, 'Verified');
  const before = Object.values(ledger.messages).reduce((sum, n) => sum + n, 0);
  cluster.request(namespace, 'web');
  await cluster.eventually(
    () => Object.values(ledger.messages).reduce((sum, n) => sum + n, 0),
    (messages) => messages > before,
  );
  await cluster.controller.stop('SIGKILL');
  await cluster.restart();
  await cluster.settled(namespace, 'web', 'Issued');
});
