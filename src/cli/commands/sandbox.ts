import { Command, Option } from 'commander';
import { KEY_KINDS, type KeyKind } from '../../sandbox/ca/key-kind.js';
import { parsePort } from '../arguments.js';
import { writeOutput } from '../files.js';
import { untilInterrupted } from '../interrupt.js';
import { type Terminal, writeLine } from '../terminal.js';

interface SandboxFlags {
  readonly port: number;
  readonly kubeconfigOut: string;
  readonly caPort: number;
  readonly caKeys: KeyKind;
}

export function sandboxCommand(terminal: Terminal): Command {
  return new Command('sandbox')
    .description('Run an embedded Kubernetes API server and a CMP CA, for trying things out. Everything is in memory.')
    .requiredOption('--port <number>', 'TCP port of the API server on 127.0.0.1; 0 takes a free one', parsePort)
    .requiredOption('--kubeconfig-out <file>', 'where to write a kubeconfig for it')
    .option('--ca-port <number>', 'TCP port of the CMP CA on 127.0.0.1; 0 takes a free one', parsePort, 0)
    .addOption(new Option('--ca-keys <kind>', 'keys of the CA').choices(KEY_KINDS).default('ec-p256'))
    .action(async (flags: SandboxFlags) => runSandbox(flags, terminal));
}

async function runSandbox(flags: SandboxFlags, terminal: Terminal): Promise<void> {
  const { startSandbox } = await import('../../sandbox/index.js');
  const sandbox = await startSandbox({ apiPort: flags.port, caPort: flags.caPort, caKeys: flags.caKeys });
  try {
    // Before anything is announced: whoever reads it may stop us at once.
    const interrupted = untilInterrupted();
    writeOutput('--kubeconfig-out', flags.kubeconfigOut, sandbox.adminKubeconfig, 0o600);
    for (const line of [
      `API server   ${sandbox.api.url}  (kubectl --kubeconfig ${flags.kubeconfigOut} get cmpv2issuers -A)`,
      `CMP CA       ${sandbox.ca.url}/pkix/  recipient "${sandbox.ca.caName}"`,
      `Credentials  reference "${sandbox.ca.credentials.reference}", secret "${sandbox.ca.credentials.secret}"`,
      `Next         cmpv2-issuer controller --kubeconfig ${flags.kubeconfigOut}`,
      'Stop with Ctrl-C.',
    ]) {
      writeLine(terminal.out, line);
    }
    await interrupted;
    writeLine(terminal.err, 'stopping');
  } finally {
    await sandbox.close();
  }
}
