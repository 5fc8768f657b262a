import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../src/api/certificate-request.js';
import {
  type CertServiceBehaviour,
  type CertServiceStandIn,
  startCertServiceStandIn,
} from '../../src/sandbox/certservice/index.js';
import { certServiceClient, certServiceIssuer, certServiceRequest } from '../support/certservice-issuer.js';
import { csr, TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
let standIn: CertServiceStandIn;
beforeAll(async () => {
  cluster = await TestCluster.start();
  standIn = await startCertServiceStandIn({ ca: cluster.ca });
});
afterAll(async () => {
  await cluster.stop();
  await standIn.close();
});

let count = 0;
/** A namespace with an issuer whose CA behaves so. */
async function place(behaviour: CertServiceBehaviour = {}, spec: object = {}): Promise<string> {
  count += 1;
  const namespace = `onap-${count}`;
  standIn.setBehaviour(`CA-${count}`, behaviour);
  await certServiceClient(cluster, standIn, namespace);
  certServiceIssuer(cluster, standIn, namespace, { caName: `CA-${count}`, ...spec });
  return namespace;
}

async function othersAreUnharmed(): Promise<void> {
  const namespace = await place();
  certServiceRequest(cluster, namespace, 'web');
  await cluster.settled(namespace, 'web', 'Issued');
}

const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');
const certificatesOf = (base64: string | undefined): X509Certificate[] =>
  (text(base64).match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map((pem) => new X509Certificate(pem));
const subjects = (base64: string | undefined): string[] =>
  certificatesOf(base64).map(({ subject }) => /CN=(.*)$/m.exec(subject)?.[1] ?? '');

/** The chain from the leaf to the issuing CA, and these CAs in any order. */
function expectSound({ status }: CertificateRequest, cas = ['Sandbox Root', 'Sandbox Second Root']): void {
  expect(subjects(status?.certificate)).toEqual(['web.example.com', 'Sandbox Issuing CA']);
  expect(subjects(status?.ca).sort()).toEqual(cas);
}

describe('whatever CertService answers', () => {
  const short = { certService: { requestTimeoutSeconds: 1 } };

  // A rest parameter, lest jest takes a parameter without value for its callback.
  it.each<[string, CertServiceBehaviour, RegExp, object?]>([
    ['two empty lists', { lists: 'emptyLists' }, /certificateChain is empty/],
    ['an empty chain', { lists: 'emptyChain' }, /certificateChain is empty/],
    ['no trusted certificate', { lists: 'emptyTrusted' }, /trustedCertificates is empty/],
    ['no lists', { lists: 'missingLists' }, /has no list certificateChain/],
    ['null in place of the lists', { lists: 'nullLists' }, /has no list certificateChain/],
    ['a chain that is no PEM', { lists: 'chainNotPem' }, /certificateChain\[0\]/],
    ['a trusted certificate that is no PEM', { lists: 'trustedNotPem' }, /trustedCertificates\[2\]/],
    ['a number in the chain', { lists: 'chainNotText' }, /certificateChain\[0\]/],
    ['a chain without the issuing CA', { lists: 'chainWithoutIssuer' }, /no chain leads/],
    ['other roots than that of the chain', { lists: 'rootNotTrusted' }, /no chain leads/],
    ['a page instead of JSON', { answer: { type: 'text', contentType: 'text/html', text: '<p>' } }, /no JSON/],
    ["Spring's default body", { answer: { type: 'status', status: 500, body: 'spring' } }, /status code \[500\]/],
    ['503', { answer: { type: 'status', status: 503, body: 'none' } }, /status code \[503\]/],
    ['502 of a proxy', { answer: { type: 'status', status: 502, body: 'html' } }, /status code \[502\]/],
    ['a redirect', { answer: { type: 'redirect', status: 302, location: 'https://elsewhere/' } }, /\[302\].*redirect/],
    ['20 MB', { answer: { type: 'oversized', octets: 20_000_000 } }, /1048576|1 MiB|larger|too (large|big)/i],
    [
      '20 MB, announced',
      { answer: { type: 'oversized', octets: 20_000_000, declared: true } },
      /1048576|larger|large/i,
    ],
    ['half an answer', { answer: { type: 'truncated' } }, /connection/i],
    ['by cutting the connection', { answer: { type: 'reset' } }, /connection/i],
    ['nothing', { answer: { type: 'silence' } }, /\b1 s\b/, short],
    ['too late', { delayMilliseconds: 30_000 }, /\b1 s\b/, short],
    ['that it cannot reach the CA', { cmpClientError: 'Connection refused' }, /call to cmp client: Connection refused/],
    ['that the CA is overloaded', { cmpError: 'systemUnavail, try again' }, /following error: systemUnavail/],
    ['that the CA gave no reason', { cmpError: 'N/A' }, /following error: N\/A/],
  ])('the request stays pending with the reason: %s', async (_name, behaviour, message, ...[spec]) => {
    const namespace = await place(behaviour, spec);
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Pending', message);
    expect(status).not.toHaveProperty('failureTime');
    expect(status).not.toHaveProperty('certificate');
  });

  it.each<[string, CertServiceBehaviour]>([
    ['for another key', { leaf: 'wrongKey' }],
    ['that is expired', { leaf: 'expired' }],
    ['for another subject', { leaf: 'wrongSubject' }],
    ['under another CA of the same name', { leaf: 'untrustedIssuer' }],
    ['of a CA', { leaf: 'certificateAuthority' }],
  ])('nothing unsound is ever written: a certificate %s', async (_name, behaviour) => {
    const namespace = await place(behaviour);
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.eventually(
      () => cluster.get(namespace, 'web'),
      (request) => request.status?.conditions?.some(({ type }) => type === 'Ready') === true,
    );
    expect(status).not.toHaveProperty('certificate');
  });

  it.each<[string, CertServiceBehaviour, string[]?]>([
    ['without fault', {}],
    ['with an end-entity certificate among the trusted ones, which is left out', { lists: 'endEntityTrusted' }],
    ['with the root in the chain, which is left out', { lists: 'rootInChain' }],
    ['in the wrong order, which is put right', { lists: 'chainReversed' }],
    ['with the whole chain in one text', { lists: 'twoBlocksInOneEntry' }],
    ['with one root', { unrelated: 'none' }, ['Sandbox Root']],
  ])('a sound certificate is written: %s', async (_name, behaviour, ...[cas]) => {
    const namespace = await place(behaviour);
    certServiceRequest(cluster, namespace, 'web');
    expectSound(await cluster.settled(namespace, 'web', 'Issued'), cas);
  });

  it('a refusal by the CA ends the request with the words of the CA, and asks once only', async () => {
    const namespace = await place({ cmpError: 'badCertTemplate: this name belongs to another customer' });
    const path = `/v1/certificate/CA-${count}`;
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Failed', /belongs to another customer/);
    expect(status?.failureTime).toBeDefined();
    await othersAreUnharmed();
    expect(standIn.journal.counts[path]).toBe(1);
  });

  it('a name that CertService does not know is the fault of the issuer, and can be put right', async () => {
    const namespace = await place({}, { caName: 'nobody' });
    certServiceRequest(cluster, namespace, 'web');
    const { status } = await cluster.settled(namespace, 'web', 'Pending', /\[404\].*"nobody".*spec\.caName/);
    expect(status).not.toHaveProperty('failureTime');
    const issuer = cluster.objects.get('cmpv2issuers.certmanager.onap.org', 'ca', namespace);
    if (issuer === undefined) throw new Error('the issuer is gone');
    cluster.objects.update({ ...issuer, spec: { ...Object(Reflect.get(issuer, 'spec')), caName: `CA-${count}` } });
    expectSound(await cluster.settled(namespace, 'web', 'Issued'));
  });

  it('an outage costs a request nothing but time', async () => {
    let calls = 0;
    const namespace = await place();
    standIn.state.selector = ({ caName }) => {
      if (caName !== `CA-${count}`) return undefined;
      calls += 1;
      return calls <= 2 ? { answer: { type: 'status', status: 503, body: 'none', retryAfterSeconds: 0 } } : undefined;
    };
    certServiceRequest(cluster, namespace, 'web');
    expectSound(await cluster.settled(namespace, 'web', 'Issued'));
    standIn.state.selector = undefined;
    expect(calls).toBe(3);
  });
});

describe('the request itself', () => {
  it('arrives with the very key of its CSR, from the client of the Secret', async () => {
    const namespace = await place();
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
    const entry = standIn.journal.entries.findLast(({ path }) => path === `/v1/certificate/CA-${count}`);
    expect(entry).toMatchObject({
      status: 200,
      client: 'certServiceClient.com',
      headers: ['csr', 'pk'],
      enrolment: { body: 'ir', pkMatchesCsr: true },
    });
  });

  it('is not sent when the staged key is another one', async () => {
    const namespace = await place();
    cluster.objects.create(cluster.secret(namespace, 'stolen', { 'tls.key': csr('rsa4096.key') }));
    certServiceRequest(cluster, namespace, 'web', { 'cert-manager.io/private-key-secret-name': 'stolen' });
    await cluster.settled(namespace, 'web', 'Failed', /not the one of the CSR/);
    expect(standIn.journal.counts[`/v1/certificate/CA-${count}`]).toBeUndefined();
  });

  it('waits for its key', async () => {
    const namespace = await place();
    certServiceRequest(cluster, namespace, 'web', { 'cert-manager.io/private-key-secret-name': 'later' });
    await cluster.settled(namespace, 'web', 'Pending', /Secret .*later.* does not exist/);
  });
});

describe('TLS and health', () => {
  it.each(['expired', 'unknown'] as const)('says so when the client certificate is %s', async (kind) => {
    const namespace = await place();
    await certServiceClient(cluster, standIn, namespace, kind);
    await cluster.issuerSettled(namespace, 'Error', kind === 'expired' ? /expired/ : /TLS|certificate/i);
    await certServiceClient(cluster, standIn, namespace, 'good');
    await cluster.issuerSettled(namespace, 'Verified');
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');
  });

  it('survives a new certificate of the server, and takes a new CA from the Secret without a restart', async () => {
    const namespace = await place();
    await cluster.issuerSettled(namespace, 'Verified');
    await standIn.rotateTls();
    certServiceRequest(cluster, namespace, 'web');
    await cluster.settled(namespace, 'web', 'Issued');

    await standIn.rotateTls({ newCa: true });
    certServiceRequest(cluster, namespace, 'second');
    await cluster.settled(namespace, 'second', 'Pending', /TLS|certificate/i);
    await certServiceClient(cluster, standIn, namespace);
    await cluster.settled(namespace, 'second', 'Issued');
  });

  it.each([
    ['DOWN', 503],
    ['missing', 404],
  ] as const)('an issuer whose CertService is unhealthy says so: %s', async (health, status) => {
    standIn.state.health = health;
    const namespace = await place();
    await cluster.issuerSettled(namespace, 'Error', new RegExp(`health check returned status code \\[${status}\\]`));
    standIn.state.health = 'UP';
  });
});

it('no key, no CSR and no header was ever logged', () => {
  const output = cluster.controller.output;
  expect(output).toContain('certificate');
  for (const pem of ['rsa2048.key', 'rsa2048.csr', 'rsa4096.key'].map(csr)) {
    const lines = pem.split('\n').filter((line) => line.length > 16 && !line.startsWith('-----'));
    const header = Buffer.from(pem).toString('base64');
    const chunks = header.match(/.{64}/g) ?? [];
    expect([...lines, ...chunks].filter((part) => output.includes(part))).toEqual([]);
  }
  expect(output).not.toMatch(/PRIVATE KEY|OLD_PK/);
});
