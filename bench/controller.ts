import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CertificateRequest } from '../src/api/certificate-request.js';
import { findCondition } from '../src/api/conditions.js';
import { controllerRules } from '../src/cli/permissions.js';
import { packageRoot } from '../src/runtime/package-root.js';
import { type Sandbox, startSandbox } from '../src/sandbox/index.js';
import { median, ms, printTable } from './table.js';

const REQUESTS = 1000;
const NAMESPACE = 'bench';
const DEADLINE_MS = 120_000;
/** The controller's, as the sandbox authenticates it. */
const USER = 'system:serviceaccount:cert-manager:cmpv2-issuer';

/** Many requests through the real controller process, which the sandbox shares the machine with. */
export async function benchController(): Promise<void> {
  const rows = [
    [
      'requests',
      'confirmation',
      'CA delay',
      'issued/s',
      'p50',
      'p99',
      'API writes',
      'events',
      'CMP connections',
      'peak RSS',
      'longest stall',
    ],
  ];
  for (const [confirmation, delay] of [
    ['Implicit', 0],
    ['Explicit', 0],
    ['Explicit', 50],
  ] as const) {
    rows.push(await run(confirmation, delay));
  }
  printTable(
    `Controller (${REQUESTS} requests at once, one issuer, P-256 signatures, 8 workers; per certificate where it applies)`,
    rows,
  );
}

async function run(confirmation: 'Implicit' | 'Explicit', delay: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-bench-'));
  const sandbox = await startSandbox({
    apiPort: 0,
    caPort: 0,
    controllerRules: controllerRules(),
    journalLimit: 10 * REQUESTS,
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
  sandbox.ca.behaviours.default = { delayMilliseconds: delay };
  await createIssuer(sandbox, confirmation);
  const controller = await startController(kubeconfig, join(folder, 'controller.err'));
  try {
    await until(() => isReady(sandbox.api.objects.get('cmpv2issuers.certmanager.onap.org', 'bench', NAMESPACE)));
    await metricsOf(controller.probesPort);
    sandbox.api.journal.reset();
    const connectionsBefore = sandbox.ca.ledger.connections;
    const started = Date.now();
    for (let i = 0; i < REQUESTS; i++) createRequest(sandbox, `r-${i}`);
    // The journal tells when a status was written, at no cost while the run is on.
    const statusWrites = { user: USER, verb: 'patch', resource: 'certificaterequests', subresource: 'status' } as const;
    await until(
      () =>
        sandbox.api.journal.count(statusWrites) >= REQUESTS &&
        Array.from({ length: REQUESTS }, (_, i) => requestNamed(sandbox, `r-${i}`)).every(isReady),
    );
    const latencies = sandbox.api.journal
      .entries(statusWrites)
      .map(({ time }) => Date.parse(time) - started)
      .sort((x, y) => x - y);
    const seconds = (latencies.at(-1) ?? Number.NaN) / 1000;
    const stall =
      Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await metricsOf(controller.probesPort))?.[1]) * 1000;
    const rss = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${controller.pid}/status`, 'utf8'))?.[1]) / 1024;
    const writes = sandbox.api.journal.count({ user: USER, verb: ['create', 'update', 'patch', 'delete'] });
    const events = sandbox.api.journal.count({ user: USER, verb: ['create', 'patch'], resource: 'events' });
    return [
      String(REQUESTS),
      confirmation,
      `${delay} ms`,
      (REQUESTS / seconds).toFixed(0),
      ms(median(latencies)),
      ms(latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN),
      ((writes - events) / REQUESTS).toFixed(2),
      (events / REQUESTS).toFixed(2),
      ((sandbox.ca.ledger.connections - connectionsBefore) / REQUESTS).toFixed(2),
      `${rss.toFixed(0)} MiB`,
      ms(stall),
    ];
  } finally {
    await controller.stop();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function createIssuer({ api, ca }: Sandbox, confirmation: string): Promise<void> {
  const client = await ca.issueClientCertificate('bench registration authority');
  const data = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  const secret = (name: string, type: string, values: Readonly<Record<string, string>>) =>
    api.objects.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: NAMESPACE },
      type,
      data: data(values),
    });
  secret('trust', 'Opaque', { 'ca.crt': ca.rootPem });
  secret('ra', 'kubernetes.io/tls', { 'tls.crt': client.certificatePem + client.chainPem, 'tls.key': client.keyPem });
  api.objects.create({
    apiVersion: 'certmanager.onap.org/v1',
    kind: 'CMPv2Issuer',
    metadata: { name: 'bench', namespace: NAMESPACE },
    spec: {
      cmp: {
        endpoints: [{ url: `${ca.url}/pkix/` }],
        recipient: ca.caName,
        enrollment: 'P10CR',
        confirmation,
        protection: { signature: { secretRef: { name: 'ra' } } },
        trust: { caSecretRef: { name: 'trust' } },
      },
    },
  });
}

const csr = readFileSync(join(packageRoot(), 'fixtures', 'csr', 'p256.csr')).toString('base64');

function createRequest({ api }: Sandbox, name: string): void {
  const created = api.objects.create({
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: { name, namespace: NAMESPACE },
    spec: { request: csr, issuerRef: { group: 'certmanager.onap.org', kind: 'CMPv2Issuer', name: 'bench' } },
  });
  const approved = { type: 'Approved', status: 'True', reason: 'bench', lastTransitionTime: '2026-01-01T00:00:00Z' };
  api.objects.updateStatus({ ...created, status: { conditions: [approved] } });
}

const requestNamed = ({ api }: Sandbox, name: string) =>
  api.objects.get('certificaterequests.cert-manager.io', name, NAMESPACE);

const isReady = (object: unknown): boolean =>
  findCondition((object as CertificateRequest | undefined)?.status?.conditions, 'Ready')?.status === 'True';

async function until(condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > DEADLINE_MS) throw new Error('the bench waited in vain for two minutes');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function metricsOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return answer.text();
}

/** The built command, as it runs in a cluster. */
async function startController(kubeconfig: string, errors: string) {
  const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
  const args = [command, 'controller', '--kubeconfig', kubeconfig, '--probes-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', openSync(errors, 'a')] });
  const { stdout } = child;
  if (stdout === null) throw new Error('the controller has no standard output');
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const probesPort = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the controller ended with ${code}`)));
    createInterface({ input: stdout }).on('line', (line) => {
      const { probesPort: port }: { probesPort?: number } = JSON.parse(line);
      if (port !== undefined) resolve(port);
    });
  });
  return {
    pid: child.pid,
    probesPort,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
