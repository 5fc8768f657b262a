import { PkiError } from '../pki/index.js';
import { CliError, type EXIT } from './exit.js';

/** Runs `read`; what the user gave and cannot be read ends with the option's name. */
export function given<T>(option: string, exitCode: typeof EXIT.refused | typeof EXIT.usage, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError) throw new CliError(`${option}: ${error.message}`, exitCode, error);
    throw error;
  }
}
