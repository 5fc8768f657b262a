import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeCertificates } from '../../src/pki/index.js';
import type { ClientCertificate } from '../../src/sandbox/ca/index.js';
import { ForwardProxy } from '../support/forward-proxy.js';
import { TestCluster } from '../support/test-cluster.js';

let cluster: TestCluster;
let client: ClientCertificate;
beforeAll(async () => {
  cluster = await TestCluster.start();
  client = await cluster.ca.issueClientCertificate('registration authority');
});
afterAll(() => cluster.stop());

let count = 0;
/** A namespace with an issuer of these options, and one request for it. */
function asked(path: string, cmp: object): string {
  const namespace = `options-${++count}`;
  cluster.credentials(namespace);
  cluster.objects.create(
    cluster.secret(namespace, 'ra', {
      'tls.crt': client.certificatePem + client.chainPem,
      'tls.key': client.keyPem,
    }),
  );
  cluster.objects.create(cluster.secret(namespace, 'proxy', { username: 'me', password: 'p@ss/w:rd' }));
  cluster.issuer(namespace, path, cmp);
  cluster.request(namespace, 'web');
  return namespace;
}

const mac = (change: object) => ({ protection: { mac: { secretRef: { name: 'credentials' }, ...change } } });
const signed = { protection: { signature: { secretRef: { name: 'ra' } } } };
const lastProtection = () => cluster.ca.ledger.certificates.at(-1)?.protection;

describe('an issuer', () => {
  it.each(['SHA256', 'SHA384', 'SHA512'])('protects with PBMAC1 and %s', async (hash) => {
    const namespace = asked('cmp/', mac({ algorithm: 'PBMAC1', owf: hash, mac: `HMAC-${hash}`, iterations: 2_000 }));
    await cluster.settled(namespace, 'web', 'Issued');
    expect(lastProtection()).toBe('PBMAC1');
  });

  it('wraps its messages as a registration authority', async () => {
    const before = cluster.ca.ledger.messages['nested'] ?? 0;
    await cluster.settled(asked('cmp/', { nested: { secretRef: { name: 'ra' } } }), 'web', 'Issued');
    expect((cluster.ca.ledger.messages['nested'] ?? 0) - before).toBe(2);
    expect(lastProtection()).toBe('PasswordBasedMac');
  });

  it('believes the expected signer, and nobody else', async () => {
    const fingerprint = decodeCertificates(cluster.ca.signerPem)[0]?.sha256;
    await cluster.settled(asked('cmp/', { ...signed, expectedSigner: fingerprint }), 'web', 'Issued');
    await cluster.settled(asked('cmp/', { ...signed, expectedSigner: cluster.ca.signerPem }), 'web', 'Issued');
    const pinned = asked('cmp/', { ...signed, expectedSigner: 'ab'.repeat(32) });
    await cluster.settled(pinned, 'web', 'Pending', /the configured signer is abab/);
  });

  it('accepts a signer without digitalSignature where it is told to', async () => {
    const path = 'cmp/attack-signer-without-key-usage';
    await cluster.settled(asked(path, { ...signed, ignoreKeyUsage: true }), 'web', 'Issued');
    await cluster.settled(asked(path, signed), 'web', 'Pending', /digitalSignature/);
  });

  it('looks at messageTime where it is told to', async () => {
    const path = 'cmp/message-stale-message-time';
    await cluster.settled(asked(path, {}), 'web', 'Issued');
    const strict = asked(path, { messageTimeToleranceSeconds: 60 });
    await cluster.settled(strict, 'web', 'Pending', /messageTime is 36\d\d s away/);
    await cluster.settled(asked(path, { messageTimeToleranceSeconds: 7_200 }), 'web', 'Issued');
  });

  it('holds answers to its limits', async () => {
    const path = 'cmp/two-roots+attack-octets-many-extra-certs';
    await cluster.settled(asked(path, { answerLimits: { maxElements: 100_000 } }), 'web', 'Issued');
    const strict = asked(path, { answerLimits: { maxElements: 1_000 } });
    await cluster.settled(strict, 'web', 'Pending', /more than 1000 elements/);
  });

  it('goes through a proxy that wants to know who we are, and says so when that knows nobody', async () => {
    const proxy = await ForwardProxy.start({ credentials: 'me:p@ss/w:rd' });
    try {
      const endpoints = [{ url: `${cluster.ca.url}/cmp/`, proxy: proxy.url() }];
      const known = endpoints.map((endpoint) => ({ ...endpoint, proxySecretRef: { name: 'proxy' } }));
      await cluster.settled(asked('', { endpoints: known }), 'web', 'Issued');
      expect(proxy.asked).toContain(`POST ${cluster.ca.url}/cmp/`);
      await cluster.settled(asked('', { endpoints }), 'web', 'Pending', /proxy that wants credentials \(HTTP 407\)/);
      expect(cluster.controller.output).not.toMatch(/p@ss|p%40ss/);
    } finally {
      await proxy.stop();
    }
  });

  it('leaves a server alone for as long as it asks (Retry-After)', async () => {
    const proxy = await ForwardProxy.start();
    const unavailable = (retryAfterSeconds: number) => ({
      http: { fault: { type: 'status', status: 503, body: 'html', retryAfterSeconds } as const },
    });
    cluster.ca.behaviours.set('now', unavailable(0));
    cluster.ca.behaviours.set('later', unavailable(1_000));
    const through = (path: string) => ({ endpoints: [{ url: `${cluster.ca.url}/cmp/${path}`, proxy: proxy.url() }] });
    const tries = (path: string) => proxy.asked.filter((one) => one.startsWith('POST') && one.endsWith(path)).length;
    try {
      await cluster.settled(asked('', through('later')), 'web', 'Pending', /HTTP 503/);
      await cluster.settled(asked('', through('now')), 'web', 'Pending', /HTTP 503/);
      // Without being asked for patience the second try comes after 2 s at most, the third after 4 s more.
      await cluster.eventually(
        () => tries('now'),
        (count) => count >= 3,
      );
      expect(tries('later')).toBe(1);
    } finally {
      await proxy.stop();
    }
  });
});
