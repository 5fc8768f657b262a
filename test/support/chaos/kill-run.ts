import type { Behaviour } from '../../../src/sandbox/ca/index.js';
import type { ControllerProcess } from '../controller-process.js';
import type { Asked, ChaosCluster, Place } from './chaos-cluster.js';
import { KILL_POINTS, type KillPoint, type Stop, type Variant } from './kill-points.js';
import { judgeAll, type Verdict } from './verdict.js';

/** One point at which the controller dies, in one way an enrolment can go. */
export interface KillRow {
  readonly point: KillPoint;
  readonly variant: Variant;
}

export interface KillOutcome {
  readonly row: KillRow;
  /** How often the controller died at this point. */
  readonly kills: number;
  /** How many certificates the CA issued. */
  readonly certificates: number;
  readonly extras: Verdict['extras'];
  readonly problems: readonly string[];
}

/** The controller has 32 connections for calls, and needs some for what is not stopped. */
const MOST_API_HOLDS = 8;
/** So many requests do not wait for one another's packets on two slow cores. */
const MOST_ROWS = 40;
const PATIENCE = { polls: 2, checkAfterSeconds: 1 } as const;

/** Every point with every way to go; `variants` narrows that down. */
export function killRows(wanted: (variant: Variant) => boolean = () => true): readonly KillRow[] {
  const variants = [true, false].flatMap((polling) =>
    (['Explicit', 'Implicit'] as const).flatMap((confirmation) =>
      (['MAC', 'signature'] as const).map((protection): Variant => ({ confirmation, protection, polling })),
    ),
  );
  return KILL_POINTS.flatMap((point) =>
    variants.filter((variant) => point.applies(variant) && wanted(variant)).map((variant) => ({ point, variant })),
  );
}

/** Rows that can be run at once: one death of one process is a death at all of their points. */
export function killBatches(rows: readonly KillRow[]): readonly (readonly KillRow[])[] {
  const batches: KillRow[][] = [];
  for (const row of rows) {
    const fits = batches.find(
      (batch) =>
        batch.length < MOST_ROWS &&
        (!row.point.holdsApi || batch.filter(({ point }) => point.holdsApi).length < MOST_API_HOLDS),
    );
    if (fits === undefined) batches.push([row]);
    else fits.push(row);
  }
  return batches;
}

interface Contestant {
  readonly row: KillRow;
  readonly place: Place;
  readonly asked: Asked;
  readonly stops: Stop[];
  kills: number;
}

/**
 * Makes one request for each row, lets a controller come to the row's point, kills it, and starts another one; `kills`
 * times over, where the point is met again. Then nobody is in the way any more, and every request must end well.
 */
export async function runKillBatch(
  cluster: ChaosCluster,
  rows: readonly KillRow[],
  kills = 1,
): Promise<readonly KillOutcome[]> {
  const contestants = await Promise.all(rows.map((row) => enter(cluster, row)));
  for (let death = 0; death < kills; death++) await die(cluster, contestants);
  const controller = await cluster.launch();
  // Whatever is missing then shows in the verdict.
  await cluster.until('all requests to be over', () => contestants.every(isOver)).catch(() => {});
  for (const { stops } of contestants) for (const stop of stops) stop.finish();
  // What comes late has to come before the verdict.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const verdicts = await judgeAll(
    cluster,
    contestants.map(({ asked }) => asked),
  );
  const counted = await orphansCounted(controller);
  await controller.stop();
  return contestants.map((contestant, index) => outcomeOf(contestant, verdicts[index], counted));
}

/** What the metric says, by namespace of the issuer. */
async function orphansCounted({ probesUrl }: ControllerProcess): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${probesUrl}/metrics`)).text();
  const counted = new Map<string, number>();
  for (const [, namespace = '', value] of text.matchAll(ORPHANS)) {
    counted.set(namespace, (counted.get(namespace) ?? 0) + Number(value));
  }
  return counted;
}

const ORPHANS = /^cmpv2_issuer_certificates_orphaned_total\{.*issuer_namespace="([^"]+)".*\} (\d+)$/gm;

async function enter(cluster: ChaosCluster, row: KillRow): Promise<Contestant> {
  const { confirmation, protection, polling } = row.variant;
  // Each kind of request is in half of the rows, and so is a CA that looks at no nonce and knows each repetition for one.
  const cmp = { enrollment: protection === 'MAC' ? 'IR' : 'P10CR' };
  const behaviour: Behaviour = {
    ...(polling && { polling: row.point.patience ?? PATIENCE }),
    ...(protection === 'signature' && { recipNonce: 'ignore' }),
  };
  const place = cluster.place({ confirmation, protection, behaviour, cmp });
  return { row, place, asked: await place.ask(), stops: [], kills: 0 };
}

const isOver = ({ asked, place }: Contestant): boolean => place.cluster.isIssued(asked) && place.records.length === 0;

async function die(cluster: ChaosCluster, contestants: readonly Contestant[]): Promise<void> {
  const arrived = new Set<Contestant>();
  const stops = contestants.map((contestant) => {
    const stop = contestant.row.point.stop(contestant.place, contestant.asked);
    contestant.stops.push(stop);
    stop.reached.then(
      () => arrived.add(contestant),
      () => {},
    );
    return stop;
  });
  const controller = await cluster.launch();
  const isThere = (contestant: Contestant) => arrived.has(contestant) || isOver(contestant);
  await cluster.until('all requests to come to their points', () => contestants.every(isThere), 30_000).catch(() => {});
  await controller.stop('SIGKILL');
  for (const contestant of arrived) contestant.kills += 1;
  for (const stop of stops) stop.abandon();
}

function outcomeOf(
  { row, place, asked, kills }: Contestant,
  verdict: Verdict | undefined,
  counted: ReadonlyMap<string, number>,
): KillOutcome {
  if (verdict === undefined) throw new Error(`nobody has judged ${place.namespace}`);
  const { extras } = verdict;
  const allowed = kills * row.point.extras(row.variant);
  // What a process has counted dies with it; after one death all is counted by the second one.
  const uncounted = kills === 1 && extras.length > (counted.get(place.namespace) ?? 0);
  const certificates = place.cluster.certificates(asked).length;
  const problems = [
    ...(kills === 0 ? ['never came to its point'] : []),
    ...verdict.problems,
    ...(extras.length > allowed ? [`${extras.length} certificates are left over, ${allowed} may be`] : []),
    ...(uncounted ? ['the metric does not count what is left over'] : []),
    ...place.records.map((name) => `the record ${name} is left over`),
  ];
  return { row, kills, certificates, extras, problems };
}

/** For a person: what is wrong, and where. */
export const broken = (outcomes: readonly KillOutcome[]): readonly string[] =>
  outcomes.flatMap(({ row, problems }) => problems.map((problem) => `${titleOf(row)}: ${problem}`));

export const titleOf = ({ point, variant }: KillRow): string =>
  `${point.name} (${variant.confirmation}, ${variant.protection}${variant.polling ? ', polling' : ''})`;
