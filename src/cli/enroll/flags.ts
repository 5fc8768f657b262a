import type { DirectBackendConfig } from '../../enrollment/direct-config.js';
import { type ConnectionFlags, connectionConfig, usage } from '../direct/flags.js';

export interface EnrollFlags extends ConnectionFlags {
  readonly cmd: 'ir' | 'cr' | 'p10cr';
  readonly csr: string;
  readonly popo: 'raverified' | 'signature';
  readonly key?: string;
  readonly implicitConfirm: boolean;
  readonly acceptModifications: boolean;
  readonly out: string;
  readonly caOut?: string;
}

const ENROLLMENT = { ir: 'IR', cr: 'CR', p10cr: 'P10CR' } as const;

/** The flags as a backend's configuration, files read. Throws CliError for combinations that make no sense. */
export function directConfig(flags: EnrollFlags): DirectBackendConfig {
  if (flags.popo === 'signature' && flags.cmd === 'p10cr') {
    throw usage('--popo signature is for ir and cr: the CSR itself is the proof in a p10cr. Leave it out');
  }
  if (flags.popo === 'signature' && flags.key === undefined) throw usage('--popo signature needs --key FILE');
  const any = flags.acceptModifications;
  return {
    ...connectionConfig(flags),
    enrollment: ENROLLMENT[flags.cmd],
    proofOfPossession: flags.popo === 'signature' ? 'Signature' : 'RAVerified',
    confirmation: flags.implicitConfirm ? 'Implicit' : 'Explicit',
    policy: {
      subject: any ? 'Any' : 'Exact',
      subjectAltNames: any ? 'Any' : 'Exact',
      usages: 'Any',
    },
  };
}
