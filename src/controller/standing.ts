import type { Readiness } from '../ops/probe-server.js';

/** What this process is doing. */
export type Stage = 'starting' | 'standingBy' | 'working' | 'stopping';

/** What the leader election tells; absent where there is none. */
export interface Election {
  /** Who leads, as far as is known. */
  readonly holder: string | undefined;
  /** Why the Lease cannot be seen or renewed; undefined when all is well. */
  readonly problem: string | undefined;
}

/**
 * Whether the process works, or could at once. One that stands by is ready: it takes over without further ado, and a
 * rollout must not wait for it to lead.
 */
export function readiness(stage: Stage, cacheProblem: string | undefined, election: Election | undefined): Readiness {
  if (stage === 'stopping') return { ready: false, detail: 'shutting down' };
  if (cacheProblem !== undefined) return { ready: false, detail: cacheProblem };
  if (stage === 'starting') return { ready: false, detail: 'starting' };
  if (stage === 'working')
    return { ready: true, detail: election === undefined ? 'working' : 'working: this one leads' };
  if (election?.problem !== undefined) return { ready: false, detail: `the Lease cannot be seen: ${election.problem}` };
  return { ready: true, detail: `standing by: ${election?.holder ?? 'nobody yet'} leads` };
}
