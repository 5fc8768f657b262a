import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allowanceOf, FAILURES_TO_OPEN } from '../../../src/controller/circuit-breaker.js';
import { ExchangeGate, type GateLimits, type Turn } from '../../../src/controller/exchange-gate.js';
import { EnrollmentError } from '../../../src/enrollment/error.js';
import { ManualClock } from '../../support/manual-clock.js';

const refused = (retryAfterMs?: number) =>
  new EnrollmentError({
    code: 'ConnectionFailed',
    retry: 'transient',
    message: 'nobody is there',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

function harness(limits: GateLimits = { concurrency: 8 }) {
  const clock = new ManualClock();
  const called: string[] = [];
  const turned: string[] = [];
  const waits: number[] = [];
  const gauges = { underWay: 0 };
  const gate = new ExchangeGate(limits, {
    clock,
    uniform: () => 1,
    observer: {
      waited: (ms) => void waits.push(ms),
      underWay: (count) => {
        gauges.underWay = count;
      },
    },
    turned: (state) => void turned.push(state.kind),
  });
  const ask = (key: string, rank: number) => gate.ask(key, rank, () => void called.push(key));
  const must = (key: string): Turn => {
    const turn = ask(key, 0);
    if (turn === undefined) throw new Error(`${key} is not let through`);
    return turn;
  };
  const breakDown = () => {
    for (let i = 0; i < FAILURES_TO_OPEN; i++) must(`failed-${i}`).end('unreachable', refused());
  };
  return { clock, called, turned, waits, gauges, gate, ask, must, breakDown };
}

let t: ReturnType<typeof harness>;
beforeEach(() => {
  t = harness();
});

describe('ExchangeGate', () => {
  it('lets everybody through as long as all is well', () => {
    const turns = Array.from({ length: 50 }, (_, i) => t.must(`r${i}`));
    expect(t.gauges.underWay).toBe(50);
    for (const turn of turns) turn.end('answers');
    expect([t.gauges.underWay, t.gate.idle, t.called, t.waits]).toEqual([0, true, [], []]);
  });

  it('ends a turn once', () => {
    const turn = t.must('a');
    t.must('b');
    turn.end('answers');
    turn.cancel();
    turn.end('unreachable', refused());
    expect(t.gauges.underWay).toBe(1);
    expect(t.gate.breaker).toEqual({ kind: 'closed' });
  });

  describe('with a rate', () => {
    beforeEach(() => {
      t = harness({ concurrency: 8, requestsPerSecond: 2 });
    });

    it('lets a burst begin, then calls one after the other, by rank, at that rate', async () => {
      for (const key of ['a', 'b']) t.must(key).end('answers');
      for (const key of ['fresh-1', 'fresh-2']) expect(t.ask(key, 2)).toBeUndefined();
      expect(t.ask('renewal', 1)).toBeUndefined();
      expect(t.ask('renewal', 1)).toBeUndefined();
      expect([t.gate.waiting, t.gate.lineMs, t.clock.sleeping]).toEqual([3, 1_500, 1]);
      await t.clock.advance(499);
      expect(t.called).toEqual([]);
      await t.clock.advance(1);
      expect(t.called).toEqual(['renewal']);
      await t.clock.advance(500);
      expect(t.called).toEqual(['renewal', 'fresh-1']);
      t.must('fresh-1').end('answers');
      await t.clock.advance(10_000);
      expect(t.called).toEqual(['renewal', 'fresh-1', 'fresh-2']);
      t.must('renewal');
      expect(t.waits).toEqual([1_000, 11_000]);
      expect(t.clock.sleeping).toBe(0);
    });

    it('lets nobody jump the line', async () => {
      for (const key of ['a', 'b']) t.must(key);
      t.ask('waits', 1);
      expect(t.ask('pushes', 0)).toBeUndefined();
      await t.clock.advance(500);
      expect(t.called).toEqual(['pushes']);
      expect(t.ask('comes later', 0)).toBeUndefined();
      await t.clock.advance(500);
      expect(t.called).toEqual(['pushes', 'comes later']);
      await t.clock.advance(500);
      expect(t.called).toEqual(['pushes', 'comes later', 'waits']);
    });

    it.each<[string, (gate: ExchangeGate, turn: Turn | undefined) => void]>([
      ['has no use for its turn', (_gate, turn) => turn?.cancel()],
      ['was called and leaves', (gate) => gate.leave('called')],
    ])('gives to the next one the token of one that %s', async (how, giveUp) => {
      for (const key of ['a', 'b']) t.must(key).end('answers');
      t.ask('called', 1);
      t.ask('next', 1);
      await t.clock.advance(500);
      expect(t.called).toEqual(['called']);
      giveUp(t.gate, how.startsWith('has') ? t.must('called') : undefined);
      expect(t.called).toEqual(['called', 'next']);
    });

    it('takes no token from others for one that leaves the line', async () => {
      for (const key of ['a', 'b']) t.must(key).end('answers');
      t.ask('leaves', 0);
      t.ask('stays', 1);
      t.gate.leave('leaves');
      t.gate.leave('was never there');
      await t.clock.advance(500);
      expect([t.called, t.gate.waiting]).toEqual([['stays'], 0]);
    });

    it('goes by a changed rate at once', async () => {
      for (const key of ['a', 'b']) t.must(key).end('answers');
      for (let i = 0; i < 12; i++) t.ask(`r${i}`, 0);
      t.gate.configure({ concurrency: 8, requestsPerSecond: 10 });
      expect(t.called).toHaveLength(10);
      await t.clock.advance(100);
      expect(t.called).toHaveLength(11);
      t.gate.configure({ concurrency: 8 });
      expect(t.called).toHaveLength(12);
    });

    it('calls everybody once there is nothing to wait for, and nobody later', async () => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) t.ask(key, 0);
      t.gate.leave('d');
      t.gate.dismiss();
      expect(t.called).toEqual(['c', 'e']);
      await t.clock.advance(10_000);
      expect([t.called, t.clock.sleeping]).toEqual([['c', 'e'], 0]);
    });

    it('calls nobody after the stop', async () => {
      for (const key of ['a', 'b', 'c']) t.ask(key, 0);
      t.gate.stop();
      expect(t.clock.sleeping).toBe(0);
      await t.clock.advance(10_000);
      expect(t.called).toEqual([]);
    });
  });

  describe('in an outage', () => {
    it('lets nobody through, and calls whoever waits once the CA may be back', () => {
      t.breakDown();
      expect(t.turned).toEqual(['open']);
      expect(t.ask('a', 0)).toBeUndefined();
      expect(t.called).toEqual([]);
      t.gate.report({ kind: 'probeSucceeded' });
      expect(t.called).toEqual(['a']);
      expect([t.gate.hasCalled('a'), t.gate.hasCalled('b')]).toEqual([true, false]);
    });

    it('takes a call back when the breaker opens again', () => {
      t.breakDown();
      t.gate.report({ kind: 'probeSucceeded' });
      const trial = t.must('trial');
      for (const key of ['b', 'c']) t.ask(key, 0);
      trial.end('answers');
      expect(t.called).toEqual(['b', 'c']);
      t.must('b').end('failing', refused());
      t.gate.report({ kind: 'probeFailed', reason: 'refused' });
      expect(t.ask('c', 0)).toBeUndefined();
      expect([t.gate.waiting, t.gauges.underWay]).toEqual([1, 0]);
      t.gate.report({ kind: 'probeSucceeded' });
      expect(t.called).toEqual(['b', 'c', 'c']);
      expect(t.turned).toEqual(['open', 'halfOpen', 'open', 'halfOpen']);
    });

    it('lets one try, then more and more, and everybody in the end', () => {
      t = harness({ concurrency: 3 });
      t.breakDown();
      t.gate.report({ kind: 'probeSucceeded' });
      const first = t.must('r0');
      for (let i = 1; i < 20; i++) expect(t.ask(`r${i}`, 0)).toBeUndefined();
      expect(t.called).toEqual([]);
      first.end('answers');
      expect(t.called).toEqual(['r1', 'r2']);
      t.must('r1').end('answers');
      expect(t.called).toEqual(['r1', 'r2', 'r3', 'r4']);
      t.must('r2').end('unknown');
      expect(t.called).toHaveLength(5);
      t.must('r3').end('answers');
      expect(t.turned).toEqual(['open', 'halfOpen', 'closed']);
      expect(t.called).toHaveLength(19);
    });
  });

  it('property: never more than allowed, nobody is lost, and everybody gets a turn in the end', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), key, rank: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), key }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('end' as const),
          key,
          sign: fc.constantFrom('answers' as const, 'failing' as const, 'unreachable' as const, 'unknown' as const),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('probe' as const), ok: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(3_000) }) },
    );
    const rate = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), rate, async (steps, requestsPerSecond) => {
        const { clock, called, gate, gauges, ...sim } = harness({ concurrency: 2, requestsPerSecond });
        const turns = new Map<string, Turn>();
        let begun = 0;
        const ask = (name: string, rank: number) => {
          if (turns.has(name)) return;
          const roomBefore = allowanceOf(gate.breaker);
          const turn = sim.ask(name, rank);
          if (turn === undefined) return;
          turns.set(name, turn);
          begun++;
          expect(turns.size).toBeLessThanOrEqual(roomBefore);
        };
        /** As the work queue does: who was called asks again. */
        const answerCalls = () => {
          for (const name of called.splice(0)) ask(name, 0);
        };
        for (const now of steps) {
          if (now.do === 'ask') ask(now.key, now.rank);
          else if (now.do === 'leave' && !turns.has(now.key)) gate.leave(now.key);
          else if (now.do === 'probe') gate.report(now.ok ? { kind: 'probeSucceeded' } : { kind: 'unused' });
          else if (now.do === 'advance') await clock.advance(now.ms);
          else if (now.do === 'end' || now.do === 'cancel') {
            const turn = turns.get(now.key);
            turns.delete(now.key);
            if (now.do === 'end') turn?.end(now.sign, refused());
            else {
              if (turn !== undefined) begun--;
              turn?.cancel();
            }
          }
          answerCalls();
          expect(gauges.underWay).toBe(turns.size);
          if (requestsPerSecond !== undefined)
            expect(begun).toBeLessThanOrEqual(
              requestsPerSecond + (clock.monotonic() * requestsPerSecond) / 1_000 + 1e-6,
            );
        }
        // All ask once more; the CA is well again.
        gate.report({ kind: 'probeSucceeded' });
        const names = ['a', 'b', 'c', 'd', 'e', 'f'];
        const served = new Set<string>(turns.keys());
        for (const name of names) ask(name, 1);
        for (let round = 0; round < 40 && served.size < names.length; round++) {
          for (const [name, turn] of [...turns]) {
            served.add(name);
            turns.delete(name);
            turn.end('answers');
          }
          answerCalls();
          await clock.advance(1_000);
          answerCalls();
        }
        expect([...served].sort()).toEqual(names);
        for (const turn of turns.values()) turn.end('answers');
        expect([gate.idle, gate.waiting, gauges.underWay, clock.sleeping]).toEqual([true, 0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});
