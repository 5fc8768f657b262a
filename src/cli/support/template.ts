import { stringify } from 'yaml';
import { withClient } from '../direct/exchange.js';
import type { ConnectionFlags } from '../direct/flags.js';
import { describeReqTemplate } from '../inspect/template.js';
import { type Terminal, writeLine } from '../terminal.js';

/** Asks for the template and prints it. Throws CliError. */
export async function runTemplate(flags: ConnectionFlags, terminal: Terminal): Promise<void> {
  const template = await withClient(flags, terminal, (client, signal) => client.certReqTemplate(signal));
  if (template === undefined) writeLine(terminal.err, 'the CA says nothing about what requests should look like');
  const description = template === undefined ? null : describeReqTemplate(template);
  if (flags.output === 'json') writeLine(terminal.out, JSON.stringify(description, null, 2));
  else if (description !== null) writeLine(terminal.out, stringify(description, { lineWidth: 0 }).trimEnd());
}
