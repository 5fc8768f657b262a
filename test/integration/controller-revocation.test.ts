import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CertificateRequest } from '../../src/api/certificate-request.js';
import { findCondition } from '../../src/api/conditions.js';
import type { IssuedCertificateRecord } from '../../src/api/issued-certificate.js';
import type { Issuer } from '../../src/api/issuer.js';
import type { KubeObject } from '../../src/api/meta.js';
import { certificatesDefinition } from '../support/certificates-definition.js';
import { TestCluster } from '../support/test-cluster.js';

const RECORDS = 'cmpv2issuedcertificates.certmanager.onap.org';
const CERTIFICATES = 'certificates.cert-manager.io';
const ISSUERS = 'cmpv2issuers.certmanager.onap.org';
const REQUESTS = 'certificaterequests.cert-manager.io';
const REASON = 'certmanager.onap.org/revocation-reason';
const ON_DELETE = { revocation: 'OnDelete' };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
  cluster.objects.create(certificatesDefinition);
});
afterAll(() => cluster.stop());

let count = 0;
function place(path?: string, cmp: object = ON_DELETE): string {
  const namespace = `revocation-${++count}`;
  cluster.credentials(namespace);
  cluster.issuer(namespace, path, cmp);
  return namespace;
}

const certificate = (namespace: string, annotations: Record<string, string> = {}, name = 'web'): KubeObject =>
  cluster.objects.create({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { namespace, name, annotations },
    spec: { secretName: `${name}-tls`, issuerRef: { group: 'certmanager.onap.org', kind: 'CMPv2Issuer', name: 'ca' } },
  });

const serialOf = ({ status }: CertificateRequest): string =>
  new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64')).serialNumber.toLowerCase();

/** Gets a certificate for a request of this Certificate (or of nobody); its serial number. */
async function issued(
  namespace: string,
  owner?: KubeObject,
  name = 'web-1',
  options: { readonly annotations?: Record<string, string>; readonly issuerRef?: Record<string, string> } = {},
): Promise<string> {
  cluster.request(namespace, name, { ...options, ...(owner && { owner }) });
  return serialOf(await cluster.settled(namespace, name, 'Issued'));
}

const remove = (namespace: string, name = 'web') => cluster.objects.delete(CERTIFICATES, name, namespace);

function annotate(namespace: string, reason: string): void {
  const found = cluster.objects.get(CERTIFICATES, 'web', namespace);
  if (found === undefined) throw new Error('no Certificate');
  cluster.objects.update({ ...found, metadata: { ...found.metadata, annotations: { [REASON]: reason } } });
}

const stateOf = (serial: string) => cluster.ca.ledger.find(serial);
const revoked = (serial: string) =>
  cluster.eventually(
    () => stateOf(serial),
    (entry) => entry?.state === 'revoked',
  );
const records = (namespace: string) => cluster.objects.list(RECORDS, namespace) as unknown as IssuedCertificateRecord[];
const noRecords = (namespace: string) =>
  cluster.eventually(
    () => records(namespace),
    (found) => found.length === 0,
  );
const standing = (namespace: string, phase: string) =>
  cluster.eventually(
    () => records(namespace)[0]?.spec.revocation,
    (found) => found?.phase === phase,
  );

/** The Certificate of a witness goes after whatever was done: once it is revoked, the rest has been seen, too. */
async function witness(): Promise<void> {
  const namespace = place();
  const serial = await issued(namespace, certificate(namespace));
  remove(namespace);
  await revoked(serial);
}

const rr = () => cluster.ca.ledger.messages['rr'] ?? 0;

const events = (namespace: string, reason: string) =>
  cluster.objects
    .list('events.events.k8s.io', namespace)
    .filter((event) => Reflect.get(event, 'reason') === reason)
    .map((event) => ({
      note: String(Reflect.get(event, 'note')),
      about: (Reflect.get(event, 'regarding') as { kind?: string }).kind,
    }));
const event = async (namespace: string, reason: string) => {
  const [found] = await cluster.eventually(
    () => events(namespace, reason),
    (all) => all.length > 0,
  );
  return found;
};

