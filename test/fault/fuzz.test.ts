import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { fuzz } from '../support/fuzz/run.js';
import type { Subject } from '../support/fuzz/subject.js';
import { subjectGroups } from '../support/fuzz/subjects.js';

const folder = join(packageRoot(), 'fixtures', 'cmp', 'found');
const found = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.der')) : [];

let groups: readonly (readonly Subject[])[];
beforeAll(async () => {
  groups = await subjectGroups();
});

it.each(found)('%s, which once was too much, is dealt with whatever it stands for', async (name) => {
  const mutant = readFileSync(join(folder, name));
  for (const subject of groups.flat()) await subject.feed(mutant);
});

it('takes mutated messages without a crash, a hang, a forgery believed, or memory without bounds', async () => {
  const report = await fuzz(groups, { milliseconds: 20_000, seed: 20_261_122 });
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
  expect(report.mutants).toBeGreaterThan(1_000);
  // Every way to change a message was used, and got past the codec.
  expect(report.perOperator.size).toBe(15);
  expect([...report.outcomes.keys()]).toEqual(
    expect.arrayContaining(['issued', 'pending', 'refused: CertificateRefused', 'refused: ProtectionInvalid']),
  );
}, 60_000);
