// Bundles the command, or with `bench` the benchmarks. ESM output needs `require`, `__filename` and `__dirname` for the CommonJS packages inside it.
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const banner = [
  '#!/usr/bin/env node',
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __pathDirname } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join('\n');

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  banner: { js: banner },
  // Source text stays in memory as long as the process lives, and twice as large if a comment somewhere holds a character
  // beyond Latin-1: so no comments and no indentation. But readable names in stack traces are worth more than the bytes,
  // and lines that do not run on for ever; source maps cost 75 MB of memory at the first error.
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: 'none',
  logLevel: 'warning',
};

const CHUNKS = join('dist', 'chunks');

if (process.argv[2] === 'bench') {
  // What is measured is what users run: bundled code, without a TypeScript loader in between.
  const entryPoints = ['bench/main.ts', 'bench/ca-process.ts', 'bench/sandbox-process.ts', 'bench/idle-process.ts'];
  await build({ ...shared, entryPoints, outdir: 'dist/bench' });
} else {
  // Split, so that a command loads no more than it needs: the controller has no use for the sandbox and its libraries.
  const { metafile } = await build({
    ...shared,
    entryPoints: { 'cmpv2-issuer': 'src/cli/main.ts' },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    metafile: true,
  });
  for (const name of await readdir(CHUNKS)) {
    const file = join(CHUNKS, name);
    if (!(file in metafile.outputs)) await rm(file, { force: true });
  }
  await chmod('dist/cmpv2-issuer.js', 0o755);
}
