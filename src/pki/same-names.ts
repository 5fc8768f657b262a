import type { Certificate } from './certificate.js';
import type { CertificationRequest } from './csr.js';
import { type GeneralName, generalNameKey } from './general-name.js';
import { namesEqual } from './name.js';

const nameSet = (names: readonly GeneralName[]): string =>
  JSON.stringify([...new Set(names.map(generalNameKey))].sort());

/**
 * Whether a request asks for the names of a certificate: the subject without regard to the order of RDNs, the alternative
 * names as sets. Throws PkiError when the names of one of them cannot be read.
 */
export const sameNames = (csr: CertificationRequest, certificate: Certificate): boolean =>
  namesEqual(csr.subject, certificate.subject) &&
  nameSet(csr.extensions.subjectAltNames) === nameSet(certificate.extensions.subjectAltNames);
