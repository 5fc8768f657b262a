import {
  type Certificate,
  type CertificationRequest,
  type GeneralName,
  generalNameKey,
  namesEqual,
} from '../../pki/index.js';

const nameSet = (names: readonly GeneralName[]): string =>
  JSON.stringify([...new Set(names.map(generalNameKey))].sort());

/**
 * How a certificate is replaced: `kur` when the request asks for the same names (subject without regard to the order of
 * RDNs, alternative names as sets), `cr` when it asks for others. Key, lifetime and usages do not count.
 * Throws PkiError when the names of one of them cannot be read.
 */
export function updateType(csr: CertificationRequest, old: Certificate): 'kur' | 'cr' {
  const same =
    namesEqual(csr.subject, old.subject) &&
    nameSet(csr.extensions.subjectAltNames) === nameSet(old.extensions.subjectAltNames);
  return same ? 'kur' : 'cr';
}
