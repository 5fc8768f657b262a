import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff, backoffCeiling, fullJitter, uniformFrom } from '../../../src/runtime/backoff.js';
import { systemRandom } from '../../../src/runtime/random.js';

const policy = { initialMs: 800, maxMs: 30_000 };

describe('backoff', () => {
  it('doubles its ceiling up to the maximum', () => {
    expect([0, 1, 2, 5, 6, 2_000].map((attempt) => backoffCeiling(policy, attempt))).toEqual([
      800, 1_600, 3_200, 25_600, 30_000, 30_000,
    ]);
    expect(backoffCeiling({ ...policy, factor: 3 }, 2)).toBe(7_200);
  });

  it('property: waits are whole milliseconds within [0, ceiling)', () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat({ max: 100 }), unit, (attempt, random) => {
        const wait = fullJitter(policy, attempt, () => random);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThan(backoffCeiling(policy, attempt));
      }),
    );
  });

  it('counts its attempts until it is reset', () => {
    const backoff = new Backoff(policy, () => 0.5);
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([400, 800, 1_600]);
    expect(backoff.attempts).toBe(3);
    backoff.reset();
    expect(backoff.next()).toBe(400);
  });

  it('spreads octets evenly over [0, 1)', () => {
    expect(uniformFrom(() => new Uint8Array(6))()).toBe(0);
    expect(uniformFrom(() => new Uint8Array(6).fill(0xff))()).toBeLessThan(1);
    expect(uniformFrom(() => Uint8Array.of(0x80, 0, 0, 0, 0, 0))()).toBe(0.5);
    const uniform = uniformFrom(systemRandom);
    expect(new Set(Array.from({ length: 100 }, uniform)).size).toBe(100);
  });
});
