import type { EnrollmentError } from '../enrollment/error.js';
import { isOutage, type Reachability } from '../enrollment/reachability.js';
import { TokenBucket } from '../kube/token-bucket.js';
import { WaitingLine } from '../kube/waiting-line.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import { allowanceOf, type BreakerEvent, type BreakerState, CLOSED, nextBreakerState } from './circuit-breaker.js';

export interface GateLimits {
  /** Exchanges at a time. */
  readonly concurrency: number;
  /** Exchanges begun per second; absent: as many as there are. */
  readonly requestsPerSecond?: number | undefined;
}

/** What the gate tells about itself. Durations in milliseconds. */
interface GateObserver {
  /** A request that was not let through at once waited so long. */
  waited(ms: number): void;
  /** Exchanges that were let through and are not over, after every change. */
  underWay(count: number): void;
}

export interface GateDeps {
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly observer: GateObserver;
  /** The breaker opened, is half open, or closed. Who waits goes on waiting, unless it leaves. */
  readonly turned: (state: BreakerState, before: BreakerState) => void;
}

interface Waiter {
  readonly sinceMs: number;
  readonly call: () => void;
}

/** The right to begin one exchange. Ends once; what comes later is ignored. */
export interface Turn {
  /** What the exchange told about the CA, and the error that it ended with, if any. */
  end(sign: Reachability, error?: EnrollmentError): void;
  /** There was no exchange. */
  cancel(): void;
}

/**
 * Decides when exchanges with the CA of one issuer may begin: within its rate, and as its circuit breaker allows. Who may
 * not begin at once waits here by rank, without a worker, and is called when it is its turn.
 */
export class ExchangeGate {
  readonly #deps: GateDeps;
  readonly #line = new WaitingLine();
  /** Each in the line, and each that was called and has not asked again. */
  readonly #waiters = new Map<string, Waiter>();
  readonly #called = new Set<string>();
  #limits: GateLimits;
  #bucket: TokenBucket | undefined;
  #breaker: BreakerState = CLOSED;
  #underWay = 0;
  /** Cancels the wait for the next token. */
  #cancelTimer: (() => void) | undefined;

  constructor(limits: GateLimits, deps: GateDeps) {
    this.#deps = deps;
    this.#limits = limits;
    this.#bucket = this.#newBucket();
  }

  get breaker(): BreakerState {
    return this.#breaker;
  }

  get limits(): GateLimits {
    return this.#limits;
  }

  /** How many wait to be let through. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Nothing is under way, and nobody waits. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#called.size === 0 && this.#line.size === 0;
  }

  /** About how long the last in the line waits for the rate alone, in milliseconds. */
  get lineMs(): number {
    const { requestsPerSecond } = this.#limits;
    return requestsPerSecond === undefined ? 0 : (this.#line.size * 1_000) / requestsPerSecond;
  }

  configure(limits: GateLimits): void {
    const before = this.#limits;
    this.#limits = limits;
    if (limits.requestsPerSecond !== before.requestsPerSecond) {
      this.#bucket = this.#newBucket();
      this.#stopTimer();
    }
    this.#callNext();
  }

  /** Whether it is the turn of this key. */
  hasCalled(key: string): boolean {
    return this.#called.has(key);
  }

  /**
   * Undefined: not yet. The key then waits, by rank (lower goes first), until `call` tells that it is its turn: it must ask
   * again, or leave.
   */
  ask(key: string, rank: number, call: () => void): Turn | undefined {
    const wasCalled = this.#called.delete(key);
    if (wasCalled && this.#hasRoom()) return this.#begin(key);
    // The breaker opened meanwhile.
    if (wasCalled) this.#bucket?.giveBack();
    if (this.#line.has(key)) return undefined;
    if (this.#line.size === 0 && this.#hasRoom() && this.#takeToken()) return this.#begin(key);
    this.#line.add(key, rank);
    this.#waiters.set(key, { sinceMs: this.#waiters.get(key)?.sinceMs ?? this.#deps.clock.monotonic(), call });
    this.#callNext();
    return undefined;
  }

  /** The key wants no exchange any more, whether it waits, was called, or neither. */
  leave(key: string): void {
    this.#waiters.delete(key);
    const hasWaited = this.#line.remove(key);
    const wasCalled = this.#called.delete(key);
    if (wasCalled) this.#bucket?.giveBack();
    if (!hasWaited && !wasCalled) return;
    this.#callNext();
  }

  /** Something happened that tells about the CA. */
  report(event: BreakerEvent): void {
    const { clock, uniform } = this.#deps;
    const before = this.#breaker;
    const now = { date: clock.now(), ms: clock.monotonic() };
    this.#breaker = nextBreakerState(before, event, { now, uniform, fullSpeed: this.#limits.concurrency });
    if (this.#breaker.kind !== before.kind) this.#deps.turned(this.#breaker, before);
    this.#callNext();
  }

  /** Calls nobody any more. */
  stop(): void {
    this.#stopTimer();
    this.#line.clear();
    this.#called.clear();
    this.#waiters.clear();
  }

  /** The same, but whoever waited is called: there is nothing to wait for. */
  dismiss(): void {
    const waiters = [...this.#waiters.values()];
    this.stop();
    for (const { call } of waiters) call();
  }

  #begin(key: string): Turn {
    const { clock, observer } = this.#deps;
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    if (waiter !== undefined) observer.waited(clock.monotonic() - waiter.sinceMs);
    observer.underWay(++this.#underWay);
    let isOver = false;
    const over = (then: () => void) => {
      if (isOver) return;
      isOver = true;
      observer.underWay(--this.#underWay);
      then();
      this.#callNext();
    };
    return {
      end: (sign, error) =>
        over(() => {
          const event = eventOf(sign, key, error);
          if (event !== undefined) this.report(event);
        }),
      cancel: () => over(() => this.#bucket?.giveBack()),
    };
  }

  #hasRoom(): boolean {
    return this.#underWay + this.#called.size < allowanceOf(this.#breaker);
  }

  #takeToken(): boolean {
    return this.#bucket?.take(this.#deps.clock.monotonic()) ?? true;
  }

  /** Calls as many as may go, and comes back when the next token is there. */
  #callNext(): void {
    while (this.#line.size > 0 && this.#hasRoom()) {
      if (!this.#takeToken()) {
        this.#comeBack();
        return;
      }
      const key = this.#line.next();
      if (key === undefined) return;
      this.#called.add(key);
      this.#waiters.get(key)?.call();
    }
  }

  #comeBack(): void {
    if (this.#cancelTimer !== undefined) return;
    const { clock } = this.#deps;
    this.#cancelTimer = clock.after(Math.max(1, this.#bucket?.untilNext(clock.monotonic()) ?? 1), () => {
      this.#cancelTimer = undefined;
      this.#callNext();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #newBucket(): TokenBucket | undefined {
    const { requestsPerSecond } = this.#limits;
    return requestsPerSecond === undefined
      ? undefined
      : new TokenBucket(Math.max(1, requestsPerSecond), 1_000 / requestsPerSecond, this.#deps.clock.monotonic());
  }
}

function eventOf(sign: Reachability, request: string, error: EnrollmentError | undefined): BreakerEvent | undefined {
  if (sign === 'answers') return { kind: 'answered' };
  if (!isOutage(sign)) return undefined;
  return { kind: 'failed', sign, request, reason: error?.message ?? '', retryAfterMs: error?.retryAfterMs };
}
