import { Gate, type Hold } from '../gate.js';
import { ApiError } from './status.js';
import type { FailureSwitch, FaultSwitches, RequestInfo, RequestMatch } from './types.js';

/** An open watch, as the switches can get at it. */
export interface OpenWatch {
  readonly request: RequestInfo;
  end(how: 'eof' | 'reset'): void;
  fail(code: number, reason: string): void;
}

interface Armed<T> {
  readonly effect: T;
  readonly match: RequestMatch;
  left: number;
}

class Queue<T> {
  #armed: Armed<T>[] = [];

  arm(effect: T, count: number, match: RequestMatch = () => true): void {
    this.#armed.push({ effect, match, left: count });
  }

  /** The first effect that this request meets; burns one of its count. */
  take(request: RequestInfo): T | undefined {
    const found = this.#armed.find((candidate) => candidate.match(request));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#armed = this.#armed.filter((candidate) => candidate !== found);
    return found.effect;
  }

  clear(): void {
    this.#armed = [];
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The switches and their state. The HTTP layer asks `take...` at the right moments. */
export class Faults implements FaultSwitches {
  readonly #failures = new Queue<FailureSwitch>();
  readonly #lost = new Queue<true>();
  readonly #delays = new Queue<number>();
  readonly #expiries = new Queue<'http' | 'event'>();
  readonly #gates = { before: new Gate<RequestInfo, 'cut'>(), after: new Gate<RequestInfo, 'cut'>() };
  readonly #watches = new Set<OpenWatch>();
  readonly #compact: () => void;
  #webhookDown = false;

  constructor(compact: () => void) {
    this.#compact = compact;
  }

  failNext(failure: FailureSwitch): void {
    this.#failures.arm(failure, failure.count ?? 1, failure.match);
  }

  throttleNext(count: number, retryAfterSeconds: number, match?: RequestMatch): void {
    const message = 'Too many requests, please try again later.';
    this.#failures.arm({ code: 429, message, retryAfterSeconds }, count, match);
  }

  loseResponseAfterCommit(count = 1, match?: RequestMatch): void {
    this.#lost.arm(true, count, match);
  }

  delayNext(milliseconds: number, count = 1, match?: RequestMatch): void {
    this.#delays.arm(milliseconds, count, match);
  }

  expireNextWatch(how: 'http' | 'event', count = 1, match?: RequestMatch): void {
    this.#expiries.arm(how, count, match);
  }

  hold(point: 'before' | 'after', match: RequestMatch): Hold<RequestInfo, 'cut'> {
    return this.#gates[point].hold(match);
  }

  endWatches(how: 'eof' | 'reset', match: RequestMatch = () => true): number {
    return this.#each(match, (watch) => watch.end(how));
  }

  failWatches(code: number, reason: string, match: RequestMatch = () => true): number {
    return this.#each(match, (watch) => watch.fail(code, reason));
  }

  webhookOutage(on: boolean): void {
    this.#webhookDown = on;
  }

  compact(): void {
    this.#compact();
  }

  clear(): void {
    for (const queue of [this.#failures, this.#lost, this.#delays, this.#expiries]) queue.clear();
    for (const gate of Object.values(this.#gates)) gate.open();
    this.#webhookDown = false;
  }

  get webhookDown(): boolean {
    return this.#webhookDown;
  }

  pass(point: 'before' | 'after', request: RequestInfo): Promise<'cut' | undefined> | undefined {
    return this.#gates[point].pass(request);
  }

  takeDelay(request: RequestInfo): number | undefined {
    return this.#delays.take(request);
  }

  /** Throws the failure that is due. */
  takeFailure(request: RequestInfo): void {
    const failure = this.#failures.take(request);
    if (failure === undefined) return;
    const { code, retryAfterSeconds, reason = REASONS[code] ?? 'Unknown', message = `injected: ${reason}` } = failure;
    throw new ApiError(code, reason, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  }

  takeLostResponse(request: RequestInfo): boolean {
    return this.#lost.take(request) ?? false;
  }

  takeExpiry(request: RequestInfo): 'http' | 'event' | undefined {
    return this.#expiries.take(request);
  }

  opened(watch: OpenWatch): () => void {
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  #each(match: RequestMatch, act: (watch: OpenWatch) => void): number {
    const met = [...this.#watches].filter((watch) => match(watch.request));
    for (const watch of met) act(watch);
    return met.length;
  }
}
