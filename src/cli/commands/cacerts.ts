import { Command } from 'commander';
import { addConnectionOptions } from '../direct/flags.js';
import type { CaCertsFlags } from '../support/cacerts.js';
import type { Terminal } from '../terminal.js';

export function cacertsCommand(terminal: Terminal): Command {
  return addConnectionOptions(new Command('cacerts'))
    .description(
      'Ask a CMP server for its CA certificates, and whether the trusted roots have successors. Nothing becomes trusted by that.',
    )
    .option('--out <file>', 'where to write the CA certificates in PEM; - is standard output')
    .option(
      '--root-updates <file>',
      'ask for successors of the roots in --trusted and write those that are verified in PEM; - is standard output',
    )
    .action(async (flags: CaCertsFlags) => {
      const { runCaCerts } = await import('../support/cacerts.js');
      await runCaCerts(flags, terminal);
    });
}
