import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodePem, parseCsr } from '../../src/pki/index.js';
import { certificatesDefinition } from '../support/certificates-definition.js';
import { type Material, material } from '../support/certservice-server.js';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  cluster.objects.create(certificatesDefinition);
  cluster.ca.behaviours.set('poll-at-once', { polling: { polls: 2, checkAfterSeconds: 0 } });
});
afterAll(() => cluster.stop());

const SUBJECT = 'CN=web,O=Lab';

let count = 0;
/** A namespace with an issuer that renews by key update. */
function place(path?: string, cmp: object = { renewal: 'KUR' }): string {
  const namespace = `renewals-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, cmp);
  return namespace;
}

/** A request as cert-manager makes it for the Certificate `web`, its key staged beside it. */
function ask(namespace: string, revision: number, { csrPem, keyPem }: Material): string {
  const name = `web-${revision}`;
  cluster.objects.create(cluster.secret(namespace, `${name}-key`, { 'tls.key': keyPem }));
  cluster.request(namespace, name, {
    csr: csrPem,
    annotations: {
      'cert-manager.io/certificate-name': 'web',
      'cert-manager.io/certificate-revision': String(revision),
      'cert-manager.io/private-key-secret-name': `${name}-key`,
    },
  });
  return name;
}

/** What cert-manager keeps of a certificate. */
function keep(namespace: string, certificatesPem: string, keyPem: string): void {
  cluster.objects.create(cluster.secret(namespace, 'web-tls', { 'tls.crt': certificatesPem, 'tls.key': keyPem }));
  cluster.objects.create({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { namespace, name: 'web' },
    spec: { secretName: 'web-tls' },
  });
}

const pemOf = (encoded: string | undefined): string => Buffer.from(encoded ?? '', 'base64').toString();

/** A first certificate, kept as cert-manager does. */
async function issuedBefore(namespace: string): Promise<X509Certificate> {
  const first = await material(SUBJECT);
  const { status } = await cluster.settled(namespace, ask(namespace, 1, first), 'Issued');
  const pem = pemOf(status?.certificate);
  keep(namespace, pem, first.keyPem);
  return new X509Certificate(pem);
}

/** Renews with a new key; the certificate, how it was asked for, and what the event says. */
async function renewed(namespace: string, subject = SUBJECT) {
  const second = await material(subject);
  const name = ask(namespace, 2, second);
  const { status } = await cluster.settled(namespace, name, 'Issued');
  const certificate = new X509Certificate(pemOf(status?.certificate));
  expect(certificate.checkPrivateKey(second.key)).toBe(true);
  const note = await cluster.eventually(
    () =>
      cluster.objects
        .list('events.events.k8s.io', namespace)
        .filter((event) => (Reflect.get(event, 'regarding') as { name?: string }).name === name)
        .filter((event) => Reflect.get(event, 'reason') === 'CertificateIssued')
        .map((event) => String(Reflect.get(event, 'note')))[0],
    (found) => found !== undefined,
  );
  return { certificate, note, entry: cluster.ca.ledger.find(certificate.serialNumber.toLowerCase()) };
}

const FALLBACK = /asked for as a first certificate: /;

describe('a renewal', () => {
  it.each([
    ['at once', undefined],
    ['after the CA wanted time', 'cmp/poll-at-once'],
  ])('is a key update under the old key, %s', async (_name, path) => {
    const namespace = place(path);
    const old = await issuedBefore(namespace);
    const { certificate, entry, note } = await renewed(namespace);
    expect(entry).toMatchObject({ body: 'kur', protection: 'ECDSA with SHA-256', state: 'confirmed' });
    expect(certificate.serialNumber).not.toBe(old.serialNumber);
    expect(note).not.toMatch(FALLBACK);
  });

  it('is asked for like a first certificate unless the issuer says otherwise', async () => {
    const namespace = place(undefined, {});
    await issuedBefore(namespace);
    const { entry, note } = await renewed(namespace);
    expect(entry).toMatchObject({ body: 'ir', protection: 'PasswordBasedMac' });
    expect(note).not.toMatch(FALLBACK);
  });

  it('becomes a first certificate when the old one was revoked', async () => {
    const namespace = place();
    const old = await issuedBefore(namespace);
    cluster.ca.ledger.conclude(old.serialNumber.toLowerCase(), 'revoked');
    const { entry, note } = await renewed(namespace);
    expect(entry).toMatchObject({ body: 'ir', state: 'confirmed' });
    expect(note).toMatch(/asked for as a first certificate: the key update was refused: .*certRevoked/);
    expect(
      cluster.controller.find('no key update is possible, a first certificate is asked for instead'),
    ).toBeDefined();
  });

  it('becomes a first certificate when the CA does not know the old one', async () => {
    const namespace = place();
    const { certificatePem, chainPem, keyPem } = await cluster.ca.issueClientCertificate('web');
    keep(namespace, certificatePem + chainPem, keyPem);
    const { entry, note } = await renewed(namespace, 'CN=web,O=CMP Sandbox');
    expect(entry).toMatchObject({ body: 'ir' });
    expect(note).toMatch(/asked for as a first certificate: the key update was refused: .*badCertId/);
  });

  it('is a first certificate from the start when the old one has expired', async () => {
    const namespace = place();
    const { csrPem, keyPem } = await material(SUBJECT);
    const { subject, spki, publicKey, extensions } = parseCsr(csrPem);
    const asked = { subject, publicKeyInfo: spki, publicKey, extensions, notBefore: undefined, notAfter: undefined };
    const { der } = await cluster.ca.certify(asked, 'expired');
    keep(namespace, encodePem('CERTIFICATE', der) + cluster.ca.chainPem, keyPem);
    const before = cluster.ca.ledger.messages['kur'];
    const { entry, note } = await renewed(namespace);
    expect(entry).toMatchObject({ body: 'ir' });
    expect(note).toMatch(
      /asked for as a first certificate: the certificate to be replaced cannot be used: it expired at/,
    );
    expect(cluster.ca.ledger.messages['kur']).toBe(before);
  });

  it('is a first certificate from the start when the old one cannot be found', async () => {
    const { note } = await renewed(place());
    expect(note).toMatch(/asked for as a first certificate: .*cannot be found/);
  });
});
