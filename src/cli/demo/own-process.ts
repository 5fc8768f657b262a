import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { CliError, EXIT } from '../exit.js';

/** A command of this program as a process of its own, started with the very command line a user would type. */
export interface OwnProcess {
  /** The command line, for display. */
  readonly commandLine: string;
  /** File with everything it printed. */
  readonly logPath: string;
  /** Throws CliError when the process has ended. */
  assertRunning(): void;
  stop(): Promise<void>;
}

/** Starts `COMMAND ARGS` of this same program; its log goes to the file `logPath`. `env` is added to our own. */
export function startOwnProcess(
  command: 'controller' | 'certservice',
  args: readonly string[],
  logPath: string,
  env: Readonly<Record<string, string>> = {},
): OwnProcess {
  const log = openSync(logPath, 'a', 0o600);
  const script = process.argv[1] ?? '';
  // execArgv carries what made this very script runnable, such as a TypeScript loader.
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, script, command, ...args], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const ended = once(child, 'exit').catch(() => {});
  return {
    commandLine: ['cmpv2-issuer', command, ...args].join(' '),
    logPath,
    assertRunning: () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new CliError(
          `${command} ended with ${child.signalCode ?? child.exitCode}: see ${logPath}`,
          EXIT.internal,
        );
      }
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}
