import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { CliError, EXIT } from '../exit.js';

/** The controller as a process of its own, started with the very command line a user would type. */
export interface ControllerProcess {
  /** The command line, for display. */
  readonly commandLine: string;
  /** Throws CliError when the process has ended. */
  assertRunning(): void;
  stop(): Promise<void>;
}

/** Starts `controller ARGS` of this same program; its log goes to the file `logPath`. */
export function startController(args: readonly string[], logPath: string): ControllerProcess {
  const log = openSync(logPath, 'a');
  const script = process.argv[1] ?? '';
  // execArgv carries what made this very script runnable, such as a TypeScript loader.
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, script, 'controller', ...args], {
    stdio: ['ignore', log, log],
  });
  const ended = once(child, 'exit').catch(() => {});
  return {
    commandLine: ['cmpv2-issuer', 'controller', ...args].join(' '),
    assertRunning: () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new CliError(
          `the controller ended with ${child.signalCode ?? child.exitCode}: see ${logPath}`,
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
