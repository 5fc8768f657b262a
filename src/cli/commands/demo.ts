import { Command } from 'commander';
import type { Terminal } from '../terminal.js';

export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description(
      'Show the main job end to end: start a sandbox and the controller, request certificates in every way, check them.',
    )
    .option('--keep', 'leave everything running at the end, for kubectl; Ctrl-C stops it', false)
    .action(async (flags: { readonly keep: boolean }) => {
      const { runDemo } = await import('../demo/run.js');
      await runDemo(flags, terminal);
    });
}
