import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ISSUER_GROUP } from '../../src/api/issuer.js';
import { type CertServiceStandIn, startCertServiceStandIn } from '../../src/sandbox/certservice/index.js';
import { certificatesDefinition } from '../support/certificates-definition.js';
import { certServiceClient, certServiceIssuer, certServiceRequest } from '../support/certservice-issuer.js';
import { csr, TestCluster } from '../support/test-cluster.js';

const USAGES = ['digital signature', 'key encipherment', 'server auth'];

let cluster: TestCluster;
let standIn: CertServiceStandIn;
beforeAll(async () => {
  cluster = await TestCluster.start();
  standIn = await startCertServiceStandIn({ ca: cluster.ca });
  cluster.objects.create(certificatesDefinition);
});
afterAll(async () => {
  await cluster.stop();
  await standIn.close();
});

let count = 0;
/** A namespace with OOM's issuer, changed by `spec`. */
async function place(spec: object = {}): Promise<string> {
  const namespace = `certservice-${++count}`;
  standIn.setBehaviour(`RA-${count}`, {});
  await certServiceClient(cluster, standIn, namespace);
  certServiceIssuer(cluster, standIn, namespace, { caName: `RA-${count}`, ...spec });
  return namespace;
}

/** Paths below `v1/` that were asked for this place's CA. */
const asked = () =>
  standIn.journal.entries
    .filter(({ path }) => path.endsWith(`/RA-${count}`))
    .map(({ path, enrolment }) => [path.split('/')[2], enrolment?.body]);

const issuedTo = (base64: string | undefined): X509Certificate[] =>
  (
    Buffer.from(base64 ?? '', 'base64')
      .toString()
      .match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []
  ).map((pem) => new X509Certificate(pem));

const eventsOf = (namespace: string): { reason: unknown; note: string }[] =>
  cluster.objects
    .list('events.events.k8s.io', namespace)
    .map((event) => ({ reason: Reflect.get(event, 'reason'), note: String(Reflect.get(event, 'note')) }));

