import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCondition } from '../../src/api/conditions.js';
import { CommandProcess } from '../support/command-process.js';
import { Kubectl } from '../support/kubectl.js';
import { OverheardCa } from '../support/overheard-ca.js';
import { SIGNER, SigningRequests } from '../support/signing-requests.js';
import { csr, TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
let requests: SigningRequests;
let overheard: OverheardCa;
beforeAll(async () => {
  cluster = await TestCluster.start('--kubernetes-csrs');
  requests = new SigningRequests(cluster);
  overheard = await OverheardCa.start(cluster.ca.url);
  cluster.credentials('cert-manager');
  cluster.ca.behaviours.set('poll-slowly', { polling: { polls: 1, checkAfterSeconds: 3 } });
});
afterAll(async () => {
  await overheard.close();
  await cluster.stop();
});

const pems = (encoded: string | undefined): X509Certificate[] =>
  (
    Buffer.from(encoded ?? '', 'base64')
      .toString()
      .match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  ).map((pem) => new X509Certificate(pem));

const writesTo = (name: string) =>
  cluster.sandbox.api.journal
    .entries({ resource: 'certificatesigningrequests', subresource: 'status' })
    .filter((entry) => entry.name === name).length;

/** A request that was issued after all that came before: whatever the controller does not touch has had its chance. */
async function another(name: string): Promise<void> {
  cluster.clusterIssuer(name);
  await requests.createApproved(name);
  await requests.issued(name);
}

/** The line of the log that tells of the certificate. */
const logged = (name: string) => cluster.controller.find('certificate issued', { certificateSigningRequest: name });

describe('a CertificateSigningRequest that is granted', () => {
  it('gets its chain without the root, in one write, and nothing else', async () => {
    cluster.clusterIssuer('granted');
    const approved = await requests.createApproved('granted');
    const { status } = await requests.issued('granted');
    const [leaf, issuing, ...more] = pems(status?.certificate);
    expect(more).toEqual([]);
    expect(issuing && leaf?.verify(issuing.publicKey)).toBe(true);
    expect(issuing && issuing.subject !== issuing.issuer).toBe(true);
    expect(Object.keys(status ?? {}).sort()).toEqual(['certificate', 'conditions']);
    expect(status?.conditions).toEqual(approved.status?.conditions);
    expect(writesTo('granted')).toBe(1);
    expect(logged('granted')).toMatchObject({ issuer: 'CMPv2ClusterIssuer/granted' });
    const [event] = await requests.toldOf('granted', 'CertificateIssued');
    expect(event?.note).toContain(`serial ${leaf?.serialNumber.toLowerCase()}`);
  });

  it('is approved, shown and explained by kubectl', async () => {
    const kubectl = await Kubectl.start(cluster.sandbox.adminKubeconfig);
    const run = async (...args: string[]) => (await kubectl.run(...args)).stdout;
    try {
      cluster.clusterIssuer('people');
      requests.create('people');
      expect(await run('certificate', 'approve', 'people')).toContain('people approved');
      await requests.issued('people');
      await requests.toldOf('people', 'CertificateIssued');
      expect(await run('get', 'csr', 'people', '--no-headers')).toMatch(/\/people .*Approved,Issued\n$/);
      expect(await run('describe', 'csr', 'people')).toMatch(/CertificateIssued.*serial [0-9a-f]+, valid until/);
    } finally {
      kubectl.stop();
    }
  }, 150_000);

  it.each<[string, Parameters<SigningRequests['create']>[1], object, string]>([
    [
      'what it says',
      { usages: ['digital signature', 'client auth'], expirationSeconds: 3600 },
      { usages: ['digitalSignature'], extendedUsages: ['1.3.6.1.5.5.7.3.2'], isCA: false, seconds: 3600 },
      'pkix/',
    ],
    ['nothing of a lifetime it does not mention', { usages: ['server auth'] }, { seconds: undefined }, 'pkix/'],
    [
      'what its annotations say, first of all',
      {
        expirationSeconds: 3600,
        usages: ['cert sign'],
        annotations: {
          'experimental.cert-manager.io/request-duration': '2h',
          'experimental.cert-manager.io/request-is-ca': 'true',
        },
      },
      { usages: ['keyCertSign'], isCA: true, seconds: 7200 },
      'cmp/certificate-certificate-authority',
    ],
  ])('is asked for with %s', async (what, options, asked, path) => {
    const name = what.replace(/\W+/g, '-');
    const endpoints = [{ url: `${overheard.url}/${path}` }];
    cluster.clusterIssuer(name, path, { endpoints });
    overheard.asked.length = 0;
    await requests.createApproved(name, options);
    await requests.issued(name);
    expect(overheard.asked).toEqual([expect.objectContaining({ body: 'ir', ...asked })]);
  });

  it('is never a renewal, whatever its annotations say', async () => {
    cluster.clusterIssuer('renewing', 'pkix/', { renewal: 'KUR' });
    await requests.createApproved('renewing', {
      annotations: { 'cert-manager.io/certificate-revision': '2', 'cert-manager.io/certificate-name': 'web' },
    });
    await requests.issued('renewing');
    expect(logged('renewing')).toMatchObject({ body: 'ir' });
  });
});

describe('a CertificateSigningRequest that is left alone', () => {
  it.each([
    ['not approved', {}],
    ['of another signer', { signerName: 'example.com/ca' }],
    ['of our namespaced kind', { signerName: 'cmpv2issuers.certmanager.onap.org/shop.ca' }],
  ])('%s', async (what, options) => {
    const name = what.replace(/\W+/g, '-');
    cluster.clusterIssuer(name);
    const before = requests.create(name, options);
    await another(`beside-${name}`);
    expect(requests.get(name)).toEqual(before);
  });

  it('of our namespaced kind, and is told why', async () => {
    await requests.createApproved('namespaced', { signerName: 'cmpv2issuers.certmanager.onap.org/shop.ca' });
    const [event] = await requests.toldOf('namespaced', 'SignerNotSupported');
    expect(event?.note).toMatch(/namespaced issuer.*name a CMPv2ClusterIssuer/);
    await another('beside-namespaced');
    expect(requests.told('namespaced')).toHaveLength(1);
    expect(writesTo('namespaced')).toBe(0);
  });

  it('denied: not a word more, and none to the CA', async () => {
    cluster.clusterIssuer('denied');
    requests.create('denied');
    const denied = await requests.decide('denied', 'Denied');
    await another('beside-denied');
    expect(requests.get('denied')).toEqual(denied);
    expect([requests.told('denied'), logged('denied')]).toEqual([[], undefined]);
  });
});

describe('a CertificateSigningRequest that fails', () => {
  it('says what the CA said', async () => {
    cluster.clusterIssuer('refused', 'cmp/reject-bad-cert-template');
    await requests.createApproved('refused');
    const { status } = await requests.failed('refused', 'SigningError');
    expect(findCondition(status?.conditions, 'Failed')?.message).toMatch(/badCertTemplate/);
    expect(findCondition(status?.conditions, 'Approved')?.status).toBe('True');
    expect(status).not.toHaveProperty('certificate');
    await requests.toldOf('refused', 'SigningError');
  });

  it.each(['5m', 'a while'])('does so before the CA is asked for %s', async (duration) => {
    const name = `short-${duration.replace(/\W/g, '')}`;
    cluster.clusterIssuer(name);
    await requests.createApproved(name, { annotations: { 'experimental.cert-manager.io/request-duration': duration } });
    await requests.failed(name, 'InvalidDuration');
    await requests.toldOf(name, 'InvalidDuration');
    expect(logged(name)).toBeUndefined();
  });
});

describe('a CertificateSigningRequest that waits', () => {
  it('for its issuer, is told so once, and issued when there is one', async () => {
    await requests.createApproved('early');
    const [event] = await requests.toldOf('early', 'IssuerNotFound');
    expect(event?.note).toMatch(/CMPv2ClusterIssuer resource early: it does not exist/);
    expect(cluster.controller.find('told in an event only', { certificateSigningRequest: 'early' })).toBeDefined();
    expect(writesTo('early')).toBe(0);
    cluster.clusterIssuer('early');
    await requests.issued('early');
  });

  it('for the CA, is told so once, however often the CA is asked', async () => {
    cluster.clusterIssuer('polling', 'cmp/poll');
    await requests.createApproved('polling');
    await requests.issued('polling');
    expect(writesTo('polling')).toBe(1);
    await requests.toldOf('polling', 'CertificateIssued');
    expect(requests.told('polling').map(({ reason }) => reason)).toEqual(['WaitingForCA', 'CertificateIssued']);
  });

  it('in vain for a private key, and is told what to do', async () => {
    cluster.clusterIssuer('proving', 'pkix/', { proofOfPossession: 'Signature' });
    await requests.createApproved('proving');
    const [event] = await requests.toldOf('proving', 'RetryableError');
    expect(event?.note).toMatch(/leaves it with whoever made it.*RAVerified/);
  });

  it('and is deleted meanwhile: its exchange is called off', async () => {
    cluster.clusterIssuer('deleted', 'cmp/poll-for-ever');
    await requests.createApproved('deleted');
    await requests.toldOf('deleted', 'WaitingForCA');
    requests.delete('deleted');
    const about = { certificateSigningRequest: 'deleted' };
    await cluster.eventually(
      () => cluster.controller.find('the request went away: its exchange with the CA was called off', about),
      (line) => line !== undefined,
    );
  });

  it('is gone on with by another process, from a record that goes away with it', async () => {
    cluster.clusterIssuer('crash', 'cmp/poll-slowly');
    const { metadata } = await requests.createApproved('crash');
    const record = () =>
      cluster.objects.get('cmpv2transactions.certmanager.onap.org', String(metadata.uid), 'cert-manager');
    await cluster.eventually(record, (found) => found !== undefined);
    expect(record()?.metadata).toMatchObject({
      ownerReferences: [
        { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', name: 'crash', uid: metadata.uid },
      ],
    });
    const before = cluster.ca.ledger.certificates.length;
    await cluster.controller.stop('SIGKILL');
    await cluster.restart('--kubernetes-csrs');
    const { status } = await requests.issued('crash');
    expect(cluster.ca.ledger.certificates.slice(before).map(({ der }) => Buffer.from(der))).toEqual([
      pems(status?.certificate)[0]?.raw,
    ]);
    await cluster.eventually(record, (found) => found === undefined);
  });
});

it('asks for nothing that it may not do', () => expect(cluster.sandbox.api.journal.entries({ code: 403 })).toEqual([]));

describe('otherwise', () => {
  it('nothing is touched, or even looked at, without the flag', async () => {
    const plain = await TestCluster.start();
    try {
      const untouched = new SigningRequests(plain);
      plain.credentials('cert-manager');
      plain.clusterIssuer('ca');
      const before = await untouched.createApproved('web', { signerName: `${SIGNER}/ca` });
      const issuerRef = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' };
      plain.request('shop', 'web', { issuerRef });
      await plain.settled('shop', 'web', 'Issued');
      expect(untouched.get('web')).toEqual(before);
      const user = 'system:serviceaccount:cert-manager:cmpv2-issuer';
      expect(plain.sandbox.api.journal.count({ resource: 'certificatesigningrequests', user })).toBe(0);
    } finally {
      await plain.stop();
    }
  });

  it('is not ready where it may not see them, says so, and goes on once it may', async () => {
    const { cluster: blind, grant } = await TestCluster.startWithout(['certificatesigningrequests']);
    const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-csrs-'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, blind.sandbox.controllerKubeconfig, { mode: 0o600 });
    const flags = ['--kubeconfig', kubeconfig, '--probes-address', '127.0.0.1:0', '--kubernetes-csrs'];
    const controller = await CommandProcess.start(['controller', ...flags], 'controller started');
    try {
      const url = `http://127.0.0.1:${Number(controller.find('controller started')?.['probesPort'])}/readyz`;
      const answers = async (wanted: RegExp) => {
        let answer = '';
        for (const end = Date.now() + 20_000; !wanted.test(answer) && Date.now() < end; await sleep(20))
          answer = await (await fetch(url)).text();
        expect(answer).toMatch(wanted);
      };
      await answers(/certificatesigningrequests\.certificates\.k8s\.io: no complete list yet \(forbidden\)/);
      grant();
      await answers(/^working/);
    } finally {
      await controller.stop();
      await blind.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('who may not sign says so, in the words of the API server, and loses no certificate by it', async () => {
    const { cluster: unsigned, grant } = await TestCluster.startWithout(['signers'], '--kubernetes-csrs');
    try {
      const asked = new SigningRequests(unsigned);
      unsigned.credentials('cert-manager');
      unsigned.clusterIssuer('web');
      await asked.createApproved('web', { csr: csr('rsa2048.csr') });
      const [event] = await asked.toldOf('web', 'StatusForbidden');
      expect(event?.note).toMatch(/user not permitted to sign requests with signerName.*permissions\.yaml/);
      grant();
      await asked.issued('web');
      expect(unsigned.ca.ledger.certificates).toHaveLength(1);
    } finally {
      await unsigned.stop();
    }
  });
});
