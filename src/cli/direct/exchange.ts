import { createDirectClient, type DirectClient } from '../../enrollment/direct-client.js';
import type { DirectSeams } from '../../enrollment/direct-session.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { systemClock } from '../../runtime/clock.js';
import { systemRandom } from '../../runtime/random.js';
import { CliError, EXIT } from '../exit.js';
import { type Terminal, writeLine } from '../terminal.js';
import { exitCodeOf } from './exit-code.js';
import { type ConnectionFlags, connectionConfig } from './flags.js';
import { recorder } from './recorder.js';

/** What the user sees while the CA takes its time. */
export function tellWait(terminal: Terminal, milliseconds: number, reason: string): void {
  const why = reason === '' ? '' : `: ${reason}`;
  writeLine(terminal.err, `the CA says wait${why}; asking again in ${Math.ceil(milliseconds / 1000)} s`);
}

/** The seams of a command line: real time, real chance, and a recorder where one is wanted. */
export const commandSeams = ({ record }: Pick<ConnectionFlags, 'record'>, terminal: Terminal): DirectSeams => ({
  clock: systemClock,
  random: systemRandom,
  onWait: (milliseconds, reason) => tellWait(terminal, milliseconds, reason),
  ...(record !== undefined && { onMessage: recorder(record) }),
});

/** Runs `work` until it is done or Ctrl-C is pressed. What goes wrong ends as a CliError with its exit code. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new CliError('interrupted', EXIT.refused));
  process.once('SIGINT', onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (error instanceof EnrollmentError) throw new CliError(error.message, exitCodeOf(error), error);
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
  }
}

/** Lets `work` talk to the CA that the flags name. Throws CliError. */
export function withClient<T>(
  flags: ConnectionFlags,
  terminal: Terminal,
  work: (client: DirectClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptible(async (signal) => {
    const client = createDirectClient(connectionConfig(flags), commandSeams(flags, terminal));
    try {
      return await work(client, signal);
    } finally {
      await client.close();
    }
  });
}
