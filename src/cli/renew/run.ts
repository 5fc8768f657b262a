import { type CertificateFlags, certificateConfig } from '../enroll/flags.js';
import { enrollmentRequest, obtainCertificate } from '../enroll/obtain.js';
import type { Terminal } from '../terminal.js';
import { usage } from '../usage.js';

/** Has one certificate updated, and never asks for a first one in its place. Throws CliError. */
export async function runRenew(flags: CertificateFlags, terminal: Terminal): Promise<void> {
  const config = certificateConfig(flags);
  const { protection } = config;
  if (protection.type === 'mac') {
    throw usage('a key update is signed with the key of the certificate that it replaces: give --cert and --cert-key');
  }
  const request = enrollmentRequest(flags.csr, flags.key ?? flags.certKey);
  const previous = async () => protection;
  await obtainCertificate({ ...config, renewal: 'OnlyKUR' }, { ...request, previous }, flags, terminal);
}
