import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../../src/kube/token-bucket.js';

describe('TokenBucket', () => {
  it('gives a burst, then one token per refill, and tells how long to wait for it', () => {
    const bucket = new TokenBucket(2, 100, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
    expect(bucket.untilNext(0)).toBe(100);
    expect(bucket.untilNext(40)).toBe(60);
    expect([bucket.take(99), bucket.take(100), bucket.take(100)]).toEqual([false, true, false]);
    bucket.giveBack();
    expect(bucket.untilNext(100)).toBe(0);
    expect(bucket.take(100)).toBe(true);
  });

  it('property: never more than burst and refill allow, and whoever waits as told gets a token', () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 500 }), asks: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 300 }),
        fc.array(step, { maxLength: 40 }),
        (burst, refillMs, steps) => {
          const bucket = new TokenBucket(burst, refillMs, 0);
          let now = 0;
          let taken = 0;
          for (const { wait, asks } of steps) {
            now += wait;
            for (let i = 0; i < asks; i++) if (bucket.take(now)) taken++;
            expect(taken).toBeLessThanOrEqual(burst + now / refillMs + 1e-6);
          }
          // A hair more, for the rounding of halves and thirds.
          now += bucket.untilNext(now) + 0.001;
          expect(bucket.take(now)).toBe(true);
        },
      ),
    );
  });
});
