import type { KeyObject } from 'node:crypto';
import { createDirectEnroller } from '../../enrollment/direct.js';
import type { DirectBackendConfig } from '../../enrollment/direct-config.js';
import type { EnrollmentOutcome, EnrollmentRequest } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { encodePem, keyMatches, loadPrivateKey, parseCsr } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { commandSeams, interruptible, tellWait } from '../direct/exchange.js';
import { CliError, EXIT } from '../exit.js';
import { readText, writeOutput } from '../files.js';
import { given } from '../given.js';
import { type Terminal, writeLine } from '../terminal.js';
import type { CertificateFlags } from './flags.js';

type Issued = Extract<EnrollmentOutcome, { kind: 'issued' }>;

/** Gets one certificate, polls as long as it must, writes the files, reports. Throws CliError. */
export async function obtainCertificate(
  config: DirectBackendConfig,
  request: EnrollmentRequest,
  flags: CertificateFlags,
  terminal: Terminal,
): Promise<void> {
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
  flags: CertificateFlags,
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

/** The request for what the CSR in a file asks for. `key` names the file with its private key, if that is needed. */
export function enrollmentRequest(csr: string, key: string | undefined): EnrollmentRequest {
  const csrPem = readText('--csr', csr);
  const privateKey = key === undefined ? undefined : keyOf(csr, csrPem, key);
  return {
    id: 'command-line',
    csrPem,
    usages: [],
    isCA: false,
    privateKey: async () => {
      if (privateKey !== undefined) return privateKey;
      throw new EnrollmentError({ code: 'PrivateKeyUnavailable', retry: 'request', message: 'give --key FILE' });
    },
  };
}

function keyOf(csr: string, csrPem: string, key: string): KeyObject {
  const { spki } = given('--csr', EXIT.refused, () => parseCsr(csrPem));
  const privateKey = given('--key', EXIT.refused, () => loadPrivateKey(readText('--key', key)));
  if (keyMatches(privateKey, spki)) return privateKey;
  throw new CliError(`--key: ${key} is not the key of ${csr}`, EXIT.refused);
}

function report(issued: Issued, flags: CertificateFlags, terminal: Terminal): void {
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
