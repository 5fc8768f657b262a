// Generates the reference pages that would repeat what a table of the code says. With --check it writes nothing and
// fails when a page has drifted. Run it with tsx: the tables are TypeScript.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { pages } from './docs/pages.mjs';

/** Paths of the pages that are not as they should be below `root`. */
export async function drifted(root) {
  const found = [];
  for (const [path, text] of Object.entries(await pages(root))) {
    const written = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (written !== text) found.push(path);
  }
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const root = process.cwd();
  if (process.argv.includes('--check')) {
    const found = await drifted(root);
    for (const path of found) console.error(`${path} is not what the code says: run "npm run docs:generate"`);
    process.exitCode = found.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of Object.entries(await pages(root))) {
      await writeFile(join(root, path), text);
      console.log(`wrote ${path}`);
    }
  }
}
