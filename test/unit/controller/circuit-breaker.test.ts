import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  allowanceOf,
  type BreakerEvent,
  type BreakerState,
  CLOSED,
  FAILURES_TO_OPEN,
  nextBreakerState,
  PROBE_BACKOFF,
  ROW_GAP_MS,
} from '../../../src/controller/circuit-breaker.js';
import { MAX_RETRY_AFTER_MS } from '../../../src/controller/next-record.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const FULL_SPEED = 4;

const answered: BreakerEvent = { kind: 'answered' };
const probeSucceeded: BreakerEvent = { kind: 'probeSucceeded' };
const probeFailed = (retryAfterMs?: number): BreakerEvent => ({ kind: 'probeFailed', reason: 'refused', retryAfterMs });
const unreachable = (request: string, retryAfterMs?: number): BreakerEvent => ({
  kind: 'failed',
  sign: 'unreachable',
  request,
  reason: `refused ${request}`,
  retryAfterMs,
});
const failing = (request: string, retryAfterMs?: number): BreakerEvent => ({
  kind: 'failed',
  sign: 'failing',
  request,
  reason: `503 for ${request}`,
  retryAfterMs,
});

const step = (state: BreakerState, event: BreakerEvent, ms: number): BreakerState =>
  nextBreakerState(state, event, {
    now: { date: new Date(START + ms), ms },
    uniform: () => 1,
    fullSpeed: FULL_SPEED,
  });

/** Events a second apart, the first one at 0. */
const run = (events: readonly BreakerEvent[], state: BreakerState = CLOSED): BreakerState =>
  events.reduce((now, event, second) => step(now, event, second * 1_000), state);

const row = (make: (request: string) => BreakerEvent, length: number): BreakerEvent[] =>
  Array.from({ length }, (_, i) => make(`r${i}`));

const open = (): BreakerState => run(row(unreachable, FAILURES_TO_OPEN));
const halfOpen = (): BreakerState => step(open(), probeSucceeded, 10_000);

