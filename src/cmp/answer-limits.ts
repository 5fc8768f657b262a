interface Limit {
  readonly default: number;
  /** What may be configured. */
  readonly least: number;
  readonly most: number;
  readonly meaning: string;
}

/**
 * Bounds on what is read in an answer, and on what an answer may make us do. The defaults leave room for every CA known;
 * docs/reference/limits.md and the bounds in the CRDs are those of this table.
 */
export const ANSWER_LIMITS = {
  maxDepth: { default: 32, least: 20, most: 100, meaning: 'Levels of nesting in an answer.' },
  maxElements: {
    default: 10_000,
    least: 1_000,
    most: 1_000_000,
    meaning: 'TLVs of an answer; a certificate has about 75.',
  },
  maxCertificates: {
    default: 32,
    least: 1,
    most: 1_000,
    meaning: 'Certificates that are read of each list in an answer (extraCerts, caPubs); the others are ignored.',
  },
  maxCertificateBytes: {
    default: 16_384,
    least: 1_024,
    most: 1_048_576,
    meaning: 'Octets of one certificate in such a list; larger ones are ignored.',
  },
  maxPathLength: {
    default: 8,
    least: 2,
    most: 32,
    meaning: 'Certificates in a chain, the first and the trust anchor included.',
  },
  clockSkewSeconds: {
    default: 300,
    least: 0,
    most: 86_400,
    meaning: 'Seconds by which clocks may differ where it is judged whether a certificate is valid.',
  },
  minPollSeconds: {
    default: 1,
    least: 1,
    most: 3_600,
    meaning: 'Seconds between two polls at least, whatever the CA says.',
  },
  maxPollSeconds: {
    default: 3_600,
    least: 1,
    most: 86_400,
    meaning: 'Seconds between two polls at most, whatever the CA says.',
  },
  maxIterations: {
    default: 100_000,
    least: 100,
    most: 10_000_000,
    meaning: 'Iterations of a PasswordBasedMac that protects an answer.',
  },
  maxPbkdf2Cost: {
    default: 1_000_000,
    least: 1_000,
    most: 100_000_000,
    meaning: 'Iterations of a PBMAC1 that protects an answer, times the blocks of its key.',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type AnswerLimitName = keyof typeof ANSWER_LIMITS;
export const ANSWER_LIMIT_NAMES = Object.keys(ANSWER_LIMITS) as AnswerLimitName[];

/** One value for each. */
export type AnswerLimits = Readonly<Record<AnswerLimitName, number>>;

export const DEFAULT_ANSWER_LIMITS = Object.fromEntries(
  ANSWER_LIMIT_NAMES.map((name) => [name, ANSWER_LIMITS[name].default]),
) as AnswerLimits;
