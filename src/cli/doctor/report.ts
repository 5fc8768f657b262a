import { unreachable } from '../../runtime/unreachable.js';
import { CliError, EXIT } from '../exit.js';
import { type Terminal, writeLine } from '../terminal.js';
import type { Status } from './finding.js';
import type { StepName, StepResult } from './step.js';

/** Takes results as they come. */
export interface Report {
  add(result: StepResult): void;
  /** Prints what is left to print. Throws CliError if a step failed: 3 if one needs work around here, else 1. */
  end(): void;
  readonly failures: readonly StepResult[];
}

const STATUS_WIDTH = 6;
const STEP_WIDTH = 15;
const INDENT = ' '.repeat(STATUS_WIDTH + STEP_WIDTH);

function lines({ step, finding }: StepResult): string[] {
  const first = `${finding.status.padEnd(STATUS_WIDTH)}${step.padEnd(STEP_WIDTH)}${finding.detail}`;
  switch (finding.status) {
    case 'ok':
    case 'skip':
      return [first];
    case 'warn':
    case 'fail':
      return [first, `${INDENT}-> ${finding.remedy}`];
    default:
      return unreachable(finding);
  }
}

export function startReport(output: 'text' | 'json', { out }: Terminal): Report {
  const results: StepResult[] = [];
  let place: string | undefined;
  const failures = () => results.filter(({ finding }) => finding.status === 'fail');
  const count = (status: Status) => results.filter(({ finding }) => finding.status === status).length;
  return {
    add: (result) => {
      results.push(result);
      if (output === 'json') return;
      if (result.endpoint !== undefined && result.endpoint !== place) writeLine(out, `${result.endpoint}`);
      place = result.endpoint;
      for (const line of lines(result)) writeLine(out, line);
    },
    end: () => {
      const verdict: Status = count('fail') > 0 ? 'fail' : count('warn') > 0 ? 'warn' : 'ok';
      if (output === 'json') {
        const steps = results.map(({ step, endpoint, finding }) => ({
          step,
          ...(endpoint !== undefined && { endpoint }),
          ...finding,
        }));
        writeLine(out, JSON.stringify({ verdict, steps }, null, 2));
      } else {
        writeLine(out, `${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail, ${count('skip')} skip`);
      }
      throwIfFailed(failures());
    },
    get failures() {
      return failures();
    },
  };
}

function throwIfFailed(failures: readonly StepResult[]): void {
  if (failures.length === 0) return;
  const names = [...new Set<StepName>(failures.map(({ step }) => step))].join(', ');
  const around = failures.some(({ finding }) => finding.status === 'fail' && finding.blame === 'environment');
  throw new CliError(`these steps failed: ${names}`, around ? EXIT.environment : EXIT.refused);
}
