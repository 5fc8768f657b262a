import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommanderError } from 'commander';
import { fixturePath, runConvert } from './run-convert.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convert-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const refusal = async (...args: readonly string[]) => {
  const { error, stdout } = await runConvert(...args);
  return { exitCode: error?.exitCode, message: error?.message ?? '', stdout };
};

const SDNC = '@certservice-client/sdnc.yaml';
const VES = '@dcae-blueprint/k8s-ves.yaml';
const ENTRY = {
  caName: 'RA',
  url: 'http://ca:8080/cmp',
  issuerDN: 'CN=CA',
  authentication: { iak: 'shared-secret', rv: 'reference' },
};

const pod = (container: object): string =>
  JSON.stringify({ kind: 'Pod', metadata: { name: 'p' }, spec: { initContainers: [{ name: 'i', ...container }] } });
const servers = (...entries: readonly object[]): string => JSON.stringify({ cmpv2Servers: entries });
const blueprint = (external_cert: object, inputs: object = {}): string =>
  JSON.stringify({ inputs, node_templates: { n: { properties: { external_cert, name: 'c' } } } });
const EXTERNAL_CERT = {
  external_cert_directory: '/d/',
  use_external_tls: true,
  ca_name: 'RA',
  external_certificate_parameters: { common_name: 'c.org' },
};

describe('certservice-client', () => {
  it.each([
    [
      'an environment that the client refuses',
      'a.env',
      'COUNTRY=USA\nCA_NAME=RA\n',
      'COUNTRY: "USA" is not a country code',
    ],
    ['a line that is no variable', 'b.env', 'A=1\nnonsense\n', 'line 2: expected NAME=VALUE'],
  ])('refuses %s', async (_, name, content, message) => {
    const result = await refusal('certservice-client', '--env-file', file(name, content));
    expect(result).toEqual({ exitCode: 1, message: expect.stringContaining(message), stdout: '' });
  });

  it.each([
    ['text that is no YAML', 'a: [b', 'is not YAML'],
    ['an alias to nothing', 'a: *b', 'is not YAML'],
    ['a list that holds itself', 'kind: List\nitems: &i [{kind: List, items: *i}]', 'is not YAML'],
    ['a manifest without such a container', pod({ image: 'busybox' }), 'no init container runs the CertService client'],
    [
      'a variable whose value is elsewhere',
      pod({ image: 'x/certservice-client:1', env: [{ name: 'CA_NAME', valueFrom: { configMapKeyRef: {} } }] }),
      'the values of CA_NAME are not in the manifest',
    ],
    [
      'variables that may come from elsewhere',
      pod({ image: 'x/certservice-client:1', envFrom: [{ configMapRef: { name: 'c' } }] }),
      'envFrom is not followed',
    ],
  ])('refuses %s', async (_, content, message) => {
    const result = await refusal('certservice-client', '--manifest', file('m.yaml', content));
    expect(result).toEqual({ exitCode: 1, message: expect.stringContaining(message), stdout: '' });
  });

  it.each([
    [['--manifest', SDNC, '--container', 'x'], 1, 'there is certs-init-0, certs-init-1'],
    [['--manifest', SDNC, '--name', 'one'], 2, 'pick one with --container'],
    [['--manifest', SDNC, '--env-file', SDNC], 2, 'either --env-file or --manifest'],
    [['--env-file', '@certservice-client/client.env', '--container', 'x'], 2, '--container picks from --manifest'],
    [
      ['--env-file', '@certservice-client/client.env', '--with-issuer', '--issuer-kind', 'CMPv2ClusterIssuer'],
      2,
      '--with-issuer',
    ],
    [['--env-file', '/does/not/exist'], 3, 'there is no such file'],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await refusal('certservice-client', ...args);
    expect(result).toEqual({ exitCode, message: expect.stringContaining(message), stdout: '' });
  });

  it('refuses names that Kubernetes would refuse', async () => {
    await expect(runConvert('certservice-client', '--name', 'Not_A_Name')).rejects.toThrow(CommanderError);
  });

  it.each(['Pod', 'List', 'CronJob'])('finds the container in a %s', async (kind) => {
    const env = Object.entries({
      ...{ CA_NAME: 'RA', COMMON_NAME: 'c.org', COUNTRY: 'US', STATE: 'S', ORGANIZATION: 'O', OUTPUT_PATH: '/' },
    }).map(([name, value]) => ({ name, value }));
    const spec = { initContainers: [{ name: 'i', env }] };
    const metadata = { name: 'owner' };
    const objects = {
      Pod: { kind, metadata, spec },
      List: { kind, items: [{ kind: 'Deployment', metadata, spec: { template: { spec } } }] },
      CronJob: { kind, metadata, spec: { jobTemplate: { spec: { template: { spec } } } } },
    };
    const manifest = file('kind.json', JSON.stringify(objects[kind as keyof typeof objects]));
    const { error, stdout } = await runConvert('certservice-client', '--manifest', manifest);
    expect(error).toBeUndefined();
    expect(stdout).toContain('name: owner-cert-0\n');
  });

  it('writes a file that nobody else can read', async () => {
    const out = join(folder, 'out.yaml');
    const args = ['certservice-client', '--env-file', '@certservice-client/client.env', '--out', out];
    expect((await runConvert(...args)).stdout).toBe('');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(fixturePath('@certservice-client/client.yaml'), 'utf8'));
  });
});

