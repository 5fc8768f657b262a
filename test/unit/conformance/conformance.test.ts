import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../src/runtime/package-root.js';
import { RULES, type TestReference } from './rules.js';
import { readTestFile, type TestFile } from './titles.js';

const root = packageRoot();
const files = new Map<string, TestFile>();

function fileOf(name: string): TestFile {
  const known = files.get(name) ?? readTestFile(join(root, 'test', `${name}.test.ts`));
  files.set(name, known);
  return known;
}

/** What a reference names but the file does not hold. */
function missing({ file, suite, title, rows }: TestReference): string[] {
  const { tests, texts } = fileOf(file);
  const found = tests.some((test) => test.suite === suite && test.title === title);
  return [...(found ? [] : [`${file}: ${suite} > ${title}`]), ...rows.filter((row) => !texts.has(row))];
}

function exists(place: string): boolean {
  const [file = '', name = ''] = place.split('#');
  const source = readFileSync(join(root, 'src', file), 'utf8');
  return name !== '' && new RegExp(`\\b(function|const|class) ${name}\\b`).test(source);
}

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (_id, { enforcedBy, kept, broken }) => {
  it('is enforced where it says so', () => {
    expect(enforcedBy.length).toBeGreaterThan(0);
    expect(enforcedBy.filter((place) => !exists(place))).toEqual([]);
  });

  it('is kept in a test, and broken in a test', () => {
    expect(kept.length).toBeGreaterThan(0);
    expect(broken.length).toBeGreaterThan(0);
    expect([...kept, ...broken].flatMap(missing)).toEqual([]);
  });
});

it('has every number once', () => {
  expect(RULES.map(({ id }) => id)).toEqual(RULES.map((_rule, index) => `R${index + 1}`));
  expect(RULES.length).toBe(52);
});

it('would notice a test that does not exist', () => {
  const [reference] = RULES[0]?.broken ?? [];
  if (reference === undefined) throw new Error('no rule');
  expect(missing({ ...reference, title: 'something else' })).not.toEqual([]);
  expect(missing({ ...reference, suite: 'somewhere else' })).not.toEqual([]);
  expect(missing({ ...reference, rows: ['no such row'] })).toEqual(['no such row']);
  expect(exists('cmp/text.ts#nothing')).toBe(false);
});
