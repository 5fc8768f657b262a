import { PkiError } from '../pki/index.js';
import { EnrollmentError } from './error.js';

/** The error for a configuration that cannot work; `field` is what it is about. */
export function invalid(field: string, reason: string, cause?: unknown): EnrollmentError {
  return new EnrollmentError({ code: 'ConfigurationInvalid', retry: 'issuer', message: `${field}: ${reason}`, cause });
}

/** Runs `read` and names the field if that fails. */
export function field<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError) throw invalid(name, error.message, error);
    throw error;
  }
}
