import { decodeCertificates, PkiError } from '../../pki/index.js';
import { CliError, EXIT } from '../exit.js';

/** The text, once it is sure that it holds certificates in PEM and nothing else. Throws CliError that names the option. */
export function assertCertificates(option: string, pem: string): string {
  try {
    decodeCertificates(pem);
    return pem;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new CliError(`${option}: ${error.message}; give CA certificates in PEM`, EXIT.refused, error);
  }
}
