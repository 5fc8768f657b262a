import { describe, expect, it } from '@jest/globals';
import { Gate } from '../../../src/sandbox/gate.js';
import { settled } from '../../support/manual-clock.js';

const isEven = (n: number): boolean => n % 2 === 0;

describe('a gate', () => {
  it('stops what matches, tells that it is there, and lets it go as told', async () => {
    const gate = new Gate<number, string>();
    expect(gate.pass(2)).toBeUndefined();
    const hold = gate.hold(isEven);
    expect(gate.pass(1)).toBeUndefined();
    const passing = [2, 4].map((n) => gate.pass(n));
    expect((await hold.first).subject).toBe(2);
    expect(hold.held.map(({ subject }) => subject)).toEqual([2, 4]);
    hold.held[1]?.spoil('bad end');
    expect(await passing[1]).toBe('bad end');
    expect(hold.held.map(({ subject }) => subject)).toEqual([2]);
    (await hold.first).proceed();
    expect(await passing[0]).toBeUndefined();
    expect(hold.held).toEqual([]);
  });

  it('lets everybody go when it is lifted', async () => {
    const gate = new Gate<number, string>();
    const hold = gate.hold(isEven);
    const other = gate.hold((n) => n === 3);
    const passing = [gate.pass(2), gate.pass(3)];
    hold.lift();
    expect(await passing[0]).toBeUndefined();
    expect(gate.pass(4)).toBeUndefined();
    const left = passing[1]?.then(() => 'gone');
    expect(await Promise.race([left, settled().then(() => 'waits')])).toBe('waits');
    expect(other.held).toHaveLength(1);
    gate.open();
    expect(await left).toBe('gone');
  });
});