describe('an issuer as ONAP makes it', () => {
  /** The Secret of the first OOM version, and of the provider's samples. */
  const otherKeys = async (namespace: string, name: string, certRef: string, keyRef: string, cacertRef: string) => {
    const { certificatePem, keyPem } = await standIn.issueTlsClient('certServiceClient.com');
    const values = { [certRef]: certificatePem, [keyRef]: keyPem, [cacertRef]: standIn.serverCaPem };
    cluster.objects.create(cluster.secret(namespace, name, values));
    return { certSecretRef: { name, certRef, keyRef, cacertRef } };
  };

  it.each<[string, (namespace: string) => object | Promise<object>]>([
    ['today’s OOM', () => ({})],
    ['an empty updateEndpoint', () => ({ updateEndpoint: '' })],
    ['a slash at the end of the URL', () => ({ url: `${standIn.url}/` })],
    [
      'the first OOM version',
      (namespace) =>
        otherKeys(
          namespace,
          'cmpv2-issuer-secret',
          'certServiceServer-cert.pem',
          'certServiceServer-key.pem',
          'truststore.pem',
        ),
    ],
    [
      'the samples of the provider',
      (namespace) =>
        otherKeys(namespace, 'cmpv2-issuer-secret', 'cmpv2Issuer-cert.pem', 'cmpv2Issuer-key.pem', 'cacert.pem'),
    ],
  ])('works unchanged: %s', async (_name, spec) => {
    const namespace = await place(await spec(`certservice-${count + 1}`));
    const { status } = await cluster.issuerSettled(
      namespace,
      'Verified',
      /^CMPv2Issuer verified and ready to sign certificates$/,
    );
    expect(status?.conditions).toHaveLength(1);
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued', /^Certificate issued$/);
  });

  it('works unchanged without updateEndpoint, as the older CRD has it', async () => {
    const namespace = await place({ updateEndpoint: undefined });
    certServiceRequest(cluster, namespace, 'web', { 'cert-manager.io/certificate-revision': '2' });
    await cluster.settled(namespace, 'web', 'Issued');
    expect(asked()).toEqual([['certificate', 'ir']]);
    expect(
      cluster.controller.find(
        "Missing 'update endpoint' configuration. Certificates will received by certificate request instead of certificate update request",
      ),
    ).toBeDefined();
  });

  it('serves every namespace as a CMPv2ClusterIssuer, which ONAP does not know', async () => {
    const namespace = await place();
    const object = cluster.objects.get(`cmpv2issuers.${ISSUER_GROUP}`, 'ca', namespace);
    await certServiceClient(cluster, standIn, 'cert-manager');
    cluster.objects.create({ ...object, kind: 'CMPv2ClusterIssuer', metadata: { name: 'for-all' } });
    cluster.objects.create(cluster.secret(namespace, 'web-key', { 'tls.key': csr('rsa2048.key') }));
    cluster.request(namespace, 'web', {
      csr: csr('rsa2048.csr'),
      usages: USAGES,
      issuerRef: { group: ISSUER_GROUP, kind: 'CMPv2ClusterIssuer', name: 'for-all' },
      annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' },
    });
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it.each<[string, object, string, RegExp]>([
    ['no url', { url: '' }, 'ValidationFailed', /^Failed to validate resource: spec\.url cannot be empty$/],
    ['no caName', { caName: '' }, 'ValidationFailed', /^Failed to validate resource: spec\.caName cannot be empty$/],
    ['a bad url', { url: 'oom-cert-service' }, 'Error', /^Failed to initialize provisioner: spec\.url: .*no URL/],
    [
      'plain http',
      { url: 'http://oom-cert-service:8080' },
      'Error',
      /^Failed to initialize provisioner: spec\.url: .*https/,
    ],
    ['a bad endpoint', { certEndpoint: ':v1' }, 'Error', /^Failed to initialize provisioner: spec\.certEndpoint: /],
    [
      'a missing Secret',
      { certSecretRef: { name: 'other', keyRef: 'k', certRef: 'c', cacertRef: 'a' } },
      'NotFound',
      /^Failed to retrieve provisioner secret: Secret .*other does not exist/,
    ],
    [
      'a missing key in the Secret',
      {
        certSecretRef: {
          name: 'oom-cert-service-client-tls-secret',
          keyRef: 'k',
          certRef: 'tls.crt',
          cacertRef: 'ca.crt',
        },
      },
      'Error',
      /^Failed to initialize provisioner: secret oom-cert-service-client-tls-secret does not contain key k/,
    ],
    [
      'the certificate for its key',
      {
        certSecretRef: {
          name: 'oom-cert-service-client-tls-secret',
          keyRef: 'tls.crt',
          certRef: 'tls.crt',
          cacertRef: 'ca.crt',
        },
      },
      'Error',
      /^Failed to initialize provisioner: spec\.certSecretRef \(keyRef\): /,
    ],
  ])('says what is wrong as ONAP does: %s', async (_name, spec, reason, message) => {
    const namespace = await place(spec);
    await cluster.issuerSettled(namespace, reason, message);
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(namespace, 'web', 'Pending', /^CMPv2Issuer resource .*\/ca is not Ready: /);
  });
});

describe('a request', () => {
  it('gets chain and both roots in one write, and what is not as asked is told once', async () => {
    const namespace = await place();
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const [leaf, issuing, ...more] = issuedTo(status?.certificate);
    expect(more).toEqual([]);
    expect(issuing && leaf?.verify(issuing.publicKey)).toBe(true);
    expect(issuedTo(status?.ca).map(({ subject }) => /CN=(.*)$/m.exec(subject)?.[1])).toEqual([
      'Sandbox Root',
      'Sandbox Second Root',
    ]);
    const [event] = await cluster.eventually(
      () => eventsOf(namespace).filter(({ reason }) => reason === 'CertificateIssued'),
      (found) => found.length > 0,
    );
    expect(event?.note).toMatch(
      /left to the CA by CertService: usages \(digital signature, key encipherment, server auth\)/,
    );
    expect(
      cluster.controller.find(
        "* property 'usages' with value 'digital signature, key encipherment, server auth, ' will be overridden by CMPv2 Server",
      ),
    ).toBeDefined();
  });

  it('waits for its key with ONAP’s words and a remedy', async () => {
    const namespace = await place();
    cluster.request(namespace, 'web', { csr: csr('rsa2048.csr'), usages: USAGES });
    await cluster.settled(
      namespace,
      'web',
      'Pending',
      /^Failed to retrieve private key secret: CertService demands the private key, but .*use a Certificate, or use an issuer with spec\.cmp/,
    );
  });

  it('with a key that is not RSA ends at once', async () => {
    const namespace = await place();
    cluster.objects.create(cluster.secret(namespace, 'web-key', { 'tls.key': csr('p256.key') }));
    cluster.request(namespace, 'web', { annotations: { 'cert-manager.io/private-key-secret-name': 'web-key' } });
    await cluster.settled(
      namespace,
      'web',
      'Failed',
      /^Failed to sign certificate request: the key of the CSR is P-256/,
    );
    expect(asked()).toEqual([]);
  });

  it('that names no issuer there is waits for one', async () => {
    const namespace = `certservice-${++count}`;
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(
      namespace,
      'web',
      'Pending',
      /^Failed to retrieve CMPv2Issuer resource .*\/ca: it does not exist/,
    );
  });
});

describe('a renewal', () => {
  /** What cert-manager keeps of the certificate of the request `web`. */
  async function issuedBefore(namespace: string, certificate = true): Promise<string | undefined> {
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Issued');
    const pem = Buffer.from(status?.certificate ?? '', 'base64').toString();
    cluster.objects.create(cluster.secret(namespace, 'web-tls', { 'tls.crt': pem, 'tls.key': csr('rsa2048.key') }));
    if (!certificate) return undefined;
    const object = cluster.objects.create({
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { namespace, name: 'web' },
      spec: { secretName: 'web-tls' },
    });
    return object.metadata.uid;
  }

  const revision2 = { 'cert-manager.io/certificate-revision': '2' };

  it('sends what it replaces to updateEndpoint', async () => {
    const namespace = await place();
    await issuedBefore(namespace);
    certServiceRequest(cluster, namespace, 'web-2', { ...revision2, 'cert-manager.io/certificate-name': 'web' });
    await cluster.settled(namespace, 'web-2', 'Issued');
    expect(asked()).toEqual([
      ['certificate', 'ir'],
      ['certificate-update', 'kur'],
    ]);
    expect(standIn.journal.last).toMatchObject({ enrolment: { oldPkMatchesOldCert: true } });
  });

  it('finds what it replaces through what kubectl left behind, as ONAP does', async () => {
    const namespace = await place();
    await issuedBefore(namespace, false);
    certServiceRequest(cluster, namespace, 'web-2', {
      ...revision2,
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
        kind: 'Certificate',
        metadata: { name: 'web', namespace },
        spec: { secretName: 'web-tls' },
      }),
    });
    await cluster.settled(namespace, 'web-2', 'Issued');
    expect(asked().at(-1)).toEqual(['certificate-update', 'kur']);
  });

  it.each([
    ['nothing leads to what it replaces', {}],
    [
      'the revision is the first',
      { 'cert-manager.io/certificate-name': 'web', 'cert-manager.io/certificate-revision': '1' },
    ],
    [
      'the revision is no number',
      { 'cert-manager.io/certificate-name': 'web', 'cert-manager.io/certificate-revision': 'x' },
    ],
  ])('is a first certificate when %s', async (_name, annotations) => {
    const namespace = await place();
    await issuedBefore(namespace);
    certServiceRequest(cluster, namespace, 'web-2', {
      ...revision2,
      'cert-manager.io/certificate-name': 'x',
      ...annotations,
    });
    await cluster.settled(namespace, 'web-2', 'Issued');
    expect(asked().at(-1)).toEqual(['certificate', 'ir']);
  });

  it('that the CA refuses becomes a first certificate, which event and log tell', async () => {
    const namespace = await place();
    await issuedBefore(namespace);
    standIn.setBehaviour(`RA-${count}`, { updateRefused: 'the certificate to be updated has expired' });
    certServiceRequest(cluster, namespace, 'web-2', { ...revision2, 'cert-manager.io/certificate-name': 'web' });
    await cluster.settled(namespace, 'web-2', 'Issued');
    expect(asked().slice(1)).toEqual([
      ['certificate-update', 'kur'],
      ['certificate', 'ir'],
    ]);
    await cluster.eventually(
      () => eventsOf(namespace).map(({ note }) => note),
      (notes) =>
        notes.some((note) => /asked for as a first certificate: the update was refused: .*has expired/.test(note)),
    );
    expect(cluster.controller.find('no update is possible, a first certificate is asked for instead')).toBeDefined();
  });
});
