import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { packageRoot } from '../../../src/runtime/package-root.js';

const checker: string = '../../../scripts/check-layers.mjs';
const { breaches } = (await import(checker)) as { breaches: (root: string) => string[] };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function tree(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

it('finds no breach in this project', () => {
  expect(breaches(packageRoot())).toEqual([]);
});

it.each([
  [
    'an import that runs upward',
    { 'src/cmp/a.ts': "import { b } from '../controller/b.js';" },
    /cmp must not import controller/,
  ],
  [
    'a type import that runs upward',
    { 'src/cmp/a.ts': "import type { B } from '../kube/b.js';" },
    /cmp must not import kube/,
  ],
  ['a re-export that runs upward', { 'src/asn1/a.ts': "export * from '../pki/index.js';" }, /asn1 must not import pki/],
  [
    'a dynamic import that runs upward',
    { 'src/sandbox/a.ts': "await import('../controller/run.js');" },
    /sandbox must not import controller/,
  ],
  [
    'an import over several lines',
    { 'src/pki/a.ts': "import {\n  b,\n} from '../cmp/b.js';" },
    /pki must not import cmp/,
  ],
  [
    'a package of another room',
    { 'src/controller/a.ts': "import { KubeConfig } from '@kubernetes/client-node';" },
    /only kube may import/,
  ],
  ['a room nobody has heard of', { 'src/misc/a.ts': 'export {};' }, /room "misc" is not in the table/],
])('finds %s', (_name, files, expected) => {
  const found = breaches(tree(files));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});

it.each([
  [
    'imports that run downward',
    { 'src/cmp/a.ts': "import { b } from '../pki/index.js';\nimport { c } from './c.js';" },
  ],
  [
    'types of a package of another room',
    { 'src/controller/a.ts': "import type { V1Secret } from '@kubernetes/client-node';" },
  ],
])('lets %s pass', (_name, files) => {
  expect(breaches(tree(files))).toEqual([]);
});
