import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/runtime/clock.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import { ManualClock } from '../../support/manual-clock.js';

const late = () => new Error('late');

describe('a deadline', () => {
  it('aborts when its time is over, and not before', async () => {
    const clock = new ManualClock();
    const deadline = startDeadline(clock, 1_000, late, undefined);
    await clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    expect(deadline.remaining()).toBe(1);
    await clock.advance(1);
    expect(deadline.signal.reason).toEqual(late());
  });

  it.each(['lift', 'release'] as const)('has no time limit after %s', async (end) => {
    const clock = new ManualClock();
    const deadline = startDeadline(clock, 1_000, late, undefined);
    deadline[end]();
    expect(clock.sleeping).toBe(0);
    await clock.advance(2_000);
    expect(deadline.signal.aborted).toBe(false);
  });

  it('follows the signal of its caller, also of one that aborted before, until it is released', async () => {
    const caller = new AbortController();
    const clock = new ManualClock();
    const held = startDeadline(clock, 1_000, late, caller.signal);
    const released = startDeadline(clock, 1_000, late, caller.signal);
    released.release();
    caller.abort(new Error('stop'));
    expect(held.signal.reason).toEqual(new Error('stop'));
    expect(released.signal.aborted).toBe(false);
    expect(startDeadline(clock, 1_000, late, caller.signal).signal.aborted).toBe(true);
  });
});

it("the system's clock runs what is due, unless it was called off", async () => {
  const ran: string[] = [];
  systemClock.after(1, () => ran.push('wanted'));
  systemClock.after(1, () => ran.push('called off'))();
  await systemClock.sleep(20);
  expect(ran).toEqual(['wanted']);
});