describe('nextBreakerState', () => {
  it('opens after so many failures in a row, and says since when and why', () => {
    expect(run(row(unreachable, FAILURES_TO_OPEN - 1)).kind).toBe('closed');
    expect(open()).toEqual({
      kind: 'open',
      outage: { since: { date: new Date(START), ms: 0 }, reason: 'refused r4' },
      failedTries: 0,
      probeAt: 4_000 + PROBE_BACKOFF.initialMs,
    });
  });

  it.each<[string, BreakerEvent[]]>([
    ['an answer in between', [...row(unreachable, 4), answered, ...row(unreachable, 4)]],
    ['one request that the CA cannot digest', row(() => failing('poison'), 50)],
  ])('stays closed with %s', (_name, events) => {
    expect(run(events).kind).toBe('closed');
  });

  it.each<[string, BreakerEvent[]]>([
    ['exchanges of one request that find nobody there', row(() => unreachable('r'), 5)],
    ['two requests of which none is answered', [...row(() => failing('a'), 4), failing('b')]],
    ['probes', row(() => probeFailed(), 5)],
    ['probes and exchanges', [probeFailed(), failing('a'), probeFailed(), unreachable('a'), probeFailed()]],
    ['a first probe that fails', [{ kind: 'neverReached', reason: 'refused' }]],
  ])('opens after %s', (_name, events) => {
    expect(run(events).kind).toBe('open');
  });

  it('takes failures far apart for no row', () => {
    const four = run(row(unreachable, 4));
    expect(step(four, unreachable('late'), 3_000 + ROW_GAP_MS).kind).toBe('open');
    const late = step(four, unreachable('late'), 3_001 + ROW_GAP_MS);
    expect(late).toMatchObject({ kind: 'closed', row: { count: 1 } });
    expect(late).toMatchObject({ row: { first: { ms: 3_001 + ROW_GAP_MS } } });
  });

  it('probes later and later, up to the cap', () => {
    let state = open();
    const waits: number[] = [];
    for (let at = 10_000; waits.length < 8; at += 100_000) {
      state = step(state, probeFailed(), at);
      if (state.kind === 'open') waits.push(state.probeAt - at);
    }
    expect(waits).toEqual([4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
  });

  it.each<[string, BreakerEvent[], number]>([
    ['of the failure that opens it', [...row(unreachable, 4), failing('x', 90_000)], 94_000],
    ['of an earlier failure', [failing('x', 300_000), ...row(unreachable, 4)], 300_000],
    ['of an exchange that was under way', [...row(unreachable, 5), failing('x', 90_000)], 95_000],
    ['of a probe', [...row(unreachable, 5), probeFailed(90_000)], 95_000],
    ['of a trial', [...row(unreachable, 5), probeSucceeded, failing('x', 90_000)], 96_000],
    ['up to an hour', [...row(unreachable, 5), probeFailed(86_400_000)], 5_000 + MAX_RETRY_AFTER_MS],
  ])('honours Retry-After %s', (_name, events, probeAt) => {
    expect(run(events)).toMatchObject({ kind: 'open', probeAt });
  });

  it('lets nobody through while open, one after a probe, then more and more, and everybody in the end', () => {
    const allowances: number[] = [allowanceOf(open())];
    let state = halfOpen();
    for (let at = 11_000; ; at += 1_000) {
      allowances.push(allowanceOf(state));
      if (state.kind === 'closed') break;
      state = step(state, answered, at);
    }
    expect(allowances).toEqual([0, 1, 2, 3, 4, Number.POSITIVE_INFINITY]);
  });

  it('takes an answer to an exchange that was under way for a good sign', () => {
    expect(step(open(), answered, 6_000)).toMatchObject({ kind: 'halfOpen', allowance: 1 });
  });

  it('halves the allowance with each failure, and opens again when the only trial fails', () => {
    const full = run([answered, answered, answered], halfOpen());
    expect(full).toMatchObject({ kind: 'halfOpen', allowance: 4 });
    const half = step(full, failing('a'), 20_000);
    expect(half).toMatchObject({ kind: 'halfOpen', allowance: 2 });
    const one = step(half, failing('b'), 21_000);
    expect(one).toMatchObject({ kind: 'halfOpen', allowance: 1 });
    expect(step(one, failing('c'), 22_000)).toMatchObject({ kind: 'open', failedTries: 1 });
  });

  it('backs off further when trial after trial fails, and anew once something was answered', () => {
    let state = open();
    for (let i = 0; i < 3; i++) state = run([probeSucceeded, failing('a')], state);
    expect(state).toMatchObject({ kind: 'open', failedTries: 3 });
    state = run([probeSucceeded, answered, failing('a'), failing('b')], state);
    expect(state).toMatchObject({ kind: 'open', failedTries: 1 });
  });

  it('closes when nobody had anything to ask', () => {
    expect(step(halfOpen(), { kind: 'unused' }, 20_000)).toEqual(CLOSED);
    expect(step(open(), { kind: 'unused' }, 20_000)).toEqual(open());
  });

  it('property: its promises hold whatever happens', () => {
    const request = fc.constantFrom('a', 'b', 'c');
    const retryAfterMs = fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined });
    const event = fc.oneof(
      fc.constant(answered),
      fc.tuple(request, retryAfterMs).map(([name, ms]) => unreachable(name, ms)),
      fc.tuple(request, retryAfterMs).map(([name, ms]) => failing(name, ms)),
      fc.constant(probeSucceeded),
      retryAfterMs.map(probeFailed),
      fc.constant<BreakerEvent>({ kind: 'unused' }),
    );
    const happening = fc.record({ event, gap: fc.integer({ min: 0, max: 2 * ROW_GAP_MS }) });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), fc.double({ min: 0, max: 0.999 }), (steps, share) => {
        let state: BreakerState = CLOSED;
        let failures = 0;
        let ms = 0;
        for (const { event: happened, gap } of steps) {
          ms += gap;
          const before = state;
          const now = { date: new Date(START + ms), ms };
          state = nextBreakerState(before, happened, { now, uniform: () => share, fullSpeed: FULL_SPEED });
          if (happened.kind === 'answered') failures = 0;
          else if (happened.kind === 'failed' || happened.kind === 'probeFailed') failures++;
          if (before.kind === 'closed' && state.kind !== 'closed') {
            expect(state.kind).toBe('open');
            expect(failures).toBeGreaterThanOrEqual(FAILURES_TO_OPEN);
          }
          // An outage stays the same one until it is over.
          if (before.kind !== 'closed' && state.kind !== 'closed') expect(state.outage).toBe(before.outage);
          if (state.kind === 'open' && before.kind !== 'open') {
            const asked = 'retryAfterMs' in happened ? (happened.retryAfterMs ?? 0) : 0;
            expect(state.probeAt).toBeGreaterThanOrEqual(ms + Math.min(asked, MAX_RETRY_AFTER_MS));
          }
          if (state.kind === 'open') expect(state.probeAt).toBeLessThanOrEqual(ms + MAX_RETRY_AFTER_MS);
        }
        // However bad it was: a CA that is well again is used at full speed soon.
        state = run([probeSucceeded, ...row(() => answered, FULL_SPEED + 1)], state);
        expect(state).toEqual(CLOSED);
      }),
    );
  });
});
