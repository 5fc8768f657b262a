import type { CertificateName, RevocationReason } from '../../cmp/index.js';
import { decodeCertificates, parseName } from '../../pki/index.js';
import type { ConnectionFlags } from '../direct/flags.js';
import { EXIT } from '../exit.js';
import { readText } from '../files.js';
import { given } from '../given.js';
import { usage } from '../usage.js';

export interface RevokeFlags extends ConnectionFlags {
  readonly certificate?: string;
  readonly issuer?: string;
  readonly serial?: string;
  readonly reason: RevocationReason;
}

function serialNumber(text: string): bigint {
  const digits = text.replaceAll(':', '').replace(/^0x/i, '');
  if (/^[0-9a-f]{1,42}$/i.test(digits)) return BigInt(`0x${digits}`);
  throw usage('--serial: give the serial number in hexadecimal digits, colons or not');
}

/** Which certificate the flags name. Throws CliError. */
export function certificateToRevoke({ certificate, issuer, serial }: RevokeFlags): CertificateName {
  if (certificate !== undefined) {
    if (issuer !== undefined || serial !== undefined) {
      throw usage('give either --certificate, or --issuer and --serial, not both');
    }
    const pem = readText('--certificate', certificate);
    const [first] = given('--certificate', EXIT.refused, () => decodeCertificates(pem));
    if (first !== undefined) return first;
  }
  if (issuer === undefined || serial === undefined) {
    throw usage('name the certificate to revoke: give --certificate, or --issuer and --serial');
  }
  return { issuer: given('--issuer', EXIT.usage, () => parseName(issuer)), serialNumber: serialNumber(serial) };
}
