import { type Certificate, PkiError } from '../pki/index.js';
import { printable } from './text.js';

/** How messages name an issued certificate, so that somebody can find it at the CA: serial number and issuer. */
export function certificateLabel(certificate: Certificate): string {
  try {
    return `serial ${certificate.serialHex}, issued by "${printable(certificate.issuerText, 200)}"`;
  } catch (error) {
    if (error instanceof PkiError) return `serial ${certificate.serialHex}, with an unreadable issuer`;
    throw error;
  }
}
