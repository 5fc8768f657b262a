import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TURNS_PER_FAIR_ONE, WaitingLine } from '../../../src/kube/waiting-line.js';

const drain = (line: WaitingLine): string[] => {
  const order: string[] = [];
  for (let key = line.next(); key !== undefined; key = line.next()) order.push(key);
  return order;
};

describe('WaitingLine', () => {
  it('lets the lowest rank go first, and every fourth turn whoever has waited longest', () => {
    const line = new WaitingLine();
    for (const key of ['bulk-1', 'bulk-2', 'bulk-3']) line.add(key, 2);
    for (let i = 1; i <= 8; i++) line.add(`urgent-${i}`, 1);
    expect(drain(line)).toEqual([
      ...['urgent-1', 'urgent-2', 'urgent-3', 'bulk-1'],
      ...['urgent-4', 'urgent-5', 'urgent-6', 'bulk-2'],
      ...['urgent-7', 'urgent-8', 'bulk-3'],
    ]);
  });

  it('is first come, first served with one rank', () => {
    const line = new WaitingLine();
    const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
    for (const key of keys) line.add(key, 0);
    expect(drain(line)).toEqual(keys);
  });

  it('keeps the place of a key that waits already, and forgets one that is taken out', () => {
    const line = new WaitingLine();
    line.add('a', 1);
    line.add('b', 1);
    line.add('b', 0);
    line.add('c', 1);
    expect(line.remove('a')).toBe(true);
    expect(line.remove('a')).toBe(false);
    expect([line.has('a'), line.has('b'), line.size]).toEqual([false, true, 2]);
    expect([...line.keys()]).toEqual(['b', 'c']);
    line.add('a', 1);
    expect(drain(line)).toEqual(['b', 'c', 'a']);
    line.add('d', 0);
    line.clear();
    expect([line.size, line.next()]).toEqual([0, undefined]);
  });

  it('property: everybody goes once, in order within a rank, and nobody starves', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), rank: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('next' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), back: fc.nat(5) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const line = new WaitingLine();
        const model: { readonly key: string; readonly rank: number; before: number; turns: number }[] = [];
        const take = (key: string | undefined) => {
          const at = model.findIndex((item) => item.key === key);
          const [item] = model.splice(at, 1);
          if (item === undefined) return key === undefined && model.length === 0;
          // Nobody of the same rank is overtaken, and each who came before costs a round of turns at most.
          const inRank = model.slice(0, at).every(({ rank }) => rank !== item.rank);
          for (const other of model) other.turns++;
          return inRank && item.turns < TURNS_PER_FAIR_ONE * (item.before + 1);
        };
        let count = 0;
        for (const now of steps) {
          if (now.do === 'add') {
            const key = `k${count++}`;
            model.push({ key, rank: now.rank, before: model.length, turns: 0 });
            line.add(key, now.rank);
          } else if (now.do === 'next') {
            expect(take(line.next())).toBe(true);
          } else {
            const [gone] = model.splice(Math.max(0, model.length - 1 - now.back), 1);
            expect(line.remove(gone?.key ?? 'nobody')).toBe(gone !== undefined);
          }
          expect(line.size).toBe(model.length);
        }
        while (model.length > 0) expect(take(line.next())).toBe(true);
        expect(line.next()).toBeUndefined();
      }),
    );
  });
});
