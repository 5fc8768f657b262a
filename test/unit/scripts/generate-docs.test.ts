import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../src/runtime/package-root.js';

const generator: string = '../../../scripts/generate-docs.mjs';
const { drifted } = (await import(generator)) as { drifted: (root: string) => Promise<string[]> };

it('the generated pages say what the code does', async () => {
  expect(await drifted(packageRoot())).toEqual([]);
});
