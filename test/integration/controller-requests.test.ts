import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.js';
import { base64, csr, TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
});
afterAll(() => cluster.stop());

const RSA = { csr: csr('rsa2048.csr'), usages: ['digital signature', 'key encipherment', 'server auth'] };

let count = 0;
/** A namespace for one test, with credentials and an issuer. */
function place(path?: string, cmp?: object, spec?: object): string {
  const namespace = `requests-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, cmp, spec);
  return namespace;
}

const certificates = (encoded: string | undefined): X509Certificate[] =>
  (
    Buffer.from(encoded ?? '', 'base64')
      .toString()
      .match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  ).map((pem) => new X509Certificate(pem));

const issuedFor = (namespace: string) =>
  cluster.controller.lines.filter(
    (line) => line.msg === 'certificate issued' && String(line['certificateRequest']).startsWith(`${namespace}/`),
  );

/** A finished request in this namespace, so that whatever the controller does not touch has had its chance. */
async function another(namespace: string): Promise<void> {
  cluster.request(namespace, 'another');
  await cluster.settled(namespace, 'another', 'Issued');
}

describe('a request that is granted', () => {
  it('gets its chain without the root, and the CA, in one write', async () => {
    const namespace = place();
    await cluster.issuerSettled(namespace, 'Verified');
    cluster.sandbox.api.journal.reset();
    cluster.request(namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const [leaf, issuing, ...more] = certificates(status?.certificate);
    expect(more).toEqual([]);
    expect(issuing && leaf?.verify(issuing.publicKey)).toBe(true);
    expect(issuing?.ca).toBe(true);
    const ca = certificates(status?.ca);
    expect(ca.map(({ subject, issuer }) => subject === issuer)).toContain(true);
    expect(ca.some((root) => issuing?.verify(root.publicKey))).toBe(true);
    expect(status).not.toHaveProperty('failureTime');
    expect(
      cluster.sandbox.api.journal.count({ resource: 'certificaterequests', subresource: 'status', verb: 'patch' }),
    ).toBe(1);
    expect(issuedFor(namespace)).toEqual([
      expect.objectContaining({
        level: 'info',
        serial: expect.stringMatching(/^[0-9a-f]+$/),
        durationMs: expect.any(Number),
      }),
    ]);
    await cluster.eventually(
      () => cluster.objects.list('events.events.k8s.io', namespace).map((event) => Reflect.get(event, 'reason')),
      (reasons) => reasons.includes('CertificateIssued'),
    );
  });

  it('gets every root that the operator trusts', async () => {
    const namespace = place('pkix/', { trust: { caBundle: cluster.ca.roots.join('') } });
    cluster.request(namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const roots = certificates(status?.ca).filter(({ subject, issuer }) => subject === issuer);
    expect(roots).toHaveLength(2);
  });

  it('gets no CA when the issuer says so', async () => {
    const namespace = place('pkix/', {}, { caBundle: 'None' });
    cluster.request(namespace, 'web');
    expect((await cluster.settled(namespace, 'web', 'Issued')).status).not.toHaveProperty('ca');
  });

  it('may name a cluster issuer, whose Secrets are in the cluster resource namespace', async () => {
    cluster.credentials('cert-manager');
    cluster.clusterIssuer('ca');
    const issuerRef = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' };
    cluster.request('anywhere', 'web', { issuerRef });
    await cluster.settled('anywhere', 'web', 'Issued');
  });

  it.each(['IR', 'CR', 'P10CR'])('may be asked for by %s', async (enrollment) => {
    const namespace = place('pkix/', { enrollment, confirmation: 'Implicit' });
    cluster.request(namespace, 'web', RSA);
    await cluster.settled(namespace, 'web', 'Issued');
    expect(issuedFor(namespace)).toEqual([
      expect.objectContaining({ body: enrollment.toLowerCase(), confirmation: 'implicit' }),
    ]);
  });

  it('waits as long as the CA does', async () => {
    const namespace = place('cmp/poll');
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /^Waiting for the CA: an operator is looking/);
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it('may be proved by the key that is staged for it', async () => {
    const namespace = place('cmp/strict-pop', { proofOfPossession: 'Signature' });
    cluster.objects.create(cluster.secret(namespace, 'web-key', { 'tls.key': csr('p256.key') }));
    cluster.request(namespace, 'web', { annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' } });
    await cluster.settled(namespace, 'web', 'Issued');
  });
});

/** The webhook lets only requests be approved whose issuer's kind exists. */
function kind(group: string, name: string): void {
  const plural = `${name.toLowerCase()}s`;
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  cluster.objects.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: name, listKind: `${name}List`, plural, singular: name.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  });
}

describe('a request that is left alone', () => {
  beforeAll(() => {
    kind('example.com', 'CMPv2Issuer');
    kind('certmanager.onap.org', 'Issuer');
  });

  it.each([
    ['of another group', { group: 'example.com', kind: 'CMPv2Issuer', name: 'ca' }],
    ['of an empty group', { kind: 'Issuer', name: 'ca' }],
    ['of another kind', { group: 'certmanager.onap.org', kind: 'Issuer', name: 'ca' }],
    ['of an empty kind', { group: 'certmanager.onap.org', name: 'ca' }],
  ])('%s', async (_name, issuerRef) => {
    const namespace = place();
    cluster.request(namespace, 'foreign', { issuerRef });
    const before = cluster.get(namespace, 'foreign');
    await another(namespace);
    expect(cluster.get(namespace, 'foreign')).toEqual(before);
  });

  it('not approved', async () => {
    const namespace = place();
    cluster.request(namespace, 'web', { approval: [] });
    const before = cluster.get(namespace, 'web');
    await another(namespace);
    expect(cluster.get(namespace, 'web')).toEqual(before);
    cluster.approve(namespace, 'web', 'Approved');
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it.each(['Failed', 'Denied'])('finished: %s', async (reason) => {
    const namespace = place();
    cluster.request(namespace, 'old', { approval: [] });
    const object = cluster.get(namespace, 'old');
    cluster.objects.updateStatus({
      ...object,
      status: {
        conditions: [
          { type: 'Ready', status: 'False', reason, message: 'long ago', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
        failureTime: '2026-01-01T00:00:00Z',
      },
    });
    cluster.approve(namespace, 'old', 'Approved');
    const before = cluster.get(namespace, 'old');
    await another(namespace);
    expect(cluster.get(namespace, 'old')).toEqual(before);
  });
});

describe('a request that ends without a certificate', () => {
  it('is marked when it is denied, without a word to the CA', async () => {
    const namespace = place();
    cluster.request(namespace, 'web', { approval: ['Denied'] });
    const { status } = await cluster.settled(namespace, 'web', 'Denied');
    expect(status?.failureTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(findCondition(status?.conditions, 'Denied')?.status).toBe('True');
    expect(issuedFor(namespace)).toEqual([]);
  });

  it('fails with what the CA said', async () => {
    const namespace = place('cmp/reject-bad-cert-template');
    cluster.request(namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Failed', /badCertTemplate/);
    expect(status?.failureTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(findCondition(status?.conditions, 'Approved')?.status).toBe('True');
    expect(status).not.toHaveProperty('certificate');
  });

  it('fails as invalid when the CSR is no good', async () => {
    const namespace = place();
    const body = csr('p256.csr').replace(/-----[^-]+-----|\s/g, '');
    const trailing = Buffer.concat([Buffer.from(body, 'base64'), Buffer.of(0, 0)]).toString('base64');
    cluster.request(namespace, 'web', {
      csr: `-----BEGIN CERTIFICATE REQUEST-----\n${trailing}\n-----END CERTIFICATE REQUEST-----\n`,
    });
    const { status } = await cluster.settled(namespace, 'web', 'Failed');
    expect(findCondition(status?.conditions, 'InvalidRequest')?.status).toBe('True');
    expect(status?.failureTime).toBeDefined();
  });

  it('fails when the staged key is not its own', async () => {
    const namespace = place('pkix/', { proofOfPossession: 'Signature' });
    cluster.objects.create(cluster.secret(namespace, 'web-key', { 'tls.key': csr('p384.key') }));
    cluster.request(namespace, 'web', { annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' } });
    await cluster.settled(namespace, 'web', 'Failed', /is not the one of the CSR/);
  });
});

describe('a request that waits', () => {
  it('for its issuer to be created', async () => {
    const namespace = `requests-${++count}`;
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /CMPv2Issuer resource .*\/ca: it does not exist/);
    cluster.credentials(namespace);
    cluster.issuer(namespace);
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it('for its private key, and says what to do', async () => {
    const namespace = place('pkix/', { proofOfPossession: 'Signature' });
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /has no annotation.*RAVerified/);
  });

  it('for a CA that cannot be reached, and for nothing else', async () => {
    const down = await reservePort();
    const namespace = place('pkix/', { endpoints: [{ url: `http://127.0.0.1:${down}/pkix/` }] });
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending');
    const healthy = place();
    await another(healthy);
    const relay = createServer((socket) => {
      const onward = connect(cluster.ca.port, '127.0.0.1');
      socket.pipe(onward).on('error', () => socket.destroy());
      onward.pipe(socket).on('error', () => onward.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(down, '127.0.0.1', resolve));
    try {
      await cluster.settled(namespace, 'web', 'Issued');
    } finally {
      relay.close();
    }
  });

  it('for a CA that fails now and then', async () => {
    const namespace = place('cmp/http-503-once');
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /503/);
    await cluster.settled(namespace, 'web', 'Issued');
  });
});

