// The suites that start processes run the very bundle users get.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let built;

export default async function buildCommand() {
  built ??= promisify(execFile)(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
  });
  await built;
}
