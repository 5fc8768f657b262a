import type { MessageObserver } from '../../cmp/index.js';
import { EnrollmentError } from '../../enrollment/error.js';
import type { Name } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { type Finding, fail, ok } from './finding.js';
import type { Outcomes, StepResult } from './step.js';
import type { KeyType } from './throw-away.js';

/** What every examination needs around itself. */
export interface Examination {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes each result as soon as it is there. */
  readonly tell: (result: StepResult) => void;
  /** The message of a configuration error with its field named as its author knows it. */
  readonly nameField: (message: string) => string;
  /** Sees every message in DER, e.g. to record it. */
  readonly onMessage?: MessageObserver;
  /** Present: get one throw-away certificate, unless something failed before. */
  readonly enroll?: { readonly subject: Name; readonly keyType: KeyType };
}

export const NOTHING_YET: Outcomes = new Map();

export const anyFailed = (outcomes: Outcomes): boolean => [...outcomes.values()].includes('fail');

/** Whether `make` takes the configuration: errors of its own are a finding, all others are thrown. */
export async function configurationFinding(
  make: () => { close(): Promise<void> },
  nameField: Examination['nameField'],
): Promise<Finding> {
  try {
    await make().close();
    return ok('complete and consistent');
  } catch (error) {
    if (error instanceof EnrollmentError) return fail(nameField(error.message), 'Change what is named there.');
    throw error;
  }
}
