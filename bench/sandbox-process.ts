// The whole sandbox in a process of its own, filled with requests of the past. Driven by messages, see sandbox-child.ts.
import { controllerRules } from '../src/cli/permissions.js';
import { startSandbox } from '../src/sandbox/index.js';
import { factsOf } from './ca-child.js';
import {
  createIssuer,
  createRequest,
  finishedStatus,
  isReady,
  issuerIsReady,
  REQUESTS,
  requestNamed,
  until,
} from './cluster.js';
import type { Command, Reply } from './sandbox-child.js';

const sandbox = await startSandbox({ apiPort: 0, caPort: 0, controllerRules: controllerRules() });
createIssuer(sandbox.api, await factsOf(sandbox.ca), 'Implicit');

/** As in clusters with an older cert-manager: nothing to select requests by. */
function withoutSelectableFields(): void {
  const definition = sandbox.api.objects.get('customresourcedefinitions.apiextensions.k8s.io', REQUESTS);
  const spec = definition?.['spec'] as { readonly versions: readonly Record<string, unknown>[] };
  const versions = spec.versions.map((version) => ({ ...version, selectableFields: [] }));
  sandbox.api.objects.update({ ...definition, spec: { ...spec, versions } });
}

async function fill(count: number, ours: boolean): Promise<void> {
  const { certificatePem } = await sandbox.ca.issueClientCertificate('long ago');
  const status = finishedStatus(certificatePem, sandbox.ca.rootPem);
  const issuerRef = ours ? undefined : { group: 'cert-manager.io', kind: 'Issuer', name: 'other' };
  for (let i = 0; i < count; i++) createRequest(sandbox, `past-${i}`, issuerRef, status);
}

async function issue(count: number): Promise<number> {
  const started = performance.now();
  const names = Array.from({ length: count }, (_, i) => `new-${i}`);
  for (const name of names) createRequest(sandbox, name);
  await until(() => {
    while (names.length > 0 && isReady(requestNamed(sandbox, names.at(-1) ?? ''))) names.pop();
    return names.length === 0;
  });
  return (performance.now() - started) / 1_000;
}

async function obey(command: Command): Promise<Reply> {
  switch (command.do) {
    case 'fill':
      if (!command.selectable) withoutSelectableFields();
      await fill(command.count, command.ours);
      return { kubeconfig: sandbox.controllerKubeconfig };
    case 'wait for the issuer':
      await until(() => issuerIsReady(sandbox));
      return {};
    case 'issue':
      return { seconds: await issue(command.count) };
  }
}

process.on('message', (command) => {
  obey(command as Command).then(
    (reply) => process.send?.(reply),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({});
