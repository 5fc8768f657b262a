// npm run fuzz -- --seconds 600 --seed 7: mutated messages until the time is over. What is found is written to
// fixtures/cmp/found, where the tests feed it again for ever.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/runtime/package-root.js';
import { fuzz } from '../test/support/fuzz/run.js';
import { subjectGroups } from '../test/support/fuzz/subjects.js';
import { ms, printTable } from './table.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, subject: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error('--seconds must be a number above 0, --seed a whole number');
  process.exit(2);
}

const groups = (await subjectGroups())
  .map((group) => group.filter(({ name }) => name.includes(values.subject ?? '')))
  .filter((group) => group.length > 0);
if (groups.length === 0) {
  console.error(`--subject ${values.subject}: there is none of that name`);
  process.exit(2);
}
console.log(`${groups.flat().length} messages, seed ${seed}, ${seconds} s`);
const report = await fuzz(groups, { milliseconds: seconds * 1000, seed });
const { mutants, milliseconds, outcomes, perOperator, slowest, mostHeap, retained, findings } = report;
printTable('Fuzzing', [
  ['mutants', 'per second', 'slowest', 'of', 'heap at most', 'kept of it'],
  [
    String(mutants),
    ((1000 * mutants) / milliseconds).toFixed(0),
    ms(slowest.milliseconds),
    `${slowest.subject} (${slowest.operator})`,
    `${(mostHeap / 2 ** 20).toFixed(0)} MB`,
    `${(retained / 2 ** 20).toFixed(0)} MB`,
  ],
]);
const sorted = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, String(count)]);
printTable('What came of them', [['outcome', 'mutants'], ...sorted(outcomes)]);
printTable('How they were made', [['operator', 'mutants'], ...sorted(perOperator)]);

const folder = join(packageRoot(), 'fixtures', 'cmp', 'found');
for (const { subject, operator, mutant, error } of findings) {
  const file = join(folder, `${createHash('sha256').update(mutant).digest('hex').slice(0, 12)}.der`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, mutant);
  console.error(`FOUND: ${subject} (${operator}), ${mutant.length} octets, ${file}:`, error);
}
process.exitCode = findings.length === 0 ? 0 : 1;
