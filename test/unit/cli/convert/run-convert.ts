import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { convertCommand } from '../../../../src/cli/commands/convert.js';
import { CliError } from '../../../../src/cli/exit.js';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import type { Random } from '../../../../src/runtime/random.js';

export interface ConvertResult {
  readonly stdout: string;
  readonly stderr: string;
  /** What ended it, if not success. */
  readonly error?: CliError;
}

/** 00 01 02 ... */
export const countingRandom: Random = (octets) => Uint8Array.from({ length: octets }, (_, index) => index);

const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString('utf8') ?? '';

/** Runs `cmpv2-issuer convert` with these arguments; those that begin with `@` are files of fixtures/convert. */
export async function runConvert(...args: readonly string[]): Promise<ConvertResult> {
  const out = new PassThrough();
  const err = new PassThrough();
  const program = convertCommand({ out, err, fancy: false }, countingRandom);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ writeErr: (line) => err.write(line), writeOut: (line) => out.write(line) });
  }
  try {
    await program.parseAsync(args.map(fixturePath), { from: 'user' });
    return { stdout: text(out), stderr: text(err) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { stdout: text(out), stderr: text(err), error };
  }
}

/** The path behind an argument that begins with `@`; others as they are. */
export const fixturePath = (argument: string): string =>
  argument.startsWith('@') ? join(packageRoot(), 'fixtures', 'convert', argument.slice(1)) : argument;