describe('one certificate for one request', () => {
  it('although the status cannot be written for a while', async () => {
    const namespace = place();
    await cluster.issuerSettled(namespace, 'Verified');
    const { ledger } = cluster.ca;
    const before = ledger.certificates.length;
    cluster.request(namespace, 'web');
    cluster.sandbox.api.journal.reset();
    cluster.sandbox.api.faults.webhookOutage(true);
    try {
      await cluster.eventually(
        () => cluster.sandbox.api.journal.count({ resource: 'certificaterequests', subresource: 'status', code: 500 }),
        (failed) => failed >= 2,
      );
    } finally {
      cluster.sandbox.api.faults.webhookOutage(false);
    }
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const [leaf] = certificates(status?.certificate);
    expect(ledger.certificates.slice(before).map(({ der }) => Buffer.from(der))).toEqual([leaf?.raw]);
  });

  it('although the answer to the status write is lost', async () => {
    const namespace = place();
    await cluster.issuerSettled(namespace, 'Verified');
    cluster.sandbox.api.faults.loseResponseAfterCommit(1, ({ subresource }) => subresource === 'status');
    const { ledger } = cluster.ca;
    const before = ledger.certificates.length;
    await another(namespace);
    expect(ledger.certificates).toHaveLength(before + 1);
  });

  it('another one for a request that is recreated under the same name', async () => {
    const namespace = place();
    cluster.request(namespace, 'web');
    const first = await cluster.settled(namespace, 'web', 'Issued');
    cluster.objects.delete('certificaterequests.cert-manager.io', 'web', namespace);
    cluster.request(namespace, 'web', RSA);
    const second = await cluster.settled(namespace, 'web', 'Issued');
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(second.status?.certificate).not.toBe(first.status?.certificate);
    expect(issuedFor(namespace)).toHaveLength(2);
  });
});

/** A port where nobody listens. */
async function reservePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

it('never logs a secret', () => {
  const { secret } = cluster.ca.credentials;
  expect(cluster.controller.output).not.toContain(secret);
  expect(cluster.controller.output).not.toContain(base64(secret));
  expect(cluster.controller.output).not.toMatch(/BEGIN|PRIVATE KEY/);
});
