import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, type ReceivedMessage } from '../../cmp/message.js';
import { createDirectEnroller } from '../../enrollment/direct.js';
import type { EnrollmentOutcome, EnrollmentRequest } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { encodePem, keyMatches, loadPrivateKey, parseCsr } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { systemRandom } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import { CliError, EXIT, type ExitCode } from '../exit.js';
import { readText, writeOutput } from '../files.js';
import { type Terminal, writeLine } from '../terminal.js';
import { directConfig, type EnrollFlags } from './flags.js';

type Issued = Extract<EnrollmentOutcome, { kind: 'issued' }>;

/** Enrols once, polls as long as it must, writes the files, reports. Throws CliError. */
export async function runEnroll(flags: EnrollFlags, terminal: Terminal): Promise<void> {
  const config = directConfig(flags);
  const request = enrollmentRequest(flags);
  const stop = new AbortController();
  const onSignal = () => stop.abort(new CliError('interrupted', EXIT.refused));
  process.once('SIGINT', onSignal);
  try {
    const issued = await enroll(config, request, flags, terminal, stop.signal);
    const chainPem = issued.chain.map((der) => encodePem('CERTIFICATE', der)).join('');
    const caPem = issued.ca.map((der) => encodePem('CERTIFICATE', der)).join('');
    if (flags.out === '-') terminal.out.write(chainPem);
    else writeOutput('--out', flags.out, chainPem);
    if (flags.caOut !== undefined) writeOutput('--ca-out', flags.caOut, caPem);
    report(issued, flags, terminal);
  } finally {
    process.off('SIGINT', onSignal);
  }
}

async function enroll(
  config: Parameters<typeof createDirectEnroller>[0],
  request: EnrollmentRequest,
  flags: EnrollFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Issued> {
  try {
    const enroller = createDirectEnroller(config, {
      clock: systemClock,
      random: systemRandom,
      ...(flags.record !== undefined && { onMessage: recorder(flags.record) }),
    });
    try {
      let outcome = await enroller.enroll(request, signal);
      while (outcome.kind === 'pending') {
        const wait = Math.max(0, outcome.notBefore.getTime() - systemClock.now().getTime());
        const why = outcome.reason === '' ? '' : `: ${outcome.reason}`;
        writeLine(terminal.err, `the CA says wait${why}; asking again in ${Math.ceil(wait / 1000)} s`);
        await systemClock.sleep(wait, signal);
        outcome = await enroller.resume(request, outcome.state, signal);
      }
      return outcome;
    } finally {
      await enroller.close();
    }
  } catch (error) {
    if (error instanceof EnrollmentError) throw new CliError(error.message, exitCodeOf(error), error);
    throw error;
  }
}

function enrollmentRequest(flags: EnrollFlags): EnrollmentRequest {
  const csrPem = readText('--csr', flags.csr);
  return {
    id: 'command-line',
    csrPem,
    usages: [],
    isCA: false,
    privateKey: async () => {
      const key = loadPrivateKey(readText('--key', flags.key ?? ''));
      if (!keyMatches(key, parseCsr(csrPem).spki)) {
        throw new CliError(`--key: ${flags.key} is not the key of ${flags.csr}`, EXIT.refused);
      }
      return key;
    },
  };
}

/** Writes messages as NN-request-TYPE.der and NN-response-TYPE.der. */
function recorder(folder: string): (direction: 'request' | 'response', der: Uint8Array) => void {
  mkdirSync(folder, { recursive: true });
  let count = 0;
  return (direction, der) => {
    if (direction === 'request') count += 1;
    writeOutput('--record', join(folder, `${String(count).padStart(2, '0')}-${direction}-${typeOf(der)}.der`), der);
  };
}

function typeOf(der: Uint8Array): ReceivedMessage['body']['type'] | 'unreadable' {
  try {
    return decodeMessage(der).body.type;
  } catch {
    return 'unreadable';
  }
}

function report(issued: Issued, flags: EnrollFlags, terminal: Terminal): void {
  const { details } = issued;
  if (flags.output === 'json') {
    const summary = { ...details, chainLength: issued.chain.length, cas: issued.ca.length, notes: issued.notes };
    writeLine(flags.out === '-' ? terminal.err : terminal.out, JSON.stringify(summary, null, 2));
    return;
  }
  writeLine(terminal.err, `issued: ${details.subject}, serial ${details.serial}, by ${details.issuer}`);
  writeLine(
    terminal.err,
    `valid ${details.notBefore.toISOString()} to ${details.notAfter.toISOString()}; ${details.body}, ${details.protection}, ${details.confirmation} confirmation`,
  );
  writeLine(terminal.err, `${issued.chain.length} certificates in the chain, ${issued.ca.length} trusted CAs`);
  for (const note of issued.notes) writeLine(terminal.err, `note: ${note}`);
}

function exitCodeOf({ code }: EnrollmentError): ExitCode {
  switch (code) {
    case 'CsrInvalid':
    case 'KeyUnsupported':
    case 'Rejected':
    case 'PollingExpired':
    case 'CertificateRefused':
    case 'ChainIncomplete':
    case 'PrivateKeyMismatch':
      return EXIT.refused;
    case 'ConfigurationInvalid':
      return EXIT.usage;
    case 'PrivateKeyUnavailable':
    case 'ConnectionFailed':
    case 'TlsFailed':
    case 'Timeout':
    case 'HttpFailed':
    case 'ResponseTooLarge':
    case 'ResponseMalformed':
    case 'ProtectionMissing':
    case 'ProtectionInvalid':
    case 'SignerUntrusted':
    case 'HeaderMismatch':
    case 'UnexpectedBody':
      return EXIT.environment;
    case 'Internal':
      return EXIT.internal;
    default:
      return unreachable(code);
  }
}
