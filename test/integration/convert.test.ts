import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/api/meta.js';
import { packageRoot } from '../../src/runtime/package-root.js';
import { csr, TestCluster } from '../support/test-cluster.js';

const fixture = (...path: string[]): string => readFileSync(join(packageRoot(), 'fixtures', ...path), 'utf8');

/** Runs the bundle with this text on its standard input. */
function convert(stdin: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [command, 'convert', ...args], (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(error);
    });
    child.stdin?.end(stdin);
  });
}

describe('convert reads standard input', () => {
  it.each([
    ['certservice-client', [], 'client.env', 'client.yaml'],
    ['certservice-client', ['--manifest', '-'], 'dcae-deployment.yaml', 'dcae-certificate.yaml'],
    [
      'dcae-blueprint',
      ['-', '--input', 'external_cert_use_external_tls=true'],
      'k8s-ves.yaml',
      'k8s-ves-certificate.yaml',
    ],
    ['cmpserver', ['-', '--ca-name', 'RA'], 'cmpServers.json', 'ra.yaml'],
  ])('%s %j', async (what, args, input, golden) => {
    const { stdout } = await convert(fixture('convert', what, input), what, ...args);
    // Passwords are random.
    const masked = (text: string): string => text.replace(/(?<=^ {2}password: )[0-9a-f]{60}$/gm, '...');
    expect(masked(stdout)).toBe(masked(fixture('convert', what, golden)));
  });
});

describe('an issuer converted from cmpServers.json', () => {
  let cluster: TestCluster;
  let trust: string;
  beforeAll(async () => {
    cluster = await TestCluster.start();
    trust = join(mkdtempSync(join(tmpdir(), 'convert-')), 'root.pem');
    writeFileSync(trust, cluster.ca.rootPem);
  });
  afterAll(async () => {
    await cluster.stop();
    rmSync(join(trust, '..'), { recursive: true });
  });

  it.each([
    ['with SHA-256', []],
    ['with the MAC of ONAP', ['--legacy-mac']],
  ])('signs requests by the key that cert-manager staged, %s', async (_, flags) => {
    const namespace = `convert-${flags.length}`;
    const { reference, secret } = cluster.ca.credentials;
    const server = {
      caName: 'ca',
      url: `${cluster.ca.url}/pkix/`,
      issuerDN: cluster.ca.caName,
      authentication: { rv: reference, iak: secret },
    };
    const args = ['cmpserver', '-', '--name', 'ca', '--namespace', namespace, '--trust', trust, ...flags];
    const { stdout } = await convert(JSON.stringify({ cmpv2Servers: [server] }), ...args);
    for (const document of parseAllDocuments(stdout)) cluster.objects.create(document.toJS() as KubeObject);
    cluster.objects.create(cluster.secret(namespace, 'staged', { 'tls.key': fixture('csr', 'rsa2048.key') }));
    cluster.request(namespace, 'request', {
      csr: csr('rsa2048.csr'),
      usages: ['digital signature', 'key encipherment', 'server auth'],
      annotations: { 'cert-manager.io/private-key-secret-name': 'staged' },
    });
    const request = await cluster.settled(namespace, 'request', 'Issued');
    expect(request.status?.certificate).toBeDefined();
    expect(request.status?.ca).toBeDefined();
  });
});
