import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import { MAX_RETRY_AFTER_MS } from './next-record.js';

/** A point in time: for people, and on the monotonic clock, in milliseconds. */
interface Instant {
  readonly date: Date;
  readonly ms: number;
}

/** Stays what it is until the CA works at full speed again, so that nobody's message changes meanwhile. */
export interface Outage {
  /** The first failure. */
  readonly since: Instant;
  /** What the failure said that was one too many. */
  readonly reason: string;
}

/** Failures with no answer in between. */
interface FailureRow {
  readonly count: number;
  readonly first: Instant;
  readonly lastMs: number;
  /** The CA asked to be left alone until then. */
  readonly notBefore: number;
  /** Two at most of the requests that failed. */
  readonly requests: readonly string[];
}

/** Whether exchanges with a CA may begin. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly row?: FailureRow }
  /** None may. The CA is probed at `probeAt`, after `failedTries` that were in vain. */
  | { readonly kind: 'open'; readonly outage: Outage; readonly failedTries: number; readonly probeAt: number }
  /** The CA may be back: `allowance` exchanges at a time find out. */
  | {
      readonly kind: 'halfOpen';
      readonly outage: Outage;
      readonly failedTries: number;
      readonly allowance: number;
      readonly sinceMs: number;
    };

interface Trouble {
  readonly reason: string;
  /** How long the CA asked to be left alone (Retry-After). */
  readonly retryAfterMs?: number | undefined;
}

export type BreakerEvent =
  /** The CA said something that it vouches for. */
  | { readonly kind: 'answered' }
  /** An exchange got no such answer, or one that the CA is out of order. */
  | ({ readonly kind: 'failed'; readonly sign: 'unreachable' | 'failing'; readonly request: string } & Trouble)
  | { readonly kind: 'probeSucceeded' }
  | ({ readonly kind: 'probeFailed' } & Trouble)
  /** The very first probe of a new way to the CA failed. */
  | ({ readonly kind: 'neverReached' } & Trouble)
  /** Nobody had anything to ask since the breaker is half open. */
  | { readonly kind: 'unused' };

export interface BreakerContext {
  readonly now: Instant;
  readonly uniform: Uniform;
  /** Exchanges at a time that are full speed. */
  readonly fullSpeed: number;
}

export const CLOSED: BreakerState = { kind: 'closed' };

/** Failures in a row that open the breaker. */
export const FAILURES_TO_OPEN = 5;
/** Failures further apart than this are no row. */
export const ROW_GAP_MS = 600_000;
/** Between probes while the breaker is open, with full jitter. */
export const PROBE_BACKOFF: BackoffPolicy = { initialMs: 2_000, maxMs: 60_000 };

/** The state after an event. */
export function nextBreakerState(state: BreakerState, event: BreakerEvent, context: BreakerContext): BreakerState {
  switch (state.kind) {
    case 'closed':
      return fromClosed(state, event, context);
    case 'open':
      return fromOpen(state, event, context);
    case 'halfOpen':
      return fromHalfOpen(state, event, context);
  }
}

/** How many exchanges may be under way; those that are go on in any case. */
export function allowanceOf(state: BreakerState): number {
  if (state.kind === 'closed') return Number.POSITIVE_INFINITY;
  return state.kind === 'open' ? 0 : state.allowance;
}

type State<K extends BreakerState['kind']> = Extract<BreakerState, { kind: K }>;

function fromClosed(state: State<'closed'>, event: BreakerEvent, context: BreakerContext): BreakerState {
  switch (event.kind) {
    case 'answered':
      return state.row === undefined ? state : CLOSED;
    case 'failed': {
      const row = longerRow(state.row, event, context, event.request);
      // One request that a CA cannot digest is no outage, however often it is tried.
      const isOutage = event.sign === 'unreachable' || row.requests.length > 1;
      return isOutage && row.count >= FAILURES_TO_OPEN ? opened(row, event, context) : { kind: 'closed', row };
    }
    case 'probeFailed': {
      const row = longerRow(state.row, event, context);
      return row.count >= FAILURES_TO_OPEN ? opened(row, event, context) : { kind: 'closed', row };
    }
    case 'neverReached':
      return opened(longerRow(state.row, event, context), event, context);
    case 'probeSucceeded':
    case 'unused':
      return state;
  }
}

function fromOpen(state: State<'open'>, event: BreakerEvent, context: BreakerContext): BreakerState {
  const { outage, failedTries, probeAt } = state;
  switch (event.kind) {
    case 'answered':
    case 'probeSucceeded':
      return { kind: 'halfOpen', outage, failedTries, allowance: 1, sinceMs: context.now.ms };
    case 'failed':
      // Begun before; but what the CA asks for counts all the same.
      return { ...state, probeAt: Math.max(probeAt, context.now.ms + patience(event)) };
    case 'probeFailed':
    case 'neverReached':
      return open(outage, failedTries + 1, event, context);
    case 'unused':
      return state;
  }
}

/** Half open, the allowance grows with each answer, which doubles it per round trip, and halves with each failure. */
function fromHalfOpen(state: State<'halfOpen'>, event: BreakerEvent, context: BreakerContext): BreakerState {
  const { outage, failedTries, allowance } = state;
  switch (event.kind) {
    case 'answered':
      return allowance >= context.fullSpeed ? CLOSED : { ...state, failedTries: 0, allowance: allowance + 1 };
    case 'failed':
      if (allowance > 1 && event.retryAfterMs === undefined) return { ...state, allowance: Math.floor(allowance / 2) };
      return open(outage, failedTries + 1, event, context);
    case 'probeFailed':
    case 'neverReached':
      return open(outage, failedTries + 1, event, context);
    case 'unused':
      return CLOSED;
    case 'probeSucceeded':
      return state;
  }
}

function longerRow(
  row: FailureRow | undefined,
  trouble: Trouble,
  { now }: BreakerContext,
  request?: string,
): FailureRow {
  const before = row !== undefined && now.ms - row.lastMs <= ROW_GAP_MS ? row : undefined;
  const known = before?.requests ?? [];
  return {
    count: (before?.count ?? 0) + 1,
    first: before?.first ?? now,
    lastMs: now.ms,
    notBefore: Math.max(before?.notBefore ?? 0, now.ms + patience(trouble)),
    requests: request === undefined || known.includes(request) ? known : [...known, request].slice(0, 2),
  };
}

function opened({ first, notBefore }: FailureRow, trouble: Trouble, context: BreakerContext): BreakerState {
  const state = open({ since: first, reason: trouble.reason }, 0, trouble, context);
  return { ...state, probeAt: Math.max(state.probeAt, notBefore) };
}

function open(outage: Outage, failedTries: number, trouble: Trouble, { now, uniform }: BreakerContext): State<'open'> {
  const wait = Math.max(fullJitter(PROBE_BACKOFF, failedTries, uniform), patience(trouble));
  return { kind: 'open', outage, failedTries, probeAt: now.ms + wait };
}

const patience = ({ retryAfterMs = 0 }: Trouble): number => Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
