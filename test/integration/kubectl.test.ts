import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { type ApiServer, startApiServer } from '../../src/sandbox/apiserver/index.js';
import { Kubectl } from '../support/kubectl.js';

// The embedded API server before the client everybody has.

let server: ApiServer;
let kubectl: Kubectl;
beforeAll(async () => {
  server = await startApiServer({ tokens: [{ token: 'admin', user: 'admin', mayApprove: true }] });
  kubectl = await Kubectl.start(server.kubeconfig('admin'));
}, 150_000);
afterAll(async () => {
  kubectl?.stop();
  await server?.close();
});

const issuer = (caName: string, extra = '') => `
apiVersion: certmanager.onap.org/v1
kind: CMPv2Issuer
metadata: {name: ca, namespace: default}
spec:
  url: https://cert-service:8443
  healthEndpoint: actuator/health
  certEndpoint: v1/certificate
  caName: ${caName}
  certSecretRef: {name: tls, keyRef: k, certRef: c, cacertRef: ca}
  ${extra}
`;

const csr = readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr')).toString('base64');
const request = (name: string) => `
apiVersion: cert-manager.io/v1
kind: CertificateRequest
metadata: {name: ${name}, namespace: default}
spec:
  issuerRef: {name: ca, kind: CMPv2Issuer, group: certmanager.onap.org}
  request: ${csr}
`;

const ready = (status: string) =>
  JSON.stringify({ status: { conditions: [{ type: 'Ready', status, reason: 'Issued', message: 'all well' }] } });

/** Runs and expects success; gives standard output. */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl.run(...args);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

