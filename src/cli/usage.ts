import { CliError, EXIT } from './exit.js';

/** The error for options that make no sense as they are. */
export const usage = (message: string): CliError => new CliError(message, EXIT.usage);
