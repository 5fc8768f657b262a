import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../src/runtime/package-root.js';

it('has types that match the CRDs', async () => {
  const script = join(packageRoot(), 'scripts', 'generate-api.mjs');
  await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toMatchObject({ stderr: '' });
});
