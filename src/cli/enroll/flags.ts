import type { ProfileName } from '../../cmp/profile.js';
import type { DirectBackendConfig } from '../../enrollment/direct-config.js';
import { CliError, EXIT } from '../exit.js';
import { readInput, readText } from '../files.js';

export interface EnrollFlags {
  readonly server: string;
  readonly profile: ProfileName;
  readonly cmd: 'ir' | 'cr' | 'p10cr';
  readonly csr: string;
  readonly recipient: string;
  readonly trusted: string;
  readonly popo: 'raverified' | 'signature';
  readonly key?: string;
  readonly ref?: string;
  readonly secretFile?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly certChain?: string;
  readonly implicitConfirm: boolean;
  readonly acceptModifications: boolean;
  readonly tlsCa?: string;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly pollTimeout: number;
  readonly record?: string;
  readonly out: string;
  readonly caOut?: string;
  readonly output: 'text' | 'json';
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
    endpoints: [
      { url: flags.server, ...(flags.tlsCa !== undefined && { tlsCaPem: readText('--tls-ca', flags.tlsCa) }) },
    ],
    profile: flags.profile,
    recipient: flags.recipient,
    enrollment: ENROLLMENT[flags.cmd],
    proofOfPossession: flags.popo === 'signature' ? 'Signature' : 'RAVerified',
    confirmation: flags.implicitConfirm ? 'Implicit' : 'Explicit',
    protection: protectionOf(flags),
    trustPem: readText('--trusted', flags.trusted),
    responseProtection: 'AllowSignature',
    policy: {
      subject: any ? 'Any' : 'Exact',
      subjectAltNames: any ? 'Any' : 'Exact',
      usages: 'Any',
    },
    caBundle: 'All',
    limits: {
      connectTimeoutMs: Math.min(flags.timeout, 10) * 1000,
      requestTimeoutMs: flags.timeout * 1000,
      maxResponseBytes: 1024 * 1024,
      maxPollingMs: flags.pollTimeout * 1000,
    },
  };
}

function protectionOf({ ref, secretFile, cert, certKey, certChain }: EnrollFlags): DirectBackendConfig['protection'] {
  const mac = ref !== undefined || secretFile !== undefined;
  const signature = cert !== undefined || certKey !== undefined || certChain !== undefined;
  if (mac && signature) throw usage('give either --ref and --secret-file, or --cert and --cert-key, not both');
  if (ref !== undefined && secretFile !== undefined) {
    return {
      type: 'mac',
      reference: ref,
      secret: withoutLineEnd(readInput('--secret-file', secretFile)),
    };
  }
  if (cert !== undefined && certKey !== undefined) {
    const chain = certChain === undefined ? '' : readText('--cert-chain', certChain);
    return {
      type: 'signature',
      certificatesPem: `${readText('--cert', cert).trimEnd()}\n${chain}`,
      privateKeyPem: readText('--cert-key', certKey),
    };
  }
  throw usage('our messages must be protected: give --ref and --secret-file, or --cert and --cert-key');
}

/** Editors and `echo` end a file with a line feed that is no part of the secret. */
function withoutLineEnd(octets: Buffer): Uint8Array {
  const end = octets.at(-1) === 0x0a ? (octets.at(-2) === 0x0d ? 2 : 1) : 0;
  return octets.subarray(0, octets.length - end);
}

const usage = (message: string): CliError => new CliError(message, EXIT.usage);
