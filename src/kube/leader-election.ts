import { hostname } from 'node:os';
import { LEASE, type Lease } from '../api/lease.js';
import type { ObjectRef } from '../api/meta.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { startDeadline } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import { randomUuid } from '../runtime/uuid.js';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.js';
import type { KubeClient } from './client.js';
import { acquired, isHeld, LeaseObservation, released, renewed } from './lease-record.js';

/** In milliseconds, the first in whole seconds. `leaseDurationMs` > `renewDeadlineMs` > 1.2 x `retryPeriodMs`. */
export interface LeaseTimings {
  /** Others take over when the holder was silent for so long, each by its own clock. */
  readonly leaseDurationMs: number;
  /** A leader that could not renew for so long stops. The difference to the lease's duration is what clocks may drift. */
  readonly renewDeadlineMs: number;
  /** Between two renewals, and (with up to a fifth more) between two looks of those who wait. */
  readonly retryPeriodMs: number;
}

export const LEASE_TIMINGS: LeaseTimings = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

const JITTER = 1.2;

export interface LeaderElectorOptions {
  /** Best over a transport of its own: a renewal must not queue behind a thousand status writes. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
  readonly lease: Required<ObjectRef>;
  /** Unique per process, see `leaderIdentity`. */
  readonly identity: string;
  readonly timings?: Partial<LeaseTimings>;
}

export interface LeaderWork {
  /**
   * Called when the lease is ours. The work ends when its promise does, and only then is the lease given back: after
   * the signal of `run` aborted it may finish what is under way. When `leading` aborts the lease is lost, somebody
   * else may lead, and the work must stop at once.
   */
  onStartedLeading(leading: AbortSignal): Promise<void>;
  /** Called once per time of leading: at once when the lease is lost, else when the work has ended. */
  onStoppedLeading?(): void;
}

/** `stopped`: by the signal, or the work was over; the lease is free. `lost`: to somebody else, or to a dead API server. */
export type LeaderOutcome = 'stopped' | 'lost';

/** The reason of `leading` when the lease is lost. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

/** `<hostname>_<uuid>`: people recognise the pod, and no two processes are ever the same. */
export const leaderIdentity = (random: Random, host: string = hostname()): string => `${host}_${randomUuid(random)}`;

/** What we hold, while we hold it. */
interface Tenure {
  lease: Lease;
  /** Monotonic, when the last successful write was sent: no later than the server took it. */
  renewedAt: number;
  renewals: number;
}

