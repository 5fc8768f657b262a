import { Command } from 'commander';
import { addConnectionOptions, type ConnectionFlags } from '../direct/flags.js';
import type { Terminal } from '../terminal.js';

export function templateCommand(terminal: Terminal): Command {
  return addConnectionOptions(new Command('template'))
    .description('Ask a CMP server what it wants certificate requests to look like: names, extensions and keys.')
    .action(async (flags: ConnectionFlags) => {
      const { runTemplate } = await import('../support/template.js');
      await runTemplate(flags, terminal);
    });
}
