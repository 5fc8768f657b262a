import type { Command } from 'commander';
import { Option } from 'commander';
import type { AnswerLimits } from '../../cmp/answer-limits.js';
import { PROFILE_NAMES, type ProfileName } from '../../cmp/profile.js';
import type { CmpEndpoint, DirectBackendConfig } from '../../enrollment/direct-config.js';
import { parseCount } from '../arguments.js';
import { readText } from '../files.js';
import { usage } from '../usage.js';
import { parseLimit } from './limit-flag.js';
import { envelopeOf, OWFS, type ProtectionFlags, protectionOf } from './protection-flags.js';

/** What every subcommand that talks to a CMP server needs: where it is, who we are, whom we trust. */
export interface ConnectionFlags extends ProtectionFlags {
  /** In order of preference. */
  readonly server: readonly string[];
  readonly profile: ProfileName;
  readonly recipient: string;
  readonly trusted: string;
  readonly expectedSigner?: string;
  readonly ignoreKeyUsage?: true;
  /** Seconds. */
  readonly messageTimeTolerance?: number;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly proxy?: string;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Seconds. */
  readonly timeout: number;
  /** Octets. */
  readonly maxResponse: number;
  readonly limit?: Partial<AnswerLimits>;
  /** Seconds. */
  readonly pollTimeout: number;
  readonly record?: string;
  readonly output: 'text' | 'json';
}

const collected = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value];

/** Adds the options of ConnectionFlags. */
export const addConnectionOptions = (command: Command): Command =>
  command
    .requiredOption(
      '--server <url>',
      'URL of the CMP server, used verbatim; repeat it for others to fall back on',
      collected,
    )
    .requiredOption('--recipient <dn>', 'name of the CA, e.g. "CN=Issuing CA,O=Example" or "/O=Example/CN=Issuing CA"')
    .requiredOption('--trusted <file>', 'PEM of the trust anchors for answers and certificates')
    .addOption(
      new Option('--profile <name>', 'kind of CMP server, whose ways are then allowed for')
        .choices(PROFILE_NAMES)
        .default('default'),
    )
    .option(
      '--expected-signer <text>',
      'the one certificate that may sign answers: SHA-256 fingerprint, or a file with it in PEM',
    )
    .option('--ignore-key-usage', 'accept signers of answers whose key usage lacks digitalSignature')
    .option(
      '--message-time-tolerance <seconds>',
      'longest distance of messageTime in answers from our clock; default: it is not looked at',
      parseCount(1, 86_400),
    )
    .option('--ref <text>', 'reference value of the shared secret')
    .option('--secret-file <file>', 'file with the shared secret; one line end at its end does not count')
    .addOption(
      new Option('--mac <scheme>', 'how the shared secret protects our messages')
        .choices(['pbm', 'pbmac1'])
        .default('pbm'),
    )
    .addOption(
      new Option('--owf <hash>', 'hash that stretches the shared secret; default: that of --profile').choices(OWFS),
    )
    .addOption(new Option('--hmac <hash>', 'hash of the MAC itself; default: that of --profile').choices(OWFS))
    .option('--iterations <number>', 'iterations of --owf; default: those of --profile', parseCount(100, 250_000))
    .option('--cert <file>', 'PEM certificate that protects our messages (instead of --ref)')
    .option('--cert-key <file>', 'PEM private key of --cert')
    .option('--cert-chain <file>', 'PEM of the issuers of --cert, sent along')
    .option(
      '--nested-cert <file>',
      'as an RA: PEM certificate, its issuers behind it, of the envelope around our messages',
    )
    .option('--nested-key <file>', 'PEM private key of --nested-cert')
    .option('--tls-ca <file>', 'PEM of the CAs for the TLS server certificate; default: those of Node.js')
    .option('--tls-cert <file>', 'PEM of the TLS client certificate, leaf first')
    .option('--tls-key <file>', 'PEM private key of --tls-cert')
    .option('--proxy <url>', 'HTTP proxy; user name and password may stand in the URL')
    .option('--connect-timeout <seconds>', 'longest wait for a connection', parseCount(1, 120), 10)
    .option('--timeout <seconds>', 'longest wait for one answer', parseCount(1, 3600), 60)
    .option('--poll-timeout <seconds>', 'longest time to go on polling', parseCount(1), 3600)
    .option('--max-response <octets>', 'largest answer that is read', parseCount(4_096, 16_777_216), 1_048_576)
    .option(
      '--limit <name=number>',
      'another bound on answers, e.g. maxElements=20000, see docs/reference/limits.md; repeat it for others',
      parseLimit,
    )
    .option('--record <folder>', 'write every message sent and received there, in DER')
    .addOption(new Option('--output <format>', 'how to report').choices(['text', 'json']).default('text'));

/**
 * The flags as a backend's configuration, files read; what is about enrolment has values that ask for nothing special.
 * Throws CliError for combinations that make no sense.
 */
export function connectionConfig(flags: ConnectionFlags): DirectBackendConfig {
  const { expectedSigner, ignoreKeyUsage, limit, messageTimeTolerance } = flags;
  const nested = envelopeOf(flags);
  return {
    endpoints: endpointsOf(flags),
    profile: flags.profile,
    recipient: flags.recipient,
    enrollment: 'IR',
    proofOfPossession: 'RAVerified',
    confirmation: 'Explicit',
    protection: protectionOf(flags),
    trustPem: readText('--trusted', flags.trusted),
    ...(expectedSigner !== undefined && { expectedSigner: fingerprintOrPem(expectedSigner) }),
    responseProtection: 'AllowSignature',
    ...(ignoreKeyUsage && { ignoreKeyUsage }),
    ...(messageTimeTolerance !== undefined && { messageTimeToleranceMs: messageTimeTolerance * 1000 }),
    ...(nested !== undefined && { nested }),
    ...(limit !== undefined && { answerLimits: limit }),
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: {
      connectTimeoutMs: Math.min(flags.timeout, flags.connectTimeout) * 1000,
      requestTimeoutMs: flags.timeout * 1000,
      maxResponseBytes: flags.maxResponse,
      maxPollingMs: flags.pollTimeout * 1000,
    },
  };
}

function endpointsOf({ server, tlsCa, tlsCert, tlsKey, proxy }: ConnectionFlags): CmpEndpoint[] {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw usage('--tls-cert and --tls-key belong together');
  const common = {
    ...(tlsCa !== undefined && { tlsCaPem: readText('--tls-ca', tlsCa) }),
    ...(tlsCert !== undefined && { clientCertPem: readText('--tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { clientKeyPem: readText('--tls-key', tlsKey) }),
    ...(proxy !== undefined && { proxy }),
  };
  return server.map((url) => ({ url, ...common }));
}

const fingerprintOrPem = (text: string): string =>
  /^[0-9a-f:]{64,95}$/i.test(text) ? text : readText('--expected-signer', text);
