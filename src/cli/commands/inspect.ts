import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { DerError } from '../../asn1/index.js';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { CliError, EXIT } from '../exit.js';
import { readInput } from '../files.js';
import { describeMessage } from '../inspect/describe.js';
import { type Terminal, writeLine } from '../terminal.js';

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('Decode a CMP message (PKIMessage in DER) and print what it says. Nothing is verified.')
    .argument('<file>', 'the message; - reads standard input')
    .addOption(new Option('--output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action((file: string, { output }: { readonly output: 'text' | 'json' }) => {
      const description = describeMessage(decode(file));
      writeLine(
        terminal.out,
        output === 'json' ? JSON.stringify(description, null, 2) : stringify(description, { lineWidth: 0 }).trimEnd(),
      );
    });
}

function decode(file: string): ReceivedMessage {
  const octets = readInput('FILE', file);
  try {
    return decodeMessage(octets);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    const looksLikePem = octets.subarray(0, 5).toString('latin1') === '-----';
    const hint = looksLikePem
      ? ' This is PEM text: convert it with "openssl asn1parse -noout -out FILE.der -in FILE.pem".'
      : '';
    throw new CliError(`${file} is not a CMP message: ${error.message}.${hint}`, EXIT.refused, error);
  }
}
