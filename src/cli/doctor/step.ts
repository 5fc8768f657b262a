import type { Finding, Status } from './finding.js';

/** Everything that is looked at, in the order in which it is printed. */
export type StepName =
  | 'kubernetes'
  | 'issuer'
  | 'ready'
  | 'secrets'
  | 'credential'
  | 'envelope'
  | 'trust'
  | 'configuration'
  | 'client-cert'
  | 'dns'
  | 'tcp'
  | 'proxy'
  | 'tls'
  | 'http'
  | 'protection'
  | 'recipient'
  | 'clock'
  | 'genm'
  | 'health'
  | 'enroll';

/** One thing to look at. `C` holds what earlier steps found out for later ones. */
export interface Step<C> {
  readonly name: StepName;
  /** Steps without which this one makes no sense: it is skipped when one of them failed or was skipped. */
  readonly needs?: readonly StepName[];
  /** False: there is nothing of that kind here, so nothing is told, and nobody misses it. Default: true. */
  readonly applies?: (context: C) => boolean;
  /** Never takes longer than the limits in `context`. */
  readonly look: (context: C, signal: AbortSignal) => Finding | Promise<Finding>;
}

export interface StepResult {
  readonly step: StepName;
  /** URL, for steps that are about one endpoint. */
  readonly endpoint?: string;
  readonly finding: Finding;
}

/** How earlier steps ended. */
export type Outcomes = ReadonlyMap<StepName, Status>;

const stops = (status: Status | undefined): boolean => status === 'fail' || status === 'skip';

/** Takes the steps one after the other, tells each result at once, and gives how all of them ended, earlier ones included. */
export async function takeSteps<C>(
  steps: readonly Step<C>[],
  context: C,
  earlier: Outcomes,
  tell: (step: StepName, finding: Finding) => void,
  signal: AbortSignal,
): Promise<Outcomes> {
  const outcomes = new Map(earlier);
  for (const { name, needs = [], applies, look } of steps) {
    signal.throwIfAborted();
    if (applies?.(context) === false) continue;
    const missing = needs.find((need) => stops(outcomes.get(need)));
    const finding: Finding =
      missing === undefined
        ? await look(context, signal)
        : {
            status: 'skip',
            detail: `needs ${missing}, which ${outcomes.get(missing) === 'fail' ? 'failed' : 'was not looked at'}`,
          };
    outcomes.set(name, finding.status);
    tell(name, finding);
  }
  return outcomes;
}
