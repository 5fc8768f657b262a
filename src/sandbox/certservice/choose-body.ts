import { type GeneralName, generalNameKey, namesEqual } from '../../pki/index.js';
import type { ChosenBody } from './journal.js';
import type { CsrModel, OldCertificateModel } from './read.js';

const keys = (names: readonly GeneralName[]): string => JSON.stringify(names.map(generalNameKey).sort());

/** kur while subject (RDNs in any order) and alternative names stay the same, cr when they change; ir without an old one. */
export function chooseBody(csr: CsrModel, old: OldCertificateModel | undefined): ChosenBody {
  if (old === undefined) return 'ir';
  const { subject, extensions } = old.certificate;
  const same = namesEqual(csr.subject, subject) && keys(csr.sans) === keys(extensions.subjectAltNames);
  return same ? 'kur' : 'cr';
}
