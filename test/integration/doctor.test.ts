import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { controllerRules } from '../../src/cli/permissions.js';
import { systemRandom } from '../../src/runtime/random.js';
import { type SandboxCa, startSandboxCa } from '../../src/sandbox/ca/index.js';
import { type CertServiceStandIn, startCertServiceStandIn } from '../../src/sandbox/certservice/index.js';
import { TlsIdentities } from '../../src/sandbox/certservice/tls.js';
import { type ApiServer, startApiServer } from '../../src/sandbox/index.js';
import { type CommandResult, runCommand } from '../support/command.js';

const GROUP = 'certmanager.onap.org';

interface Examined {
  readonly exitCode: number;
  readonly verdict: string;
  readonly statuses: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, string>>;
  readonly remedies: Readonly<Record<string, string | undefined>>;
  readonly stderr: string;
}

interface ShownStep {
  readonly step: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy?: string;
}

let folder: string;
let ca: SandboxCa;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  const polling = { polls: 1, checkAfterSeconds: 60 };
  ca = await startSandboxCa({
    tls: true,
    selector: ({ commonName }) => (commonName === 'later' ? { polling } : undefined),
  });
});
afterAll(async () => {
  await ca.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
}

const secretsOf = (result: CommandResult) => `${result.stdout}${result.stderr}`;

/** Runs doctor with JSON output. Whatever it is asked, no secret may be in what it prints. */
async function examine(...args: readonly string[]): Promise<Examined> {
  const result = await runCommand('doctor', ...args, '--output', 'json');
  expect(secretsOf(result)).not.toContain(ca.credentials.secret);
  expect(secretsOf(result)).not.toContain('PRIVATE KEY');
  const { verdict, steps }: { verdict: string; steps: readonly ShownStep[] } = JSON.parse(result.stdout);
  const by = <T>(value: (step: ShownStep) => T) => Object.fromEntries(steps.map((step) => [step.step, value(step)]));
  return {
    exitCode: result.exitCode,
    verdict,
    statuses: by(({ status }) => status),
    details: by(({ detail }) => detail),
    remedies: by(({ remedy }) => remedy),
    stderr: result.stderr,
  };
}

interface Server {
  readonly url?: string;
  readonly recipient?: string;
  readonly tlsCa?: string;
  readonly secret?: string;
}

const server = ({ url = `${ca.url}/pkix/`, recipient = ca.caName, tlsCa = ca.tlsRootPem ?? '' }: Server = {}) => [
  ...['--server', url, '--recipient', recipient],
  ...['--trusted', file('root.pem', ca.rootPem), '--tls-ca', file('tls.pem', tlsCa)],
];
const bySecret = (secret = ca.credentials.secret) => [
  ...['--ref', ca.credentials.reference, '--secret-file', file('secret', `${secret}\n`)],
];

const WELL = {
  credential: 'ok',
  trust: 'ok',
  configuration: 'ok',
  dns: 'ok',
  tcp: 'ok',
  tls: 'ok',
  http: 'ok',
  protection: 'ok',
  recipient: 'ok',
  clock: 'ok',
  genm: 'ok',
};

describe('doctor --server', () => {
  it('finds nothing wrong with a CMP server that is well, and enrols nothing', async () => {
    const before = ca.ledger.certificates.length;
    const record = join(folder, 'record');
    const found = await examine(...server(), ...bySecret(), '--record', record);
    expect(found).toMatchObject({ exitCode: 0, verdict: 'ok', stderr: '' });
    expect(readdirSync(record)).toContain('01-response-genp.der');
    expect(found.statuses).toEqual(WELL);
    expect(found.details['genm']).toContain('3 CA certificates');
    expect(ca.ledger.certificates).toHaveLength(before);
  });

  it('signs its messages where a certificate is given', async () => {
    const { certificatePem, keyPem, chainPem } = await ca.issueClientCertificate('registration authority');
    const pair = ['--cert', file('ra.crt', certificatePem), '--cert-key', file('ra.key', keyPem)];
    const found = await examine(...server(), ...pair, '--cert-chain', file('chain.crt', chainPem));
    expect(found.statuses).toEqual(WELL);
    expect(found.details['credential']).toContain('CN=registration authority,O=CMP Sandbox');
  });

  it.each(['ec', 'rsa'])(
    'gets one throw-away certificate if told so (%s), and tells its serial number',
    async (type) => {
      const more = ['--enroll', '--subject', 'CN=trial', '--key-type', type];
      const found = await examine(...server(), ...bySecret(), ...more);
      expect(found.statuses).toEqual({ ...WELL, enroll: 'ok' });
      const entry = ca.ledger.certificates.at(-1);
      expect(entry).toMatchObject({ subject: 'CN=trial' });
      expect(found.details['enroll']).toContain(`serial ${entry?.serial},`);
    },
  );

  it('calls off an enrolment that the CA puts off', async () => {
    const found = await examine(...server(), ...bySecret(), '--enroll', '--subject', 'CN=later');
    expect(found).toMatchObject({ exitCode: 0, verdict: 'warn' });
    expect(found.details['enroll']).toContain('it was called off');
  });

  it('prints lines for people, each with what to do', async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      'doctor',
      ...server({ recipient: 'CN=Nobody' }),
      ...bySecret(),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ok +credential +shared secret for reference "sandbox" is there$/m);
    expect(stdout).toMatch(/^warn +recipient +our messages go to "CN=Nobody", but "CN=Sandbox Issuing CA,/m);
    expect(stdout).toMatch(/^ +-> This CA takes them all the same.* configure recipient "CN=Sandbox Issuing CA,/m);
    expect(stdout).toMatch(/^10 ok, 1 warn, 0 fail, 0 skip$/m);
    expect(stderr).toBe('');
  });

  it('a server that is not there', async () => {
    const found = await examine(...server({ url: 'https://127.0.0.1:1/pkix/' }), ...bySecret());
    expect(found).toMatchObject({ exitCode: 3, stderr: 'error: these steps failed: tcp\n' });
    expect(found.details['tcp']).toContain('ECONNREFUSED');
    expect(found.statuses).toMatchObject({ dns: 'ok', tls: 'skip', protection: 'skip', genm: 'skip' });
  });

  it('a name that does not exist', async () => {
    const found = await examine(...server({ url: 'https://ejbca.pki.svc/pkix/' }), ...bySecret());
    expect(found).toMatchObject({ exitCode: 3, statuses: { dns: 'fail', tcp: 'skip' } });
    expect(found.remedies['dns']).toContain('inside the cluster only');
  });

  it('a TLS certificate from another CA', async () => {
    const found = await examine(...server({ tlsCa: ca.rootPem }), ...bySecret());
    expect(found).toMatchObject({
      exitCode: 3,
      statuses: { tcp: 'ok', tls: 'fail', http: 'skip', protection: 'skip' },
    });
    expect(found.details['tls']).toContain('issued by "CN=Sandbox TLS Root"');
    expect(found.remedies['tls']).toContain('--tls-ca');
  });

  it('an expired certificate of ours', async () => {
    const identities = new TlsIdentities(systemRandom);
    const client = await identities.client('old', await identities.root('root'), 'expired');
    const pair = ['--cert', file('old.crt', client.certificatePem), '--cert-key', file('old.key', client.keyPem)];
    const found = await examine(...server(), ...pair, '--enroll');
    expect(found).toMatchObject({ exitCode: 3, statuses: { credential: 'fail', enroll: 'skip' } });
    expect(found.details['credential']).toMatch(/"CN=old" expired at /);
  });

  it('a wrong secret: the CA says no', async () => {
    const found = await examine(...server(), ...bySecret('not the secret'), '--enroll');
    expect(found).toMatchObject({ exitCode: 1, statuses: { protection: 'fail', genm: 'skip', enroll: 'skip' } });
    expect(found.details['protection']).toContain('badMessageCheck');
    expect(found.remedies['protection']).toContain('shared secret');
    expect(JSON.stringify(found)).not.toContain('not the secret');
  });

  it('explains its options', async () => {
    const { exitCode, stdout } = await runCommand('doctor', '--help');
    expect(exitCode).toBe(0);
    for (const option of ['--issuer <name>', '--server <url>', '--enroll', '--output <format>'])
      expect(stdout).toContain(option);
  });

  it.each([
    [[], 'give --issuer, or --server, --recipient and --trusted; --server is missing'],
    [['--server', 'http://127.0.0.1/'], '--recipient is missing'],
    [['--issuer', 'ca', '--server', 'http://127.0.0.1/'], '--server comes from the issuer'],
    [['--issuer', 'ca', '--tls-ca', 'x'], '--tls-ca comes from the issuer'],
    [['--issuer', 'ca', '--subject', 'nonsense'], '--subject: '],
    [['--issuer', 'ca', '--kind', 'Issuer'], 'Allowed choices are CMPv2Issuer, CMPv2ClusterIssuer'],
  ])('%j is a usage error', async (args, message) => {
    const { exitCode, stderr } = await runCommand('doctor', ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(message) });
  });
});

