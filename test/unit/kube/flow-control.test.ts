import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_LIMITS, FlowControl } from '../../../src/kube/flow-control.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

describe('FlowControl', () => {
  it('lets a burst through at once, then one after the other in order', async () => {
    const clock = new ManualClock();
    const flow = new FlowControl({ requestsPerSecond: 10, burst: 3 }, clock);
    const passed: number[] = [];
    for (let i = 0; i < 6; i++) void flow.pass(undefined).then(() => passed.push(i));
    await settled();
    expect(passed).toEqual([0, 1, 2]);
    await clock.advance(99);
    expect(passed).toHaveLength(3);
    await clock.advance(1);
    expect(passed).toEqual([0, 1, 2, 3]);
    await clock.advance(200);
    expect(passed).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('does not let pass a call that was given up before', async () => {
    const flow = new FlowControl(FLOW_LIMITS, new ManualClock());
    await expect(flow.pass(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  it('gives back what a call that was given up would have taken', async () => {
    const clock = new ManualClock();
    const flow = new FlowControl({ requestsPerSecond: 1, burst: 1 }, clock);
    await flow.pass(undefined);
    const giveUp = new AbortController();
    const given = flow.pass(giveUp.signal);
    giveUp.abort(new Error('gone'));
    await expect(given).rejects.toThrow('gone');
    let passed = false;
    void flow.pass(undefined).then(() => {
      passed = true;
    });
    await clock.advance(1_000);
    expect(passed).toBe(true);
  });

  it('never exceeds burst + rate x time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ requestsPerSecond: fc.integer({ min: 1, max: 100 }), burst: fc.integer({ min: 1, max: 20 }) }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }),
        async (limits, pauses) => {
          const clock = new ManualClock();
          const flow = new FlowControl(limits, clock);
          const passed: number[] = [];
          for (const pause of pauses) {
            void flow.pass(undefined).then(() => passed.push(clock.monotonic()));
            await clock.advance(pause);
          }
          await clock.advance(60_000);
          expect(passed).toHaveLength(pauses.length);
          for (const [i, from] of passed.entries()) {
            for (const [j, to] of passed.entries()) {
              if (j < i) continue;
              const most = limits.burst + ((to - from) / 1_000) * limits.requestsPerSecond;
              expect(j - i + 1).toBeLessThanOrEqual(most + 1e-6);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
