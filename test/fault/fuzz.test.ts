import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { packageRoot } from '../../src/runtime/package-root.js';
import { fuzzShare } from '../support/fuzz/share.js';
import type { Subject } from '../support/fuzz/subject.js';
import { subjectGroups } from '../support/fuzz/subjects.js';

const folder = join(packageRoot(), 'fixtures', 'cmp', 'found');
const found = readdirSync(folder).filter((name) => name.endsWith('.der'));

let subjects: readonly Subject[];
beforeAll(async () => {
  subjects = (await subjectGroups()).flat();
});

it.each(found)('%s, which once was too much, is dealt with whatever it stands for', async (name) => {
  const mutant = readFileSync(join(folder, name));
  const words = subjects.map(async (subject) => subject.feed(mutant));
  await expect(Promise.all(words)).resolves.toHaveLength(subjects.length);
});

fuzzShare(0);
