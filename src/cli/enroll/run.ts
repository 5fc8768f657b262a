import { readInput } from '../files.js';
import type { Terminal } from '../terminal.js';
import { directConfig, type EnrollFlags } from './flags.js';
import { enrollmentRequest, obtainCertificate } from './obtain.js';

/** Enrols once. Throws CliError. */
export async function runEnroll(flags: EnrollFlags, terminal: Terminal): Promise<void> {
  const config = directConfig(flags);
  const request = enrollmentRequest(flags.csr, flags.popo === 'signature' ? flags.key : undefined);
  const original = flags.original === undefined ? {} : { original: readInput('--original', flags.original) };
  await obtainCertificate(config, { ...request, ...original }, flags, terminal);
}
