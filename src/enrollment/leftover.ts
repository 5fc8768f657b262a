import type { Leftover } from '../cmp/index.js';
import { type Certificate, encodePem, PkiError } from '../pki/index.js';

/** How a certificate is named to people, and found at its CA. */
export interface CertificateNames {
  /** Lower-case hex without separators. */
  readonly serial: string;
  /** RFC 4514 text. */
  readonly issuer: string;
  readonly subject: string;
  readonly notAfter: Date;
}

/** The same with the certificate itself, in PEM and without its chain. */
export interface KnownCertificate extends CertificateNames {
  readonly pem: string;
}

/** What an attempt left behind at the CA: a certificate that nobody will use, or a transaction that may have led to one. */
export interface LeftoverCertificate {
  /** Lower-case hexadecimal. */
  readonly transactionID: string;
  /** Absent where the answer that held it was lost: then the CA alone knows whether there is one. */
  readonly certificate?: KnownCertificate;
  /** `rejected`: the CA took note that it is not wanted, and revokes it. `unknown`: it may be valid. */
  readonly state: 'rejected' | 'unknown';
}

const readable = (name: () => string): string => {
  try {
    return name();
  } catch (error) {
    if (error instanceof PkiError) return '(unreadable)';
    throw error;
  }
};

export const knownCertificate = (certificate: Certificate): KnownCertificate => ({
  serial: certificate.serialHex,
  issuer: readable(() => certificate.issuerText),
  subject: readable(() => certificate.subjectText),
  notAfter: certificate.notAfter,
  pem: encodePem('CERTIFICATE', certificate.der),
});

export const leftoverCertificate = ({ transactionID, certificate, state }: Leftover): LeftoverCertificate => ({
  transactionID,
  state,
  ...(certificate && { certificate: knownCertificate(certificate) }),
});