/** What is wrong with timings; undefined when they are usable. */
function timingProblem({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseTimings): string | undefined {
  if (!Number.isInteger(leaseDurationMs / 1_000) || leaseDurationMs < 1_000)
    return 'the lease duration must be whole seconds, one at least';
  if (!(retryPeriodMs > 0)) return 'the retry period must be positive';
  if (leaseDurationMs <= renewDeadlineMs) return 'the lease duration must be longer than the renew deadline';
  if (renewDeadlineMs <= JITTER * retryPeriodMs)
    return `the renew deadline must be longer than ${JITTER} times the retry period`;
  return undefined;
}

/**
 * Leader election over a Lease, as client-go does it: whoever holds the lease leads, and proves to be alive by changing
 * it. Never compares clocks; never two leaders, as long as monotonic clocks run equally fast up to the quotient of lease
 * duration and renew deadline. There is no fencing: what the leader had sent when it lost the lease still arrives.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #timings: LeaseTimings;
  readonly #observation: LeaseObservation;
  readonly #log: Logger;
  #tenure: Tenure | undefined;
  #holder: string | undefined;
  #complaint: string | undefined;

  /** Throws RangeError for timings that cannot work. */
  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#timings = { ...LEASE_TIMINGS, ...options.timings };
    const problem = timingProblem(this.#timings);
    if (problem !== undefined) throw new RangeError(`leader election: ${problem}`);
    this.#observation = new LeaseObservation(this.#timings.leaseDurationMs);
    const { namespace, name } = options.lease;
    this.#log = options.logger.child({ lease: `${namespace}/${name}`, identity: options.identity });
  }

  /** True only while nobody else can lead. Looks at the clock: also right when a stall has kept timers from firing. */
  get isLeading(): boolean {
    return this.#tenure !== undefined && this.#now() < this.#tenure.renewedAt + this.#timings.renewDeadlineMs;
  }

  /** Who holds the lease as far as we know; undefined when nobody does. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /** Why the lease could not be looked at or renewed when that was tried last; undefined when all is well. */
  get problem(): string | undefined {
    return this.#complaint;
  }

  /** Waits for the lease, leads, gives it back. One call at a time. Rejects only with what the work rejects with. */
  async run(signal: AbortSignal, work: LeaderWork): Promise<LeaderOutcome> {
    const tenure = await this.#acquire(signal);
    if (tenure === undefined) return 'stopped';
    this.#tenure = tenure;
    this.#log.info({ transitions: tenure.lease.spec?.leaseTransitions }, 'we lead');
    try {
      return await this.#lead(tenure, work);
    } finally {
      this.#tenure = undefined;
    }
  }

  async #lead(tenure: Tenure, work: LeaderWork): Promise<LeaderOutcome> {
    const leading = new AbortController();
    const over = new AbortController();
    const lose = (why: string) => {
      if (leading.signal.aborted || over.signal.aborted) return;
      this.#tenure = undefined;
      this.#log.error({ why }, 'the lease is lost, all work stops');
      over.abort();
      leading.abort(new LeadershipLostError(`no longer the leader: ${why}`));
      work.onStoppedLeading?.();
    };
    const renewing = this.#renewUntil(over.signal, leading.signal, tenure, lose);
    const guarding = this.#guard(over.signal, tenure, lose);
    try {
      await work.onStartedLeading(leading.signal);
    } catch (error) {
      // Work that ends with the reason it was given has done what it should.
      if (!leading.signal.aborted || error !== leading.signal.reason) throw error;
    } finally {
      over.abort();
      await Promise.all([renewing, guarding]);
      if (!leading.signal.aborted) {
        await this.#release(tenure);
        work.onStoppedLeading?.();
      }
    }
    return leading.signal.aborted ? 'lost' : 'stopped';
  }

  /** Loses the lease when the deadline passes, whatever the renewals hang at. */
  async #guard(over: AbortSignal, tenure: Tenure, lose: (why: string) => void): Promise<void> {
    const { renewDeadlineMs } = this.#timings;
    const left = () => tenure.renewedAt + renewDeadlineMs - this.#now();
    while (left() > 0) {
      await this.#sleep(left(), over);
      if (over.aborted) return;
    }
    lose(`not renewed for ${renewDeadlineMs} ms${this.#complaint === undefined ? '' : `: ${this.#complaint}`}`);
  }

  async #renewUntil(over: AbortSignal, lost: AbortSignal, tenure: Tenure, lose: (why: string) => void): Promise<void> {
    for (;;) {
      await this.#sleep(this.#timings.retryPeriodMs, over);
      if (over.aborted) return;
      try {
        const sentAt = this.#now();
        const ours = await this.#limited(lost, (signal) => this.#renew(tenure, signal));
        if (!ours) {
          lose(`${this.#holder ?? 'nobody'} holds the lease`);
          return;
        }
        tenure.renewedAt = sentAt;
        this.#complaint = undefined;
      } catch (error) {
        if (!lost.aborted) this.#complain('the lease could not be renewed, trying again', error);
      }
    }
  }

  /** False when somebody else holds the lease. */
  async #renew(tenure: Tenure, signal: AbortSignal): Promise<boolean> {
    const spec = renewed(this.#candidate, tenure.lease.spec ?? {}, ++tenure.renewals, this.#options.clock.now());
    try {
      return await this.#replace(tenure, { ...tenure.lease, spec }, signal);
    } catch (error) {
      // Somebody deleted the lease. Who comes first makes it anew.
      if (!isNotFound(error)) throw error;
      const lease = await this.#create(acquired(this.#candidate, spec, this.#options.clock.now()), signal);
      if (lease !== undefined) tenure.lease = lease;
      return lease !== undefined;
    }
  }

  /** Writes the lease that we hold; false when it turns out that somebody else does. */
  async #replace(tenure: Tenure, wanted: Lease, signal: AbortSignal): Promise<boolean> {
    const { client, identity } = this.#options;
    for (let next = wanted; ; next = { ...tenure.lease, spec: wanted.spec ?? {} }) {
      try {
        tenure.lease = await client.update<Lease>(LEASE, next, { signal });
        return true;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      // Perhaps it was ourselves: a write whose answer was lost. Or somebody put a label on it.
      const found = await client.get<Lease>(LEASE, this.#options.lease, { signal });
      this.#saw(found);
      if (found.spec?.holderIdentity !== identity) return false;
      tenure.lease = found;
    }
  }

  async #release(tenure: Tenure): Promise<void> {
    this.#tenure = undefined;
    try {
      const spec = released(tenure.lease.spec ?? {}, this.#options.clock.now());
      await this.#limited(undefined, (signal) => this.#replace(tenure, { ...tenure.lease, spec }, signal));
      this.#holder = undefined;
      this.#log.info({}, 'the lease is given back');
    } catch (error) {
      this.#complain('the lease could not be given back, the next leader has to wait until it runs out', error);
    }
  }

  /** Undefined when the signal aborted first. */
  async #acquire(signal: AbortSignal): Promise<Tenure | undefined> {
    const { uniform } = this.#options;
    while (!signal.aborted) {
      try {
        const tenure = await this.#limited(undefined, (limit) => this.#tryToAcquire(limit));
        if (tenure !== undefined) {
          this.#complaint = undefined;
          if (!signal.aborted) return tenure;
          await this.#release(tenure);
          return undefined;
        }
      } catch (error) {
        this.#complain('the lease could not be looked at, trying again', error);
      }
      const pause = this.#timings.retryPeriodMs * (1 + (JITTER - 1) * uniform());
      // Not a moment later than the lease runs out.
      const freeIn = this.#observation.freeIn(this.#now());
      await this.#sleep(freeIn > 0 ? Math.min(pause, freeIn) : pause, signal);
    }
    return undefined;
  }

  async #tryToAcquire(signal: AbortSignal): Promise<Tenure | undefined> {
    const { client, clock, lease: ref, identity } = this.#options;
    const found = await client.get<Lease>(LEASE, ref, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    // A lease that was there and is gone had a holder who does not know yet: the silence counts on.
    if (found !== undefined) this.#saw(found);
    // Ours already: the answer to the write that took it was lost.
    const ours = found?.spec?.holderIdentity === identity;
    const sentAt = this.#now();
    if (!ours && this.#observation.freeIn(sentAt) > 0) return undefined;
    if (found === undefined) {
      const lease = await this.#create(acquired(this.#candidate, undefined, clock.now()), signal);
      return lease && { lease, renewedAt: sentAt, renewals: 0 };
    }
    const spec = ours
      ? renewed(this.#candidate, found.spec ?? {}, 1, clock.now())
      : acquired(this.#candidate, found.spec, clock.now());
    try {
      const lease = await client.update<Lease>(LEASE, { ...found, spec }, { signal });
      this.#saw(lease);
      return { lease, renewedAt: sentAt, renewals: 1 };
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  /** Undefined when somebody else was faster. */
  async #create(spec: Lease['spec'] & object, signal: AbortSignal): Promise<Lease | undefined> {
    const { client, lease: metadata } = this.#options;
    try {
      const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: LEASE.kind, metadata, spec };
      const made = await client.create<Lease>(LEASE, lease, { signal });
      this.#saw(made);
      return made;
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      throw error;
    }
  }

  get #candidate() {
    return { identity: this.#options.identity, leaseDurationMs: this.#timings.leaseDurationMs };
  }

  #saw({ spec }: Lease): void {
    this.#observation.see(spec, this.#now());
    const holder = isHeld(spec) ? spec?.holderIdentity : undefined;
    if (holder === this.#holder) return;
    this.#holder = holder;
    if (holder !== undefined && holder !== this.#options.identity) this.#log.info({ holder }, 'another one leads');
  }

  /** An API server that hangs must leave time for a second try before the deadline. */
  async #limited<R>(outer: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const limitMs = this.#timings.renewDeadlineMs / 2;
    const deadline = startDeadline(
      this.#options.clock,
      limitMs,
      () => new Error(`the API server gave no answer within ${limitMs} ms`),
      outer,
    );
    try {
      return await call(deadline.signal);
    } finally {
      deadline.release();
    }
  }

  #complain(message: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#complaint) this.#log.debug({ reason }, message);
    else this.#log.warn({ reason }, message);
    this.#complaint = reason;
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(milliseconds, signal).catch(() => {});
  }
}
