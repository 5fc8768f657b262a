import type { ControllerProcess } from '../controller-process.js';
import type { Asked, ChaosCluster, Place } from './chaos-cluster.js';
import { judgeAll, type Verdict } from './verdict.js';

export interface TakeOver {
  readonly requests: number;
  /** How many had their certificate when the leader failed. */
  readonly issuedBefore: number;
  /** From the leader's end until the other replica worked. */
  readonly secondsUntilWorking: number;
  /** Until the last request had its certificate. */
  readonly secondsUntilIssued: number;
  readonly verdicts: readonly Verdict[];
}

/** Of the Lease. */
export const NAMESPACE = 'replicas';

export const works = ({ lines }: ControllerProcess): boolean => lines.some(({ msg }) => msg === 'working');

/** One more controller that works only when it leads. */
export const launchReplica = (cluster: ChaosCluster): Promise<ControllerProcess> =>
  cluster.launch('--leader-elect', '--leader-election-namespace', NAMESPACE);

/** The replicas that run, the leader first. */
export async function leaderFirst(
  cluster: ChaosCluster,
): Promise<readonly [leader: ControllerProcess, follower: ControllerProcess]> {
  const running = () => cluster.controllers.filter(({ exitCode }) => exitCode === undefined);
  await cluster.until('a leader', () => running().some(works));
  const leader = running().find(works);
  const follower = running().find((controller) => !works(controller));
  if (leader === undefined || follower === undefined) throw new Error('there must be a leader and a follower');
  return [leader, follower];
}

/**
 * A burst of requests, and `fail` done to the leader when a third of them is issued. `recover` is called when the other
 * one has done all the rest.
 */
export async function takeOver(
  place: Place,
  requests: number,
  fail: (leader: ControllerProcess) => Promise<void>,
  recover: (leader: ControllerProcess) => Promise<void> = async () => {},
): Promise<TakeOver> {
  const { cluster } = place;
  const [leader, follower] = await leaderFirst(cluster);
  const all: Asked[] = [];
  for (let made = 0; made < requests; made++) all.push(await place.ask());
  const issued = () => all.filter((asked) => cluster.isIssued(asked)).length;
  await cluster.until('a third of the requests to be issued', () => issued() >= requests / 3);
  await fail(leader);
  const failed = performance.now();
  const since = () => (performance.now() - failed) / 1_000;
  const issuedBefore = issued();
  await cluster.until('the other replica to work', () => works(follower));
  const secondsUntilWorking = since();
  await cluster.until('all requests to be issued', () => issued() === requests);
  const secondsUntilIssued = since();
  await recover(leader);
  return { requests, issuedBefore, secondsUntilWorking, secondsUntilIssued, verdicts: await judgeAll(cluster, all) };
}