describe('with revocation: OnDelete', () => {
  it('the certificate of a deleted Certificate is revoked, once, and the record goes', async () => {
    const namespace = place();
    const serial = await issued(namespace, certificate(namespace));
    expect(records(namespace)).toMatchObject([
      {
        metadata: expect.not.objectContaining({ ownerReferences: expect.anything() }),
        spec: {
          issuerRef: { kind: 'CMPv2Issuer', name: 'ca' },
          certificateRef: { namespace, name: 'web' },
          serialNumber: serial,
          certificate: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/),
        },
      },
    ]);
    const before = rr();
    remove(namespace);
    await revoked(serial);
    expect(stateOf(serial)?.reason).toBe('reason 5');
    await noRecords(namespace);
    expect(rr()).toBe(before + 1);
    expect(await event(namespace, 'CertificateRevoked')).toEqual({
      about: 'CMPv2Issuer',
      note: `The certificate with serial ${serial} of "CN=Sandbox Issuing CA,O=CMP Sandbox" was revoked (cessationOfOperation): Certificate ${namespace}/web was deleted`,
    });
    expect(cluster.controller.find('certificate revoked', { serial, reason: 'cessationOfOperation' })).toBeDefined();
    const metrics = await (await fetch(`${cluster.controller.probesUrl}/metrics`)).text();
    expect(metrics).toMatch(
      new RegExp(`cmpv2_issuer_revocations_total\\{[^}]*issuer_namespace="${namespace}"[^}]*result="revoked"\\} 1`),
    );
  });

  it.each([
    ['annotated the moment before', undefined, 'keyCompromise', 'reason 1'],
    ['annotated from the start', 'superseded', undefined, 'reason 4'],
    ['annotated anew', 'superseded', 'keyCompromise', 'reason 1'],
    ['annotated with nonsense', undefined, 'because', 'reason 5'],
  ])('the reason is the one of the Certificate: %s', async (_name, first, last, reason) => {
    const namespace = place();
    const serial = await issued(namespace, certificate(namespace, first === undefined ? {} : { [REASON]: first }));
    if (last !== undefined) annotate(namespace, last);
    remove(namespace);
    await revoked(serial);
    expect(stateOf(serial)?.reason).toBe(reason);
  });

  it('the reason may come with the request', async () => {
    const namespace = place();
    const annotations = { [REASON]: 'affiliationChanged' };
    const serial = await issued(namespace, certificate(namespace), 'web-1', { annotations });
    remove(namespace);
    await revoked(serial);
    expect(stateOf(serial)?.reason).toBe('reason 3');
  });

  it('a reason that is none is told at the Certificate, while it can be corrected', async () => {
    const namespace = place();
    certificate(namespace, { [REASON]: 'because' });
    expect(await event(namespace, 'RevocationReasonUnknown')).toMatchObject({
      about: 'Certificate',
      note: expect.stringMatching(/"because" is none of unspecified, keyCompromise, .*; cessationOfOperation is taken/),
    });
  });

  it('renewed certificates are revoked with the rest, and only then', async () => {
    const namespace = place();
    const owner = certificate(namespace);
    const first = await issued(namespace, owner, 'web-1');
    const second = await issued(namespace, owner, 'web-2');
    cluster.objects.delete(REQUESTS, 'web-1', namespace);
    await witness();
    expect([stateOf(first)?.state, stateOf(second)?.state]).toEqual(['confirmed', 'confirmed']);
    remove(namespace);
    await revoked(first);
    await revoked(second);
    await noRecords(namespace);
  });

  it('nothing is revoked because a request is deleted', async () => {
    const namespace = place();
    const owned = await issued(namespace, certificate(namespace), 'web-1');
    const nobodys = await issued(namespace, undefined, 'pod');
    expect(records(namespace)).toHaveLength(1);
    for (const name of ['web-1', 'pod']) cluster.objects.delete(REQUESTS, name, namespace);
    await witness();
    expect([stateOf(owned)?.state, stateOf(nobodys)?.state]).toEqual(['confirmed', 'confirmed']);
    expect(records(namespace)).toHaveLength(1);
  });

  it('a Certificate that goes, or is made anew, while the controller is down counts as well', async () => {
    const [deleted, recreated, kept] = [place(), place(), place()];
    const [gone, other, same] = await Promise.all(
      [deleted, recreated, kept].map((namespace) => issued(namespace, certificate(namespace))),
    );
    annotate(deleted, 'keyCompromise');
    await cluster.eventually(
      () => records(deleted)[0]?.spec.reason,
      (reason) => reason === 'keyCompromise',
    );
    await cluster.controller.stop('SIGKILL');
    remove(deleted);
    remove(recreated);
    certificate(recreated);
    await cluster.restart();
    await Promise.all([revoked(gone ?? ''), revoked(other ?? '')]);
    expect(stateOf(gone ?? '')?.reason).toBe('reason 1');
    await noRecords(recreated);
    expect(stateOf(same ?? '')?.state).toBe('confirmed');
  });

  it('an outage of the CA loses nothing, nor does a restart in the midst of it', async () => {
    const path = 'revocation-outage';
    cluster.ca.behaviours.set(path, {});
    const namespace = place(`cmp/${path}`);
    const serial = await issued(namespace, certificate(namespace));
    cluster.ca.behaviours.set(path, { http: { fault: { type: 'status', status: 503, body: 'none' }, before: true } });
    remove(namespace);
    expect(await standing(namespace, 'Due')).toMatchObject({ message: expect.stringMatching(/503/) });
    expect(await event(namespace, 'RevocationDelayed')).toMatchObject({ about: 'CMPv2IssuedCertificate' });
    await cluster.controller.stop('SIGKILL');
    await cluster.restart();
    await cluster.eventually(
      () => cluster.controller.find('a revocation failed', { serial }),
      (found) => found !== undefined,
    );
    expect(stateOf(serial)?.state).toBe('confirmed');
    const metrics = await (await fetch(`${cluster.controller.probesUrl}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`cmpv2_issuer_revocations_due\\{[^}]*"${namespace}"[^}]*\\} 1`));
    cluster.ca.behaviours.set(path, {});
    await revoked(serial);
    await noRecords(namespace);
  });

  it('a lost answer leads to no second revocation', async () => {
    cluster.ca.behaviours.set('lost-rp', {});
    const namespace = place('cmp/lost-rp');
    const serial = await issued(namespace, certificate(namespace));
    cluster.ca.behaviours.set('lost-rp', { http: { fault: { type: 'reset' }, times: 1 } });
    remove(namespace);
    await noRecords(namespace);
    expect(stateOf(serial)?.state).toBe('revoked');
    expect(cluster.controller.find('certificate revoked', { serial, already: true })).toBeDefined();
  });

  it('a refusal is told, and tried again when the issuer was changed', async () => {
    cluster.ca.behaviours.set('refuses-rr', {});
    const namespace = place('cmp/refuses-rr');
    const serial = await issued(namespace, certificate(namespace));
    cluster.ca.behaviours.set('refuses-rr', { rejection: { failInfo: ['badCertId'] } });
    remove(namespace);
    expect(await standing(namespace, 'Refused')).toMatchObject({ message: expect.stringMatching(/badCertId/) });
    const before = rr();
    await witness();
    expect(rr()).toBe(before + 1);
    cluster.ca.behaviours.set('refuses-rr', {});
    const found = cluster.objects.get(ISSUERS, 'ca', namespace) as unknown as Issuer;
    cluster.objects.update({ ...found, spec: { ...found.spec, limits: { concurrency: 1 } } });
    await revoked(serial);
  });

  it('what was issued before is taken into account as soon as the issuer wants it', async () => {
    const namespace = place(undefined, {});
    const serial = await issued(namespace, certificate(namespace));
    expect(records(namespace)).toEqual([]);
    const found = cluster.objects.get(ISSUERS, 'ca', namespace) as unknown as Issuer;
    cluster.objects.update({ ...found, spec: { ...found.spec, cmp: { ...found.spec.cmp, ...ON_DELETE } } });
    await cluster.eventually(
      () => records(namespace),
      (all) => all.length === 1,
    );
    remove(namespace);
    await revoked(serial);
  });

  it('nothing is revoked any more once the issuer does not want it', async () => {
    const namespace = place();
    const serial = await issued(namespace, certificate(namespace));
    const found = cluster.objects.get(ISSUERS, 'ca', namespace) as unknown as Issuer;
    cluster.objects.update({ ...found, spec: { ...found.spec, cmp: { ...found.spec.cmp, revocation: 'Never' } } });
    await cluster.issuerSettled(namespace, 'Verified');
    remove(namespace);
    await noRecords(namespace);
    expect(stateOf(serial)?.state).toBe('confirmed');
  });

  it('an issuer that was made anew revokes nothing that its predecessor got', async () => {
    const namespace = place();
    const serial = await issued(namespace, certificate(namespace));
    cluster.objects.delete(ISSUERS, 'ca', namespace);
    cluster.issuer(namespace, undefined, ON_DELETE);
    await cluster.issuerSettled(namespace, 'Verified');
    remove(namespace);
    expect(await standing(namespace, 'Held')).toMatchObject({ message: expect.stringMatching(/revoke it by hand/) });
    await witness();
    expect(stateOf(serial)?.state).toBe('confirmed');
  });
});

describe('a certificate that nobody ever got', () => {
  const log = (message: string, namespace: string) =>
    cluster.eventually(
      () => cluster.controller.find(message, { certificateRequest: `${namespace}/web-1` }),
      (line) => line !== undefined,
    );
  const named = (namespace: string) => log('a certificate is left behind at the CA', namespace);

  /** Its request is deleted while the answer cannot be written; the serial number. */
  async function undelivered(namespace: string, owner?: KubeObject, meanwhile = () => {}): Promise<string> {
    await cluster.issuerSettled(namespace, 'Verified');
    const { faults } = cluster.sandbox.api;
    cluster.request(namespace, 'web-1', owner && { owner });
    faults.webhookOutage(true);
    try {
      const serial = String((await log('certificate issued', namespace))?.['serial']);
      meanwhile();
      cluster.objects.delete(REQUESTS, 'web-1', namespace);
      expect(await named(namespace)).toMatchObject({ fate: 'undelivered', serial });
      return serial;
    } finally {
      faults.webhookOutage(false);
    }
  }

  it.each([
    ['of a Certificate, which is still there', (namespace: string) => certificate(namespace)],
    ['of nobody', () => undefined],
  ])('because its request was deleted first is revoked at once: %s', async (_name, owner) => {
    const namespace = place();
    const serial = await undelivered(namespace, owner(namespace));
    await revoked(serial);
    expect(stateOf(serial)?.reason).toBe('reason 5');
    await noRecords(namespace);
    expect(await event(namespace, 'CertificateOrphaned')).toMatchObject({
      note: expect.stringMatching(/could be delivered: it is going to be revoked$/),
    });
    expect(await event(namespace, 'CertificateRevoked')).toEqual({
      about: 'CMPv2Issuer',
      note: `The certificate with serial ${serial} of "CN=Sandbox Issuing CA,O=CMP Sandbox" was revoked (cessationOfOperation): nobody ever got it (request ${namespace}/web-1)`,
    });
  });

  it('is named and not revoked where the issuer does not want it', async () => {
    const namespace = place(undefined, {});
    const serial = await undelivered(namespace);
    await witness();
    expect(stateOf(serial)?.state).toBe('confirmed');
    expect(await event(namespace, 'CertificateOrphaned')).toMatchObject({
      note: expect.stringMatching(/consider having it revoked$/),
    });
    expect(records(namespace)).toEqual([]);
  });

  it.each([
    ['OnDelete', ON_DELETE, 'revoked'],
    ['Never', {}, 'implicitlyConfirmed'],
  ])('because we refused what counts as confirmed at the CA: %s', async (_name, cmp, state) => {
    const namespace = place('cmp/certificate-wrong-subject', { ...cmp, confirmation: 'Implicit' });
    cluster.request(namespace, 'web-1', { owner: certificate(namespace) });
    const line = await named(namespace);
    expect(line).toMatchObject({ fate: 'unknown', toBeRevoked: state === 'revoked' });
    const serial = String(line?.['serial']);
    if (state === 'revoked') await revoked(serial);
    await witness();
    expect(stateOf(serial)?.state).toBe(state);
  });

  it('for all we know is not revoked when it holds a key that we did not ask for: it may be that of somebody else', async () => {
    const namespace = place('cmp/certificate-wrong-key', { ...ON_DELETE, confirmation: 'Implicit' });
    cluster.request(namespace, 'web-1');
    const line = await named(namespace);
    expect(line).toMatchObject({ fate: 'unknown', toBeRevoked: false });
    await witness();
    expect(stateOf(String(line?.['serial']))?.state).toBe('implicitlyConfirmed');
  });

  it('is revoked once the CA is back, also by another process', async () => {
    const path = 'orphan-outage';
    cluster.ca.behaviours.set(path, {});
    const namespace = place(`cmp/${path}`);
    const serial = await undelivered(namespace, undefined, () =>
      cluster.ca.behaviours.set(path, { http: { fault: { type: 'status', status: 503, body: 'none' }, before: true } }),
    );
    expect(await standing(namespace, 'Due')).toMatchObject({ message: expect.stringMatching(/503/) });
    expect(records(namespace)).toMatchObject([
      {
        spec: {
          orphaned: 'Undelivered',
          serialNumber: serial,
          requestRef: { kind: 'CertificateRequest', namespace, name: 'web-1' },
        },
      },
    ]);
    await cluster.controller.stop('SIGKILL');
    await cluster.restart();
    await cluster.eventually(
      () => cluster.controller.find('a revocation failed', { serial, orphaned: 'Undelivered' }),
      (found) => found !== undefined,
    );
    expect(stateOf(serial)?.state).toBe('confirmed');
    cluster.ca.behaviours.set(path, {});
    await revoked(serial);
    await noRecords(namespace);
  });

  it('cannot be recorded as that and as one of a Certificate', async () => {
    const namespace = place();
    await issued(namespace, certificate(namespace));
    const [kept] = records(namespace);
    if (kept === undefined) throw new Error('no record');
    const both: IssuedCertificateRecord = { ...kept, spec: { ...kept.spec, orphaned: 'Unused' } };
    expect(() => cluster.objects.update(both)).toThrow(/exactly one of certificateRef and orphaned/);
  });
});

describe('a CMPv2ClusterIssuer with revocation: OnDelete', () => {
  const issuerRef = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'revoking' };

  beforeAll(() => {
    cluster.credentials('cert-manager');
    cluster.clusterIssuer('revoking', undefined, ON_DELETE);
  });

  it('keeps records out of the namespaces it serves, and believes none that is there', async () => {
    const namespace = `revocation-${++count}`;
    const serial = await issued(namespace, certificate(namespace), 'web-1', { issuerRef });
    expect(records(namespace)).toEqual([]);
    const [kept] = records('cert-manager');
    if (kept === undefined) throw new Error('no record');
    expect(kept.spec).toMatchObject({ serialNumber: serial, certificateRef: { namespace, name: 'web' } });

    // Whoever may write in a namespace must not have the certificates of others revoked.
    const { certificateRef } = kept.spec;
    cluster.objects.create({
      apiVersion: kept.apiVersion,
      kind: kept.kind,
      metadata: { namespace, name: 'forged' },
      spec: { ...kept.spec, certificateRef: { ...certificateRef, namespace, uid: 'never-was' } },
    });
    await cluster.eventually(
      () => cluster.controller.find('a record of an issued certificate is not where it belongs: it is ignored'),
      (line) => line?.['record'] === `${namespace}/forged`,
    );
    await witness();
    expect(stateOf(serial)?.state).toBe('confirmed');

    remove(namespace);
    await revoked(serial);
    await noRecords('cert-manager');
  });

  it('has no certificate revoked because a tenant claims that an exchange of his led to it', async () => {
    const victim = `revocation-${++count}`;
    const serial = await issued(victim, certificate(victim), 'web-1', { issuerRef });
    const kept = Buffer.from(stateOf(serial)?.der ?? []);
    await cluster.controller.stop();

    // With the very key of the other one: whoever has its CSR can ask for that.
    const tenant = `revocation-${++count}`;
    cluster.request(tenant, 'web-1', { issuerRef, approval: [] });
    const { apiVersion, metadata } = cluster.get(tenant, 'web-1');
    const { uid = '' } = metadata;
    const [time, octets] = ['2030-01-01T00:00:00Z', Buffer.alloc(16, 1)];
    const leaf = new X509Certificate(kept);
    const forged: KubeObject & { readonly spec: object } = {
      apiVersion: 'certmanager.onap.org/v1',
      kind: 'CMPv2Transaction',
      metadata: {
        namespace: tenant,
        name: uid,
        ownerReferences: [{ apiVersion, kind: 'CertificateRequest', name: 'web-1', uid }],
      },
      spec: {
        requestRef: { kind: 'CertificateRequest', name: 'web-1', uid },
        issuerRef: {
          ...{ kind: issuerRef.kind, name: issuerRef.name },
          uid: cluster.objects.get('cmpv2clusterissuers.certmanager.onap.org', 'revoking')?.metadata.uid ?? '',
        },
        attempt: 1,
        waitingFor: 'Confirmation',
        notBefore: time,
        certificate: {
          serialNumber: serial,
          issuer: 'CN=Sandbox Issuing CA,O=CMP Sandbox',
          subject: 'CN=web',
          notAfter: new Date(leaf.validTo).toISOString(),
          pem: leaf.toString(),
        },
        state: JSON.stringify({
          ...{ version: 1, waitingFor: 'confirmation', pollId: -1, due: time, deadline: time, confirmations: 0 },
          endpoint: cluster.cmp().endpoints[0]?.url,
          transactionID: octets.toString('base64'),
          ...{ seenNonces: [], knownSigners: [] },
          kept: { certReqId: 0, certificate: kept.toString('base64'), caPubs: [], extraCerts: [], underMac: 1 },
        }),
      },
    };
    cluster.objects.create(forged);
    await cluster.restart();
    await witness();
    cluster.objects.delete(REQUESTS, 'web-1', tenant);
    const line = await cluster.eventually(
      () => cluster.controller.find('a certificate is left behind at the CA', { serial }),
      (found) => found !== undefined,
    );
    expect(line).toMatchObject({ fate: 'unknown', toBeRevoked: false });
    await witness();
    expect(stateOf(serial)?.state).toBe('confirmed');
  });
});

describe('by default', () => {
  it('nothing is kept in mind, and nothing is revoked', async () => {
    const namespace = place(undefined, {});
    const serial = await issued(namespace, certificate(namespace));
    remove(namespace);
    await witness();
    expect(records(namespace)).toEqual([]);
    expect(stateOf(serial)?.state).toBe('confirmed');
  });
});

describe('without the permissions', () => {
  let restricted: TestCluster;
  let grant: () => void;
  beforeAll(async () => {
    ({ cluster: restricted, grant } = await TestCluster.startWithout(['cmpv2issuedcertificates']));
    restricted.objects.create(certificatesDefinition);
  });
  afterAll(() => restricted.stop());

  const trouble = () => {
    const found = restricted.objects.get(ISSUERS, 'ca', 'shop') as unknown as Issuer;
    return findCondition(found.status?.conditions, 'RevocationBlocked');
  };

  it('an issuer that does not want it needs none of them', async () => {
    restricted.credentials('other');
    restricted.issuer('other');
    await restricted.issuerSettled('other', 'Verified');
    const { journal } = restricted.sandbox.api;
    for (const resource of ['certificates', 'cmpv2issuedcertificates']) expect(journal.count({ resource })).toBe(0);
  });

  it('an issuer says so and serves on, and makes good for it once they are granted', async () => {
    restricted.credentials('shop');
    restricted.issuer('shop', undefined, ON_DELETE);
    const blocked = await restricted.eventually(trouble, (condition) => condition !== undefined);
    expect(blocked).toMatchObject({
      status: 'True',
      reason: 'Forbidden',
      message: expect.stringMatching(/bind the role cmpv2-issuer-controller-revocation/),
    });
    const owner = restricted.objects.create({
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { namespace: 'shop', name: 'web' },
      spec: { secretName: 'web-tls', issuerRef: { group: 'certmanager.onap.org', kind: 'CMPv2Issuer', name: 'ca' } },
    });
    restricted.request('shop', 'web-1', { owner });
    const serial = serialOf(await restricted.settled('shop', 'web-1', 'Issued'));
    expect(restricted.controller.lines.some(({ msg }) => /issued without a record/.test(msg))).toBe(true);

    grant();
    await restricted.eventually(trouble, (condition) => condition === undefined);
    await restricted.eventually(
      () => restricted.objects.list(RECORDS, 'shop'),
      (found) => found.length === 1,
    );
    restricted.objects.delete(CERTIFICATES, 'web', 'shop');
    await restricted.eventually(
      () => restricted.ca.ledger.find(serial),
      (entry) => entry?.state === 'revoked',
    );
  });
});
