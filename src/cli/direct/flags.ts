import type { Command } from 'commander';
import { Option } from 'commander';
import { PROFILE_NAMES, type ProfileName } from '../../cmp/profile.js';
import type { CmpEndpoint, DirectBackendConfig } from '../../enrollment/direct-config.js';
import { parseCount } from '../arguments.js';
import { CliError, EXIT } from '../exit.js';
import { readInput, readText } from '../files.js';

/** What every subcommand that talks to a CMP server needs: where it is, who we are, whom we trust. */
export interface ConnectionFlags {
  /** In order of preference. */
  readonly server: readonly string[];
  readonly profile: ProfileName;
  readonly recipient: string;
  readonly trusted: string;
  readonly expectedSigner?: string;
  readonly ref?: string;
  readonly secretFile?: string;
  readonly mac: 'pbm' | 'pbmac1';
  readonly cert?: string;
  readonly certKey?: string;
  readonly certChain?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly proxy?: string;
  /** Seconds. */
  readonly timeout: number;
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
    .option('--ref <text>', 'reference value of the shared secret')
    .option('--secret-file <file>', 'file with the shared secret; one line end at its end does not count')
    .addOption(
      new Option('--mac <scheme>', 'how the shared secret protects our messages')
        .choices(['pbm', 'pbmac1'])
        .default('pbm'),
    )
    .option('--cert <file>', 'PEM certificate that protects our messages (instead of --ref)')
    .option('--cert-key <file>', 'PEM private key of --cert')
    .option('--cert-chain <file>', 'PEM of the issuers of --cert, sent along')
    .option('--tls-ca <file>', 'PEM of the CAs for the TLS server certificate; default: those of Node.js')
    .option('--tls-cert <file>', 'PEM of the TLS client certificate, leaf first')
    .option('--tls-key <file>', 'PEM private key of --tls-cert')
    .option('--proxy <url>', 'HTTP proxy')
    .option('--timeout <seconds>', 'longest wait for one answer', parseCount(1, 3600), 60)
    .option('--poll-timeout <seconds>', 'longest time to go on polling', parseCount(1), 3600)
    .option('--record <folder>', 'write every message sent and received there, in DER')
    .addOption(new Option('--output <format>', 'how to report').choices(['text', 'json']).default('text'));

/**
 * The flags as a backend's configuration, files read; what is about enrolment has values that ask for nothing special.
 * Throws CliError for combinations that make no sense.
 */
export function connectionConfig(flags: ConnectionFlags): DirectBackendConfig {
  const { expectedSigner } = flags;
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
    policy: { subject: 'Exact', subjectAltNames: 'Exact', usages: 'Any' },
    caBundle: 'All',
    limits: {
      connectTimeoutMs: Math.min(flags.timeout, 10) * 1000,
      requestTimeoutMs: flags.timeout * 1000,
      maxResponseBytes: 1024 * 1024,
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

function protectionOf(flags: ConnectionFlags): DirectBackendConfig['protection'] {
  const { ref, secretFile, mac, cert, certKey, certChain } = flags;
  const bySecret = ref !== undefined || secretFile !== undefined;
  const bySignature = cert !== undefined || certKey !== undefined || certChain !== undefined;
  if (bySecret && bySignature) throw usage('give either --ref and --secret-file, or --cert and --cert-key, not both');
  if (ref !== undefined && secretFile !== undefined) {
    return {
      type: 'mac',
      scheme: mac === 'pbmac1' ? 'PBMAC1' : 'PBM',
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

export const usage = (message: string): CliError => new CliError(message, EXIT.usage);