describe('doctor --issuer', () => {
  let api: ApiServer;
  let kubeconfig: string;
  beforeAll(async () => {
    const rules = controllerRules();
    const blind = rules.filter(({ resources }) => !resources.includes('secrets'));
    const tokens = [
      { token: 'reader', user: 'reader', rules },
      { token: 'blind', user: 'blind', rules: blind },
    ];
    api = await startApiServer({ tokens });
    kubeconfig = file('kubeconfig', api.kubeconfig('reader'));
  });
  afterAll(() => api.close());

  const secret = (namespace: string, name: string, values: Readonly<Record<string, string>>) =>
    api.objects.create({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData: values });

  function credentials(namespace: string, end = ''): void {
    const { reference, secret: text } = ca.credentials;
    secret(namespace, 'credentials', { reference, secret: `${text}${end}` });
    secret(namespace, 'trust', { 'ca.crt': ca.rootPem, 'tls-ca.crt': ca.tlsRootPem ?? '' });
  }

  const spec = () => ({
    cmp: {
      endpoints: [{ url: `${ca.url}/pkix/`, tls: { caSecretRef: { name: 'trust', key: 'tls-ca.crt' } } }],
      recipient: ca.caName,
      protection: { mac: { secretRef: { name: 'credentials' } } },
      trust: { caSecretRef: { name: 'trust' } },
    },
  });

  function issuer(
    namespace: string | undefined,
    ready: 'True' | 'False' | undefined,
    wanted: object = spec(),
    observedGeneration = 1,
  ): void {
    const created = api.objects.create({
      apiVersion: `${GROUP}/v1`,
      kind: namespace === undefined ? 'CMPv2ClusterIssuer' : 'CMPv2Issuer',
      metadata: { name: 'ca', ...(namespace !== undefined && { namespace }) },
      spec: wanted,
    });
    if (ready === undefined) return;
    const reason = ready === 'True' ? 'Verified' : 'Error';
    const condition = {
      type: 'Ready',
      status: ready,
      reason,
      message: 'so it is',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    api.objects.updateStatus({ ...created, status: { conditions: [{ ...condition, observedGeneration }] } });
  }

  const look = (namespace: string, ...more: readonly string[]) =>
    examine('--issuer', 'ca', '-n', namespace, '--kubeconfig', kubeconfig, ...more);

  const READ = { kubernetes: 'ok', issuer: 'ok', ready: 'ok', secrets: 'ok' };

  it('an issuer that is well', async () => {
    credentials('well');
    issuer('well', 'True');
    const found = await look('well', '--enroll');
    expect(found).toMatchObject({ exitCode: 0, verdict: 'ok' });
    expect(found.statuses).toEqual({ ...READ, ...WELL, enroll: 'ok' });
    expect(found.details['ready']).toBe('Ready True, Verified: so it is');
  });

  it('one of cluster scope, whose Secrets are elsewhere, that no controller has seen', async () => {
    credentials('secrets');
    issuer(undefined, undefined);
    const found = await look('any', '--kind', 'CMPv2ClusterIssuer', '--cluster-resource-namespace', 'secrets');
    expect(found).toMatchObject({ exitCode: 0, verdict: 'warn' });
    expect(found.statuses).toEqual({ ...READ, ...WELL, ready: 'warn' });
    expect(found.details['secrets']).toContain('in namespace secrets');
  });

  it('one whose secret was stored with a line feed, as echo does', async () => {
    credentials('echo', '\n');
    issuer('echo', 'True');
    const found = await look('echo');
    expect(found).toMatchObject({ exitCode: 1, statuses: { credential: 'warn', protection: 'fail' } });
    expect(found.details['credential']).toContain('ends with a line feed');
    expect(found.remedies['credential']).toContain('printf');
  });

  it('one that is not ready, because a Secret is missing', async () => {
    issuer('bare', 'False');
    const found = await look('bare');
    expect(found).toMatchObject({ exitCode: 3, statuses: { ready: 'fail', secrets: 'fail' } });
    expect(found.details['secrets']).toContain('Secret bare/credentials does not exist');
    expect(found.statuses['credential']).toBeUndefined();
  });

  it('one whose Secret holds no PEM: the field is named as in the spec', async () => {
    secret('garbage', 'credentials', { ...ca.credentials });
    secret('garbage', 'trust', { 'ca.crt': 'nothing', 'tls-ca.crt': ca.tlsRootPem ?? '' });
    issuer('garbage', 'True');
    const found = await look('garbage');
    expect(found).toMatchObject({ exitCode: 3, statuses: { secrets: 'fail' } });
    expect(found.details['secrets']).toContain('spec.cmp.trust.caSecretRef');
  });

  it('one whose Secrets the user may not read', async () => {
    credentials('hidden');
    issuer('hidden', 'True');
    const found = await look('hidden', '--kubeconfig', file('blind', api.kubeconfig('blind')));
    expect(found).toMatchObject({ exitCode: 3, statuses: { issuer: 'ok', ready: 'ok', secrets: 'fail' } });
    expect(found.details['secrets']).toContain('User "blind" cannot get resource "secrets"');
    expect(found.remedies['secrets']).toBe('Use credentials that may read it.');
  });

  it('one that was changed after the controller last looked at it', async () => {
    credentials('stale');
    issuer('stale', 'True', spec(), 0);
    const found = await look('stale');
    expect(found).toMatchObject({ exitCode: 0, verdict: 'warn', statuses: { ready: 'warn' } });
    expect(found.details['ready']).toContain('of generation 0, before the last change');
  });

  it('one that does not exist', async () => {
    const found = await look('nowhere');
    expect(found).toMatchObject({ exitCode: 3, statuses: { kubernetes: 'ok', issuer: 'fail', ready: 'skip' } });
    expect(found.details['issuer']).toBe('CMPv2Issuer resource nowhere/ca does not exist');
  });

  it('an API server that is not there, and a kubeconfig that is none', async () => {
    const away = file('away', api.kubeconfig('reader').replace(/server: .*/, 'server: https://127.0.0.1:1'));
    const found = await examine('--issuer', 'ca', '--kubeconfig', away);
    expect(found).toMatchObject({ exitCode: 3, statuses: { kubernetes: 'ok', issuer: 'fail' } });
    const missing = await examine('--issuer', 'ca', '--kubeconfig', join(folder, 'missing'));
    expect(missing).toMatchObject({ exitCode: 3, statuses: { kubernetes: 'fail', issuer: 'skip' } });
  });

  describe('of ONAP', () => {
    let standIn: CertServiceStandIn;
    beforeAll(async () => {
      standIn = await startCertServiceStandIn({ ca });
    });
    afterAll(() => standIn.close());

    async function onap(namespace: string, kind: 'good' | 'expired' | 'unknown'): Promise<void> {
      const client = await standIn.issueTlsClient('certServiceClient.com', kind);
      const values = { 'tls.crt': client.certificatePem, 'tls.key': client.keyPem, 'ca.crt': standIn.serverCaPem };
      secret(namespace, 'client', values);
      issuer(namespace, 'True', {
        url: standIn.url,
        healthEndpoint: 'actuator/health',
        certEndpoint: 'v1/certificate',
        caName: 'RA',
        certSecretRef: { name: 'client', keyRef: 'tls.key', certRef: 'tls.crt', cacertRef: 'ca.crt' },
      });
    }

    it('one that is well, enrolment included', async () => {
      await onap('onap', 'good');
      const found = await look('onap', '--enroll', '--key-type', 'rsa');
      expect(found).toMatchObject({ exitCode: 0, verdict: 'ok' });
      const own = { credential: 'ok', trust: 'ok', configuration: 'ok', health: 'ok', enroll: 'ok' };
      expect(found.statuses).toEqual({ ...READ, ...own, dns: 'ok', tcp: 'ok', tls: 'ok' });
    });

    it.each([
      ['expired', 'credential', /expired at/],
      ['unknown', 'health', /certificate/],
    ] as const)('one whose client certificate is %s', async (kind, step, words) => {
      await onap(`onap-${kind}`, kind);
      const found = await look(`onap-${kind}`);
      expect(found).toMatchObject({ exitCode: 3, statuses: { [step]: 'fail' } });
      expect(found.details[step]).toMatch(words);
    });
  });
});
