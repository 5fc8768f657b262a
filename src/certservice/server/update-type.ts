import { type Certificate, type CertificationRequest, sameNames } from '../../pki/index.js';

/**
 * How a certificate is replaced: `kur` when the request asks for the same names, `cr` when it asks for others. Key,
 * lifetime and usages do not count. Throws PkiError when the names of one of them cannot be read.
 */
export const updateType = (csr: CertificationRequest, old: Certificate): 'kur' | 'cr' =>
  sameNames(csr, old) ? 'kur' : 'cr';
