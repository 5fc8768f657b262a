import { readFileSync, writeFileSync } from 'node:fs';
import { CliError, EXIT } from './exit.js';

/** Reads a file that an option names. */
export function readInput(option: string, path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    throw new CliError(`${option}: cannot read ${path}: ${reasonOf(error)}`, EXIT.environment, error);
  }
}

export const readText = (option: string, path: string): string => readInput(option, path).toString('utf8');

/** Writes a file that an option names. Key material wants mode 0o600. */
export function writeOutput(option: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  try {
    writeFileSync(path, content, { mode });
  } catch (error) {
    throw new CliError(`${option}: cannot write ${path}: ${reasonOf(error)}`, EXIT.environment, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

function reasonOf(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
