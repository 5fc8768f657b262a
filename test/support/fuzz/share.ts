import { beforeAll, expect, it } from '@jest/globals';
import { fuzz } from './run.js';
import type { Subject } from './subject.js';
import { subjectGroups } from './subjects.js';

/** Fuzzing has 60 s of each run of the tests, in shares that run at the same time where there are cores for them. */
const SHARES = 3;
const MILLISECONDS = 60_000 / SHARES;
const SEED = 20_261_122;

/** One of the shares as a test of its own; each feeds other mutants. */
export function fuzzShare(share: number): void {
  let groups: readonly (readonly Subject[])[];
  beforeAll(async () => {
    groups = await subjectGroups();
  });

  it('takes mutated messages without a crash, a hang, a forgery believed, or memory without bounds', async () => {
    const report = await fuzz(groups, { milliseconds: MILLISECONDS, seed: SEED + share });
    expect(
      report.findings.map(({ subject, operator, mutant, error }) => ({
        subject,
        operator,
        mutant: Buffer.from(mutant).toString('hex'),
        error,
      })),
    ).toEqual([]);
    // Far above what a mutant takes, and far below what one costs that loops or grows.
    expect(report.slowest.milliseconds).toBeLessThan(10_000);
    expect(report.mostHeap).toBeLessThan(1_000_000_000);
    // What is kept of thousands of mutants are the bounded caches.
    expect(report.retained).toBeLessThan(64_000_000);
    expect(report.mutants).toBeGreaterThan(1_000);
    // Every way to change a message was used, and got past the codec.
    expect(report.perOperator.size).toBe(15);
    expect([...report.outcomes.keys()]).toEqual(
      expect.arrayContaining(['issued', 'pending', 'refused: CertificateRefused', 'refused: ProtectionInvalid']),
    );
  }, 90_000);
}
