import type { DirectBackendConfig, SignatureProtection } from '../../enrollment/direct-config.js';
import { readInput, readText } from '../files.js';
import { usage } from '../usage.js';

const OWF = { sha1: 'SHA1', sha256: 'SHA256', sha384: 'SHA384', sha512: 'SHA512' } as const;
const HMAC = { sha1: 'HMAC-SHA1', sha256: 'HMAC-SHA256', sha384: 'HMAC-SHA384', sha512: 'HMAC-SHA512' } as const;
type Hash = keyof typeof OWF;
export const OWFS = Object.keys(OWF) as Hash[];

/** Who we are to the CA. */
export interface ProtectionFlags {
  readonly ref?: string;
  readonly secretFile?: string;
  readonly mac: 'pbm' | 'pbmac1';
  readonly owf?: Hash;
  readonly hmac?: Hash;
  readonly iterations?: number;
  readonly cert?: string;
  readonly certKey?: string;
  readonly certChain?: string;
  readonly nestedCert?: string;
  readonly nestedKey?: string;
}

/** How our messages are protected. Throws CliError. */
export function protectionOf(flags: ProtectionFlags): DirectBackendConfig['protection'] {
  const { ref, secretFile, mac, owf, hmac, iterations, cert, certKey, certChain } = flags;
  const bySecret = ref !== undefined || secretFile !== undefined;
  const bySignature = cert !== undefined || certKey !== undefined || certChain !== undefined;
  if (bySecret && bySignature) throw usage('give either --ref and --secret-file, or --cert and --cert-key, not both');
  if (ref !== undefined && secretFile !== undefined) {
    return {
      type: 'mac',
      scheme: mac === 'pbmac1' ? 'PBMAC1' : 'PBM',
      reference: ref,
      secret: withoutLineEnd(readInput('--secret-file', secretFile)),
      ...(owf !== undefined && { owf: OWF[owf] }),
      ...(hmac !== undefined && { mac: HMAC[hmac] }),
      ...(iterations !== undefined && { iterations }),
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

/** The envelope of an RA around our messages, if there is to be one. Throws CliError. */
export function envelopeOf({ nestedCert, nestedKey }: ProtectionFlags): SignatureProtection | undefined {
  if (nestedCert === undefined && nestedKey === undefined) return undefined;
  if (nestedCert === undefined || nestedKey === undefined)
    throw usage('--nested-cert and --nested-key belong together');
  return {
    type: 'signature',
    certificatesPem: readText('--nested-cert', nestedCert),
    privateKeyPem: readText('--nested-key', nestedKey),
  };
}
