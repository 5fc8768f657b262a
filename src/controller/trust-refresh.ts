import { type Condition, type ConditionFacts, findCondition, saysTheSame } from '../api/conditions.js';
import type { Issuer } from '../api/issuer.js';
import { EnrollmentError } from '../enrollment/error.js';
import type { WorkItem, WorkQueue } from '../kube/work-queue.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { startDeadline } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import type { EnrollerLease } from './enroller-lease.js';
import { TRUST_CONDITION, type TrustAnswer, trustCondition, trustHome } from './trust-condition.js';

export interface TrustRefreshDeps {
  /** The least time between an issuer becoming ready and its CA being asked, in milliseconds. */
  readonly firstDelayMs: number;
  /** What `condition` says about this issuer has changed. */
  readonly changed: (key: string) => void;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How much later than planned it may become, in parts of the plan: issuers that became ready together do not ask together. */
const FIRST_SPREAD = 1;
const SPREAD = 0.1;
/** Once asked, a CA may take this long, polling included. */
const ASK_LIMIT_MS = 600_000;

const late = () =>
  new EnrollmentError({
    code: 'Timeout',
    retry: 'transient',
    message: `no answer within ${ASK_LIMIT_MS / 60_000} minutes`,
  });

/** What is to be asked for one issuer. */
interface Watch {
  readonly issuer: Issuer;
  readonly home: string;
  readonly lease: EnrollerLease;
  /** What the last answer amounts to; absent before the first one. */
  readonly found?: ConditionFacts;
  /** It was time to ask while the issuer was not ready. */
  readonly missed?: boolean;
}

/**
 * Asks the CAs of ready issuers with `trustRefresh: Daily` from time to time about roots that are not trusted yet, and
 * keeps what people are to be told.
 */
export class TrustRefresh {
  readonly #deps: TrustRefreshDeps;
  readonly #queue: Pick<WorkQueue, 'addAfter' | 'remove'>;
  readonly #watches = new Map<string, Watch>();

  constructor(deps: TrustRefreshDeps, queue: Pick<WorkQueue, 'addAfter' | 'remove'>) {
    this.#deps = deps;
    this.#queue = queue;
  }

  /** The issuer is ready and its CA can be asked through `lease`. Asks once in a while if the issuer wants that. */
  watch(key: string, issuer: Issuer, secretNamespace: string, lease: EnrollerLease): void {
    if (issuer.spec.cmp?.trustRefresh !== 'Daily') {
      this.forget(key);
      return;
    }
    const before = this.#watches.get(key);
    this.#watches.set(key, {
      issuer,
      home: trustHome(issuer, secretNamespace),
      lease,
      ...(before?.found && { found: before.found }),
    });
    if (before?.lease.revision === lease.revision && !before.missed) return;
    // Whoever just added a root to the trust wants to see the news go.
    this.#askAfter(key, before?.found?.status === 'True' ? 0 : this.#deps.firstDelayMs, FIRST_SPREAD);
  }

  forget(key: string): void {
    if (this.#watches.delete(key)) this.#queue.remove(key);
  }

  /** What the issuer's status shall say; `existing` is what it said so far, which stands until the CA has been asked. */
  condition(key: string, { spec }: Issuer, existing: Condition | undefined): ConditionFacts | undefined {
    if (spec.cmp?.trustRefresh !== 'Daily') return undefined;
    return this.#watches.get(key)?.found ?? existing;
  }

  /** Asks once. */
  async reconcile({ key }: WorkItem, signal: AbortSignal): Promise<void> {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    const result = await this.#ask(watch, signal);
    const now = this.#watches.get(key);
    if (signal.aborted || now?.lease.revision !== watch.lease.revision) return;
    if (result === undefined) {
      this.#watches.set(key, { ...now, missed: true });
      return;
    }
    this.#askAfter(key, result.nextMs, SPREAD);
    const { issuer, home } = now;
    const existing = now.found ?? findCondition(issuer.status?.conditions, TRUST_CONDITION);
    const found = trustCondition(result.answer, home, issuer.metadata.generation ?? 0, existing);
    this.#watches.set(key, { ...now, found });
    if (!saysTheSame(existing, found)) this.#deps.changed(key);
  }

  /** Undefined when nobody can be asked because the issuer is not ready just now. */

  async #ask(
    { issuer, lease }: Watch,
    signal: AbortSignal,
  ): Promise<{ readonly answer: TrustAnswer; readonly nextMs: number } | undefined> {
    const { name, namespace } = issuer.metadata;
    const logger = this.#deps.logger.child({ kind: issuer.kind, namespace, name });
    const limit = startDeadline(this.#deps.clock, ASK_LIMIT_MS, late, signal);
    try {
      const news = await lease.use(async (enroller) => enroller.trustNews?.(limit.signal));
      if (news === undefined) return undefined;
      const { successors, unknownRoots, refused } = news;
      const counts = { successors: successors.length, unknownRoots: unknownRoots.length, refused: refused.length };
      logger.info(counts, 'the CA told about its roots');
      return { answer: { kind: 'news', news }, nextMs: DAY };
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof EnrollmentError) {
        logger.info({ code: error.code, problem: error.message }, 'the CA did not tell about its roots');
        return { answer: { kind: 'failed', message: error.message }, nextMs: error.retry === 'transient' ? HOUR : DAY };
      }
      logger.error({ error }, 'asking the CA about its roots failed in a way it should not');
      return { answer: { kind: 'failed', message: 'internal error, see the log of the controller' }, nextMs: DAY };
    } finally {
      limit.release();
    }
  }

  #askAfter(key: string, ms: number, spread: number): void {
    this.#queue.addAfter(key, key, ms * (1 + spread * this.#deps.uniform()));
  }
}