describe('kubectl', () => {
  it('applies client-side: creates, sees no change, changes', async () => {
    const apply = (text: string) => kubectl.input(text, 'apply', '-f', '-');
    expect(await apply(issuer('RA'))).toMatchObject({ code: 0, stdout: expect.stringContaining('created') });
    expect(await apply(issuer('RA'))).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') });
    expect(await apply(issuer('RB'))).toMatchObject({ code: 0, stdout: expect.stringContaining('configured') });
    expect(await ok('get', 'cmpv2issuer', 'ca', '-o', 'jsonpath={.spec.caName} {.metadata.generation}')).toBe('RB 2');
  });

  it('is told of unknown fields, broken values and broken rules', async () => {
    const apply = (text: string) => kubectl.input(text, 'apply', '-f', '-');
    expect((await apply(issuer('RB', 'typo: 1'))).stderr).toContain('unknown field "spec.typo"');
    expect((await apply(issuer('RB', 'caBundle: Some'))).stderr).toContain('Unsupported value: "Some"');
    expect((await apply(issuer('""', 'url: null'))).code).toBe(1);
  });

  it('applies server-side: conflicts, and takes over when told to', async () => {
    await ok('patch', 'cmpv2issuer', 'ca', '--type=merge', '-p', '{"spec":{"caName":"RC"}}');
    const args = ['apply', '--server-side', '-f', '-'];
    expect(await kubectl.input(issuer('RD'), ...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('conflict with "kubectl-patch" using certmanager.onap.org/v1: .spec.caName'),
    });
    expect((await kubectl.input(issuer('RD'), ...args, '--force-conflicts')).code).toBe(0);
  });

  it('gets Tables with printer columns, watches and waits', async () => {
    expect((await kubectl.input(request('r'), 'create', '-f', '-')).code).toBe(0);
    const waiting = ok('wait', '--for=condition=Ready', 'cr/r', '--timeout=15s');
    const watching = kubectl.run('get', 'cr', 'r', '-w', '--request-timeout=3s');
    await ok('patch', 'cr', 'r', '--subresource=status', '--type=merge', '-p', ready('True'));
    expect(await waiting).toContain('condition met');
    expect((await watching).stdout).toMatch(
      /^NAME\s+APPROVED\s+DENIED\s+READY\s+ISSUER\s+REQUESTER\s+AGE\nr .*ca\s+admin/,
    );
    expect(await ok('get', 'cr', '-o', 'wide')).toContain('all well');
    expect(await ok('get', 'cr', '--field-selector=spec.issuerRef.name=other', '-o', 'name')).toBe('');
  });

  it('describes with events', async () => {
    const uid = await ok('get', 'cr', 'r', '-o', 'jsonpath={.metadata.uid}');
    server.objects.create({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'r.1', namespace: 'default' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'certmanager.onap.org/cmpv2-issuer',
      reportingInstance: 'pod-1',
      action: 'Sign',
      reason: 'CertificateIssued',
      type: 'Normal',
      note: 'Certificate fetched from the CA',
      regarding: { apiVersion: 'cert-manager.io/v1', kind: 'CertificateRequest', namespace: 'default', name: 'r', uid },
    });
    expect(await ok('describe', 'cr', 'r')).toMatch(
      /CertificateIssued.*certmanager.onap.org\/cmpv2-issuer.*fetched from the CA/,
    );
    expect(await ok('get', 'events')).toMatch(/Normal\s+CertificateIssued\s+certificaterequest\/r/);
  });

  it('annotates, and is refused where the webhook refuses', async () => {
    await ok('annotate', 'cr', 'r', 'example.org/free=yes');
    const { code, stderr } = await kubectl.run('annotate', 'cr', 'r', 'cert-manager.io/certificate-name=x');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('admission webhook "webhook.cert-manager.io" denied the request'),
    ]);
  });

  it('creates Secrets, which it sends as protobuf', async () => {
    await ok('create', 'secret', 'generic', 's', '--from-literal=password=geheim');
    expect(await ok('get', 'secret', 's', '-o', 'jsonpath={.data.password}')).toBe('Z2VoZWlt');
    expect(await ok('auth', 'can-i', 'get', 'secrets')).toBe('yes\n');
  });

  it('approves CertificateSigningRequests, which it sends as protobuf, and binds roles', async () => {
    const signing = `
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: signing}
spec:
  request: ${csr}
  signerName: cmpv2clusterissuers.certmanager.onap.org/ca
  usages: [digital signature]
`;
    expect((await kubectl.input(signing, 'create', '-f', '-')).code).toBe(0);
    expect(await ok('get', 'csr')).toMatch(/^NAME\s+AGE\s+SIGNERNAME\s+REQUESTOR\s+REQUESTEDDURATION\s+CONDITION\n/);
    await ok('certificate', 'approve', 'signing');
    expect(await ok('get', 'csr', 'signing', '--no-headers')).toMatch(/admin\s+<none>\s+Approved\n$/);
    expect(await ok('describe', 'csr', 'signing')).toMatch(/Status:\s+Approved/);
    await ok('create', 'clusterrole', 'reader', '--verb=get', '--resource=secrets');
    await ok('create', 'clusterrolebinding', 'reader', '--clusterrole=reader', '--serviceaccount=default:robot');
    expect(await ok('get', 'clusterrolebinding', 'reader', '--no-headers')).toContain('ClusterRole/reader');
  });

  it('deletes and waits until it is gone', async () => {
    await ok('delete', 'cr', 'r');
    const { code, stderr } = await kubectl.run('get', 'cr', 'r');
    expect([code, stderr]).toEqual([
      1,
      'Error from server (NotFound): certificaterequests.cert-manager.io "r" not found\n',
    ]);
    await ok('create', 'namespace', 'short');
    await ok('delete', 'namespace', 'short');
  });

  it('explains fields and asks for health and version', async () => {
    expect(await ok('explain', 'cmpv2issuer.spec.caName')).toContain('FIELD: caName <string>');
    expect(await ok('get', '--raw', '/readyz')).toBe('ok');
    expect(await ok('version')).toContain('Server Version: v1.34');
    expect(await ok('api-resources', '-o', 'name')).toContain('cmpv2clusterissuers.certmanager.onap.org');
  });
});
