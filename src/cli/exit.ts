/** Exit codes of every subcommand. */
export const EXIT = {
  done: 0,
  /** The CA or a policy said no; an input was refused. */
  refused: 1,
  usage: 2,
  /** Network, files, credentials. */
  environment: 3,
  internal: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a subcommand with a message for the person who typed it: what, where, and what to do. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
