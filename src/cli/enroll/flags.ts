import type { Command } from 'commander';
import type { DirectBackendConfig } from '../../enrollment/direct-config.js';
import { type ConnectionFlags, connectionConfig } from '../direct/flags.js';
import { usage } from '../usage.js';

/** What every subcommand that asks for a certificate needs besides the connection. */
export interface CertificateFlags extends ConnectionFlags {
  readonly csr: string;
  readonly key?: string;
  readonly implicitConfirm: boolean;
  readonly certProfile?: string;
  readonly acceptModifications: boolean;
  readonly out: string;
  readonly caOut?: string;
}

/** Adds the options of CertificateFlags that are the same everywhere: all but those of ConnectionFlags and `--key`. */
export const addCertificateOptions = (command: Command): Command =>
  command
    .requiredOption('--csr <file>', 'PKCS#10 request in PEM; its public key and names are asked for')
    .option('--implicit-confirm', 'ask the CA to do without the confirmation message', false)
    .option('--cert-profile <name>', 'certificate profile of the CA to ask for (id-it-certProfile)')
    .option('--accept-modifications', 'accept names and usages other than requested', false)
    .requiredOption('--out <file>', 'where to write the chain in PEM, leaf first; - is standard output')
    .option('--ca-out <file>', 'where to write the trusted CA certificates in PEM');

/** The flags as a backend's configuration, files read. Throws CliError for combinations that make no sense. */
export function certificateConfig(flags: CertificateFlags): DirectBackendConfig {
  const names = flags.acceptModifications ? 'Any' : 'Exact';
  return {
    ...connectionConfig(flags),
    confirmation: flags.implicitConfirm ? 'Implicit' : 'Explicit',
    ...(flags.certProfile !== undefined && { certProfile: flags.certProfile }),
    policy: { subject: names, subjectAltNames: names, usages: 'Any' },
  };
}

export interface EnrollFlags extends CertificateFlags {
  readonly cmd: 'ir' | 'cr' | 'p10cr';
  readonly popo: 'raverified' | 'signature';
  readonly original?: string;
}

const ENROLLMENT = { ir: 'IR', cr: 'CR', p10cr: 'P10CR' } as const;

/** The same for `enroll`. Throws CliError for combinations that make no sense. */
export function directConfig(flags: EnrollFlags): DirectBackendConfig {
  if (flags.popo === 'signature' && flags.cmd === 'p10cr') {
    throw usage('--popo signature is for ir and cr: the CSR itself is the proof in a p10cr. Leave it out');
  }
  if (flags.popo === 'signature' && flags.key === undefined) throw usage('--popo signature needs --key FILE');
  return {
    ...certificateConfig(flags),
    enrollment: ENROLLMENT[flags.cmd],
    proofOfPossession: flags.popo === 'signature' ? 'Signature' : 'RAVerified',
  };
}
