import type { MacName, OwfName } from './protection/index.js';

/** How a kind of server differs from what the RFCs ask for, or what it can be held to beyond them. */
export interface CmpProfile {
  /** PasswordBasedMac of our messages: what is used unless told otherwise, and the most iterations that the server takes. */
  readonly pbm: {
    readonly owf: OwfName;
    readonly mac: MacName;
    readonly iterations: number;
    readonly mostIterations: number;
  };
  /** Answers whose MAC is derived with SHA-1 as one-way function. */
  readonly sha1Owf: 'accept' | 'refuse';
  /** certReqIds in answers to p10cr. The RFCs say -1, several products send 0. */
  readonly p10crCertReqIds: readonly number[];
  /** Unprotected errors of version 1: what they say is passed on as hearsay, or they are no answer at all. */
  readonly version1Errors: 'hearsay' | 'refuse';
  /** The same for unprotected errors without transactionID or recipNonce. */
  readonly anonymousErrors: 'hearsay' | 'refuse';
  /** Signers whose keyUsage lacks digitalSignature. */
  readonly signerKeyUsage: 'check' | 'ignore';
  /** hashAlg in certConf, which needs version 3, where the certificate's algorithm names no hash. */
  readonly hashAlg: 'whenNeeded' | 'never';
  /** Whether the CA revokes a certificate that certConf refuses, as it should. If not, somebody has to be told. */
  readonly refusedCertificates: 'revoked' | 'left';
}

/** Whatever does no harm is accepted. */
const DEFAULT: CmpProfile = {
  pbm: { owf: 'sha256', mac: 'sha256', iterations: 1_000, mostIterations: 100_000 },
  sha1Owf: 'refuse',
  p10crCertReqIds: [-1, 0],
  version1Errors: 'hearsay',
  anonymousErrors: 'hearsay',
  signerKeyUsage: 'check',
  hashAlg: 'whenNeeded',
  refusedCertificates: 'revoked',
};

export const PROFILES = {
  default: DEFAULT,
  /** Keyfactor EJBCA: 0 for p10cr, at most 10000 iterations, takes no note of refusals. */
  ejbca: {
    ...DEFAULT,
    pbm: { ...DEFAULT.pbm, mostIterations: 10_000 },
    p10crCertReqIds: [0],
    refusedCertificates: 'left',
  },
  /** Nokia NCM and Insta Certifier: 0 for p10cr, HMAC-SHA1 alone, at most 2047 iterations. */
  'insta-ncm': {
    ...DEFAULT,
    pbm: { ...DEFAULT.pbm, mac: 'sha1', mostIterations: 2_047 },
    p10crCertReqIds: [0],
  },
  /** Entrust and PKIs of mobile operators (3GPP TS 33.310): CMPv2 of RFC 4210 with its algorithms, signers without digitalSignature. */
  'entrust-3gpp': { ...DEFAULT, sha1Owf: 'accept', signerKeyUsage: 'ignore', hashAlg: 'never' },
  /** `openssl cmp` as a server: no version 3 before 3.5, and errors are always protected and numbered. */
  'openssl-test': {
    ...DEFAULT,
    version1Errors: 'refuse',
    anonymousErrors: 'refuse',
    hashAlg: 'never',
  },
} as const satisfies Readonly<Record<string, CmpProfile>>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];