describe('dcae-blueprint', () => {
  it.each([
    ['a file that is none', '{"a": 1}', 'it has no node_templates'],
    ['a blueprint without certificates', '{"node_templates": {"n": {"properties": {}}}}', 'no node of the blueprint'],
    [
      'a missing directory',
      blueprint({ ...EXTERNAL_CERT, external_cert_directory: '' }),
      'external_cert_directory is missing',
    ],
    ['a missing CA name', blueprint({ ...EXTERNAL_CERT, ca_name: undefined }), 'external_cert.ca_name is missing'],
    [
      'a missing common name',
      blueprint({ ...EXTERNAL_CERT, external_certificate_parameters: {} }),
      'external_certificate_parameters.common_name is missing',
    ],
    ['another type', blueprint({ ...EXTERNAL_CERT, cert_type: 'BKS' }), 'cert_type is "BKS"'],
    ['a flag that is none', blueprint({ ...EXTERNAL_CERT, use_external_tls: 'maybe' }), 'expected true or false'],
    [
      'an input without a value',
      blueprint({ ...EXTERNAL_CERT, ca_name: { get_input: 'ca' } }),
      'give --input ca=VALUE',
    ],
    ['what Cloudify alone knows', blueprint({ ...EXTERNAL_CERT, ca_name: { get_secret: 'ca' } }), 'calls get_secret'],
  ])('refuses %s', async (_, content, message) => {
    const result = await refusal('dcae-blueprint', file('b.yaml', content));
    expect(result).toEqual({ exitCode: 1, message: expect.stringContaining(message), stdout: '' });
  });

  it('refuses a blueprint that switches external TLS off', async () => {
    const result = await refusal('dcae-blueprint', VES);
    expect(result).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('use_external_tls is false for ves'),
    });
  });

  it.each([
    [['--inputs', VES], 1, 'is no file of inputs'],
    [['--country', 'USA'], 2, '--country'],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await refusal('dcae-blueprint', VES, ...args);
    expect(result).toEqual({ exitCode, message: expect.stringContaining(message), stdout: '' });
  });

  it('lets an input given by hand win over a file, and a file over a default', async () => {
    const content = blueprint({ ...EXTERNAL_CERT, ca_name: { get_input: 'ca' } }, { ca: { default: 'Default' } });
    const path = file('c.yaml', content);
    const inputs = ['--inputs', file('inputs.yaml', 'ca: File\n')];
    expect((await runConvert('dcae-blueprint', path)).stderr).toContain('ca_name Default ');
    expect((await runConvert('dcae-blueprint', path, ...inputs)).stderr).toContain('ca_name File ');
    expect((await runConvert('dcae-blueprint', path, ...inputs, '--input', 'ca=Hand')).stderr).toContain(
      'ca_name Hand ',
    );
  });
});

describe('cmpserver', () => {
  it.each([
    ['text that is no JSON', '{"iak": "shared-secret"', 'it is not valid JSON'],
    ['an empty list', servers(), 'the list of servers is empty'],
    [
      'a missing shared secret',
      servers({ ...ENTRY, authentication: { rv: 'r' } }),
      'authentication.iak: it is missing',
    ],
    ['a missing name of the CA', servers({ ...ENTRY, issuerDN: undefined }), 'issuerDN: it is missing'],
    ['a name that is none', servers({ ...ENTRY, issuerDN: 'CA' }), 'issuerDN'],
    ['another scheme', servers({ ...ENTRY, url: 'ftp://ca' }), 'its scheme must be http or https'],
    ['the same name twice', servers(ENTRY, ENTRY), 'another entry has the same one'],
  ])('refuses %s, and shows no secret', async (_, content, message) => {
    const result = await refusal('cmpserver', file('s.json', content));
    expect(result).toEqual({ exitCode: 1, message: expect.stringContaining(message), stdout: '' });
    expect(result.message).not.toContain('shared-secret');
  });

  it.each([
    [[], 2, 'pick one with --ca-name: Client, RA'],
    [['--ca-name', 'ra'], 1, 'no server is called ra; there is Client, RA'],
    [['--ca-name', 'RA', '--trust', VES], 1, '--trust: '],
    [['--ca-name', 'RA', '--tls-ca', '@../csr/p256.key'], 1, '--tls-ca: '],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await refusal('cmpserver', '@cmpserver/cmpServers.json', ...args);
    expect(result).toEqual({ exitCode, message: expect.stringContaining(message), stdout: '' });
  });

  it('takes trust and TLS identity that the entry names, relative to its file', async () => {
    const pki = fixturePath('@../cmp/pki');
    const copy = (name: string) => file(name, readFileSync(join(pki, name), 'utf8'));
    for (const name of ['root.crt', 'tls-client.crt', 'tls-client.key']) copy(name);
    const entry = {
      ...ENTRY,
      url: 'https://ca:8443/cmp',
      issuerDN: 'CN=Test Root,O=CMP Test',
      trust: { file: 'root.crt' },
      tls: {
        clientCertificate: { file: 'tls-client.crt' },
        clientKey: { file: 'tls-client.key' },
        serverName: 'ca.test',
      },
      limits: { enrollmentTimeoutSeconds: 30 },
    };
    const { error, stdout, stderr } = await runConvert('cmpserver', file('t.json', servers(entry)));
    expect(error).toBeUndefined();
    expect(stdout).toContain('type: kubernetes.io/tls');
    expect(stdout).toContain('clientCertSecretRef:\n            name: cmpv2-issuer-ra-tls');
    expect(stdout).toContain('recipient: CN=Test Root,O=CMP Test');
    expect(stderr).not.toContain('trusted');
    expect(stderr).toContain('enrollmentTimeoutSeconds has no counterpart');
  });
});
