import { createDirectEnroller } from '../../enrollment/direct.js';
import type { DirectBackendConfig } from '../../enrollment/direct-config.js';
import type { EnrollmentOutcome, EnrollmentRequest } from '../../enrollment/enroller.js';
import { encodePem, keyMatches, loadPrivateKey, parseCsr } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { commandSeams, interruptible, tellWait } from '../direct/exchange.js';
import { CliError, EXIT } from '../exit.js';
import { readText, writeOutput } from '../files.js';
import { type Terminal, writeLine } from '../terminal.js';
import { directConfig, type EnrollFlags } from './flags.js';

type Issued = Extract<EnrollmentOutcome, { kind: 'issued' }>;

/** Enrols once, polls as long as it must, writes the files, reports. Throws CliError. */
export async function runEnroll(flags: EnrollFlags, terminal: Terminal): Promise<void> {
  const config = directConfig(flags);
  const request = enrollmentRequest(flags);
  const issued = await interruptible((signal) => enroll(config, request, flags, terminal, signal));
  const chainPem = issued.chain.map((der) => encodePem('CERTIFICATE', der)).join('');
  const caPem = issued.ca.map((der) => encodePem('CERTIFICATE', der)).join('');
  if (flags.out === '-') terminal.out.write(chainPem);
  else writeOutput('--out', flags.out, chainPem);
  if (flags.caOut !== undefined) writeOutput('--ca-out', flags.caOut, caPem);
  report(issued, flags, terminal);
}

async function enroll(
  config: DirectBackendConfig,
  request: EnrollmentRequest,
  flags: EnrollFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Issued> {
  const enroller = createDirectEnroller(config, commandSeams(flags, terminal));
  try {
    let outcome = await enroller.enroll(request, signal);
    while (outcome.kind === 'pending') {
      const wait = Math.max(0, outcome.notBefore.getTime() - systemClock.now().getTime());
      tellWait(terminal, wait, outcome.reason);
      await systemClock.sleep(wait, signal);
      outcome = await enroller.resume(request, outcome.state, signal);
    }
    return outcome;
  } finally {
    await enroller.close();
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
