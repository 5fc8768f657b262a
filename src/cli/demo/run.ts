import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateRequest } from '../../api/certificate-request.js';
import { findCondition, isTrue } from '../../api/conditions.js';
import type { Issuer } from '../../api/issuer.js';
import { systemClock } from '../../runtime/clock.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { CliError, EXIT } from '../exit.js';
import { untilInterrupted } from '../interrupt.js';
import { controllerRules } from '../permissions.js';
import { formatTable, styled, type Terminal, writeLine } from '../terminal.js';
import { DEMO_CASES, type DemoCase } from './cases.js';
import { type DemoCertService, startDemoCertService } from './certservice.js';
import { keysInLogs } from './log-check.js';
import {
  approvalCondition,
  CLUSTER_RESOURCE_NAMESPACE,
  DEMO_NAMESPACE,
  issuerObjects,
  keyPem,
  requestObject,
  secretObjects,
  stagedKeyObjects,
} from './objects.js';
import { type CaseOutcome, isSettled, judge } from './outcome.js';
import { type OwnProcess, startOwnProcess } from './own-process.js';

const ISSUERS_DEADLINE_MS = 15_000;
const DEADLINE_MS = 35_000;
const LOOK_EVERY_MS = 50;

export interface DemoOptions {
  /** Leave everything running at the end, until Ctrl-C. */
  readonly keep: boolean;
}

/** Runs every case end to end. Throws CliError unless each one ended as it must. */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cmpv2-issuer-demo-'));
  const say = (line: string) => writeLine(terminal.err, line);
  const sandbox = await startSandbox({ apiPort: 0, caPort: 0, controllerRules: controllerRules() });
  const adminKubeconfig = join(folder, 'admin.kubeconfig');
  const controllerKubeconfig = join(folder, 'controller.kubeconfig');
  writeFileSync(adminKubeconfig, sandbox.adminKubeconfig, { mode: 0o600 });
  writeFileSync(controllerKubeconfig, sandbox.controllerKubeconfig, { mode: 0o600 });
  say(`sandbox: API server ${sandbox.api.url}, CMP CA ${sandbox.ca.url}`);

  const args = ['--kubeconfig', controllerKubeconfig, '--cluster-resource-namespace', CLUSTER_RESOURCE_NAMESPACE];
  const controllerLog = join(folder, 'controller.log');
  const processes: OwnProcess[] = [];
  let ok = false;
  try {
    processes.push(startOwnProcess('controller', [...args, '--probes-address', '127.0.0.1:0'], controllerLog));
    const certService = await startDemoCertService(sandbox.ca, folder, processes);
    for (const { commandLine } of processes) say(`started: ${commandLine}`);
    const alive = () => {
      for (const process of processes) process.assertRunning();
    };
    await createIssuers(sandbox, certService);
    await issuersReady(sandbox, say, alive);
    createRequests(sandbox);
    const finished = await watchCases(sandbox, say, alive);
    ok = report(finished, keysInLogs(DEMO_CASES, processes), terminal);
    if (options.keep) {
      const interrupted = untilInterrupted();
      say('');
      say('Everything is still running. In another terminal:');
      say(`  kubectl --kubeconfig ${adminKubeconfig} get cmpv2issuers,certificaterequests -A`);
      say(`  kubectl --kubeconfig ${adminKubeconfig} -n ${DEMO_NAMESPACE} describe certificaterequest ca-says-no`);
      say(`The logs: ${folder}/*.log. Stop with Ctrl-C.`);
      await interrupted;
    }
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await sandbox.close();
    if (ok) rmSync(folder, { recursive: true, force: true });
    else say(`the logs are kept in ${folder}`);
  }
  if (!ok) throw new CliError('not every case ended as it must', EXIT.refused);
}

async function createIssuers({ api, ca }: Sandbox, { url, tls }: DemoCertService): Promise<void> {
  ca.behaviours.set('demo-waiting', {
    polling: { polls: 2, checkAfterSeconds: 1, reason: 'an officer has to look at it' },
  });
  ca.behaviours.set('demo-two-roots', { caPubs: 'allRoots' });
  ca.behaviours.set('demo-refusing', {
    rejection: { failInfo: ['badCertTemplate'], statusString: 'this name belongs to another customer' },
  });
  for (const object of [...(await secretObjects(ca, tls)), ...issuerObjects(ca, url)]) api.objects.create(object);
}

