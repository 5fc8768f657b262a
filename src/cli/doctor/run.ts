import { nameSpecField } from '../../controller/spec-field.js';
import type { BackendConfig } from '../../enrollment/backend-config.js';
import { type Name, PkiError, parseName } from '../../pki/index.js';
import { systemClock } from '../../runtime/clock.js';
import { systemRandom } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import { interruptible } from '../direct/exchange.js';
import { connectionConfig } from '../direct/flags.js';
import { recorder } from '../direct/recorder.js';
import type { Terminal } from '../terminal.js';
import { usage } from '../usage.js';
import { examineDirect } from './direct.js';
import { type Examination, NOTHING_YET } from './examination.js';
import { nameFlag } from './flag-field.js';
import { assertIssuerAlone, connectionFlags, type DoctorFlags, type IssuerFlags, isIssuerFlags } from './flags.js';
import { ISSUER_STEPS, type IssuerFile } from './issuer.js';
import { startReport } from './report.js';
import { examineCertService } from './service.js';
import { takeSteps } from './step.js';

/** Examines what the flags name and reports. Throws CliError when a step failed. */
export async function runDoctor(flags: DoctorFlags, terminal: Terminal): Promise<void> {
  const subject = subjectOf(flags);
  const report = startReport(flags.output, terminal);
  const examination: Examination = {
    clock: systemClock,
    random: systemRandom,
    tell: (result) => report.add(result),
    nameField: isIssuerFlags(flags) ? nameSpecField : nameFlag,
    ...(flags.record !== undefined && { onMessage: recorder(flags.record) }),
    ...(flags.enroll && { enroll: { subject, keyType: flags.keyType } }),
  };
  const find = finder(flags, examination);
  await interruptible(async (signal) => {
    const found = await find(signal);
    if (found !== undefined) await examine(found, examination, signal);
  });
  report.end();
}

function subjectOf({ subject }: DoctorFlags): Name {
  try {
    return parseName(subject);
  } catch (error) {
    if (error instanceof PkiError) throw usage(`--subject: ${error.message}`);
    throw error;
  }
}

/** The way to what is examined. Throws CliError when the flags do not go together. */
function finder(
  flags: DoctorFlags,
  examination: Examination,
): (signal: AbortSignal) => Promise<BackendConfig | undefined> {
  if (isIssuerFlags(flags)) {
    assertIssuerAlone(flags);
    return (signal) => readIssuer(flags, examination, signal);
  }
  const { certProfile } = flags;
  const config = { ...connectionConfig(connectionFlags(flags)), ...(certProfile !== undefined && { certProfile }) };
  return async () => ({ backend: 'cmp', config });
}

/** Undefined when no configuration came of it, which the steps have told. */
async function readIssuer(
  flags: IssuerFlags,
  { clock, tell }: Pick<Examination, 'clock' | 'tell'>,
  signal: AbortSignal,
): Promise<BackendConfig | undefined> {
  const file: IssuerFile = { flags, clock, transport: undefined, issuer: undefined, config: undefined };
  try {
    await takeSteps(ISSUER_STEPS, file, NOTHING_YET, (step, finding) => tell({ step, finding }), signal);
    return file.config;
  } finally {
    await file.transport?.close();
  }
}

function examine(found: BackendConfig, examination: Examination, signal: AbortSignal): Promise<void> {
  switch (found.backend) {
    case 'cmp':
      return examineDirect(found.config, examination, signal);
    case 'certservice':
      return examineCertService(found.config, examination, signal);
    default:
      return unreachable(found);
  }
}
