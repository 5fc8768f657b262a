import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.js';
import type { Issuer } from '../../src/api/issuer.js';
import { decodeCertificates, encodePem, parseCsr } from '../../src/pki/index.js';
import { material } from '../support/certservice-server.js';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start('--trust-refresh-delay', '0');
});
afterAll(() => cluster.stop());

const TYPE = 'cmpv2issuers.certmanager.onap.org';

let count = 0;
function place(path: string, cmp: object = { trustRefresh: 'Daily' }): string {
  const namespace = `trust-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, cmp);
  return namespace;
}

const issuerIn = (namespace: string) => cluster.objects.get(TYPE, 'ca', namespace) as unknown as Issuer;

const condition = (namespace: string, type: string, reason: string) =>
  cluster.eventually(
    () => findCondition(issuerIn(namespace).status?.conditions, type),
    (found) => found?.reason === reason,
  );

const events = (namespace: string, reason: string) =>
  cluster.objects
    .list('events.events.k8s.io', namespace)
    .filter((event) => Reflect.get(event, 'reason') === reason)
    .map((event) => String(Reflect.get(event, 'note')));

const trust = (namespace: string, pem: string) => {
  const found = cluster.objects.get('secrets', 'trust', namespace);
  cluster.objects.update(cluster.secret(namespace, 'trust', { 'ca.crt': pem }, found?.metadata.resourceVersion));
};

describe('an issuer with trustRefresh', () => {
  it('tells of the successor of its root, and trusts it only once a person added it', async () => {
    const namespace = place('pkix/');
    const told = await condition(namespace, 'TrustUpdateAvailable', 'SuccessorAnnounced');
    expect(told).toMatchObject({
      status: 'True',
      message: expect.stringMatching(
        new RegExp(
          `add them to key ca.crt of Secret ${namespace}/trust .*"CN=Sandbox Root,O=CMP Sandbox" \\(SHA-256 [0-9a-f]{64}, ` +
            'valid .*\\) follows the trusted "CN=Sandbox Root,O=CMP Sandbox"; "CN=Sandbox Second Root,',
        ),
      ),
    });
    const [note] = await cluster.eventually(
      () => events(namespace, 'SuccessorAnnounced'),
      (found) => found.length > 0,
    );
    expect(note).toBe(told?.message);

    // Nothing but the configured root vouches for anything, and goes into status.ca.
    cluster.request(namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const ca = decodeCertificates(Buffer.from(status?.ca ?? '', 'base64').toString());
    expect(ca.map(({ sha256 }) => sha256)).toEqual(decodeCertificates(cluster.ca.rootPem).map(({ sha256 }) => sha256));
    expect(findCondition(issuerIn(namespace).status?.conditions, 'Ready')?.status).toBe('True');
  });

  it('takes the news back when the roots are there, and keeps every condition through restarts', async () => {
    const namespace = place('cmp/no-root-update');
    await condition(namespace, 'TrustUpdateAvailable', 'UnknownRoot');
    await cluster.controller.stop();
    await cluster.restart('--trust-refresh-delay', '3600');
    await cluster.eventually(
      () => cluster.controller.find('issuer is ready', { issuer: `CMPv2Issuer/${namespace}/ca` }),
      (found) => found !== undefined,
    );
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
    expect(
      issuerIn(namespace)
        .status?.conditions?.map(({ type }) => type)
        .sort(),
    ).toEqual(['Ready', 'TrustUpdateAvailable']);
    await cluster.controller.stop();
    await cluster.restart('--trust-refresh-delay', '0');
    trust(namespace, cluster.ca.roots.join(''));
    await condition(namespace, 'TrustUpdateAvailable', 'NothingNew');
    expect(events(namespace, 'UnknownRoot')).toHaveLength(1);
  });

  it.each([
    ['error', 'NoAnswer', /out of order/],
    ['root-update-new-with-old-by-stranger', 'NotBelieved', /must not be believed/],
  ])('says that it knows nothing, and serves on: %s', async (behaviour, reason, message) => {
    cluster.ca.behaviours.selector = ({ body, path }) =>
      body === 'genm' && path === `/cmp/only-genm-${behaviour}` ? cluster.ca.behaviours.get(behaviour) : undefined;
    cluster.ca.behaviours.set(`only-genm-${behaviour}`, {});
    const namespace = place(`cmp/only-genm-${behaviour}`);
    trust(namespace, cluster.ca.roots.join(''));
    const found = await condition(namespace, 'TrustUpdateAvailable', reason);
    expect(found).toMatchObject({ status: 'Unknown', message: expect.stringMatching(message) });
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
    expect(findCondition(issuerIn(namespace).status?.conditions, 'Ready')?.status).toBe('True');
  });
});

describe('an issuer without trustRefresh', () => {
  it('never asks', async () => {
    const before = cluster.ca.ledger.messages['genm'];
    const namespace = place('pkix/', {});
    cluster.request(namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
    expect(issuerIn(namespace).status?.conditions?.map(({ type }) => type)).toEqual(['Ready']);
    expect(cluster.ca.ledger.messages['genm']).toBe(before);
  });
});

describe('an issuer whose certificates end', () => {
  it('says which, and shows the time as a metric', async () => {
    const namespace = place('pkix/', {});
    const { csrPem } = await material('CN=expired,O=Lab');
    const { subject, spki, publicKey, extensions } = parseCsr(csrPem);
    const asked = { subject, publicKeyInfo: spki, publicKey, extensions, notBefore: undefined, notAfter: undefined };
    const { der } = await cluster.ca.certify(asked, 'expired');
    trust(namespace, cluster.ca.rootPem + encodePem('CERTIFICATE', der));
    const told = await condition(namespace, 'CredentialsExpiring', 'Expired');
    expect(told).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/^the trust anchor "CN=expired,O=Lab" \(spec.cmp.trust\) expired at /),
    });
    expect(findCondition(issuerIn(namespace).status?.conditions, 'Ready')?.status).toBe('True');
    const metrics = await (await fetch(`${cluster.controller.probesUrl}/metrics`)).text();
    const lines = metrics
      .split('\n')
      .filter((line) => line.startsWith('cmpv2_issuer_credential_expiry') && line.includes(`"${namespace}"`));
    expect(lines).toHaveLength(2);
    trust(namespace, cluster.ca.rootPem);
    await cluster.eventually(
      () => issuerIn(namespace).status?.conditions?.map(({ type }) => type),
      (types) => types?.join() === 'Ready',
    );
  });
});