/** Waits until the controller has verified every issuer, so that the times in the table are those of the requests. */
async function issuersReady({ api }: Sandbox, say: (line: string) => void, assertRunning: () => void): Promise<void> {
  const started = systemClock.monotonic();
  for (;;) {
    const issuers = ['cmpv2issuers', 'cmpv2clusterissuers'].flatMap(
      (plural) => api.objects.list(`${plural}.certmanager.onap.org`) as unknown as Issuer[],
    );
    const waiting = issuers.filter(({ status }) => !isTrue(status?.conditions, 'Ready'));
    if (waiting.length === 0) {
      say(`${issuers.length} issuers are ready`);
      return;
    }
    if (systemClock.monotonic() - started > ISSUERS_DEADLINE_MS) {
      const lines = waiting.map(({ metadata, status }) => {
        const ready = findCondition(status?.conditions, 'Ready');
        return `${metadata.name}: ${ready?.message ?? 'the controller has not looked at it'}`;
      });
      throw new CliError(`issuers did not become ready: ${lines.join('; ')}`, EXIT.refused);
    }
    assertRunning();
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

function createRequests({ api }: Sandbox): void {
  for (const demoCase of DEMO_CASES) {
    const { name, approval } = demoCase;
    for (const object of [...stagedKeyObjects(demoCase), requestObject(demoCase)]) api.objects.create(object);
    if (approval === 'none') continue;
    const condition = approvalCondition(approval, systemClock.now());
    api.objects.updateStatus({ ...requestNamed(api, name), status: { conditions: [condition] } });
  }
}

function requestNamed(api: Sandbox['api'], name: string): CertificateRequest {
  const found = api.objects.get('certificaterequests.cert-manager.io', name, DEMO_NAMESPACE);
  if (found === undefined) throw new CliError(`CertificateRequest ${DEMO_NAMESPACE}/${name} is gone`, EXIT.internal);
  return found as unknown as CertificateRequest;
}

interface FinishedCase {
  readonly demoCase: DemoCase;
  readonly outcome: CaseOutcome;
  readonly milliseconds: number;
}

/** Shows each change of a request's state until all have come to rest or the time is up. */
async function watchCases(
  { api, ca }: Sandbox,
  say: (line: string) => void,
  assertRunning: () => void,
): Promise<FinishedCase[]> {
  const started = systemClock.monotonic();
  const elapsed = () => systemClock.monotonic() - started;
  const settledAt = new Map<string, number>();
  const shown = new Map<string, string>();
  while (settledAt.size < DEMO_CASES.length && elapsed() < DEADLINE_MS) {
    await systemClock.sleep(LOOK_EVERY_MS);
    assertRunning();
    for (const demoCase of DEMO_CASES) {
      const { name, expected } = demoCase;
      const request = requestNamed(api, name);
      const ready = findCondition(request.status?.conditions, 'Ready');
      const line = ready === undefined ? '' : `${name}: ${ready.reason}: ${ready.message ?? ''}`;
      if (line !== '' && shown.get(name) !== line) say(`${(elapsed() / 1000).toFixed(1).padStart(5)} s  ${line}`);
      shown.set(name, line);
      // Whether a request stays untouched shows only once the controller has dealt with all the others.
      const others = DEMO_CASES.filter((other) => other.expected.kind !== 'untouched');
      const othersSettled = others.every((other) => settledAt.has(other.name));
      if (isSettled(demoCase, request) && !settledAt.has(name) && (expected.kind !== 'untouched' || othersSettled)) {
        settledAt.set(name, elapsed());
      }
    }
  }
  const now = systemClock.now();
  return DEMO_CASES.map((demoCase) => {
    const outcome = judge(demoCase, requestNamed(api, demoCase.name), ca, { publicKeyPem: keyPem(demoCase), now });
    return { demoCase, outcome, milliseconds: settledAt.get(demoCase.name) ?? elapsed() };
  });
}

/** Prints the table and whatever is wrong. */
function report(finished: readonly FinishedCase[], leaks: readonly string[], terminal: Terminal): boolean {
  const head = ['REQUEST', 'ISSUER', 'BODY', 'PROTECTION', 'RESULT', 'SERIAL', 'CHAIN', 'CAS', 'TIME'];
  const rows = finished.map(({ demoCase: { name, issuer }, outcome, milliseconds }) => [
    name,
    `${issuer.kind}/${issuer.name}`,
    outcome.body,
    outcome.protection,
    outcome.result,
    outcome.serial,
    outcome.chainLength,
    outcome.cas,
    `${(milliseconds / 1000).toFixed(2)} s`,
  ]);
  writeLine(terminal.out);
  for (const line of formatTable([head, ...rows])) writeLine(terminal.out, line);
  writeLine(terminal.out);
  const faults = [
    ...finished.flatMap(({ demoCase, outcome }) => outcome.faults.map((fault) => `${demoCase.name}: ${fault}`)),
    ...leaks,
  ];
  for (const fault of faults) writeLine(terminal.out, styled(terminal, 'red', `wrong: ${fault}`));
  const right = finished.filter(({ outcome }) => outcome.faults.length === 0).length;
  writeLine(
    terminal.out,
    `${right} of ${finished.length} requests ended as they must; chains verified with node:crypto.`,
  );
  return faults.length === 0;
}
