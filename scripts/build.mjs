// Bundles the command, or with `bench` the benchmarks. ESM output needs `require`, `__filename` and `__dirname` for the CommonJS packages inside it.
import { chmod } from 'node:fs/promises';
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
  // Readable names in stack traces are worth more than the bytes; source maps cost 75 MB of memory at the first error.
  minify: false,
  legalComments: 'none',
  logLevel: 'warning',
};

if (process.argv[2] === 'bench') {
  // What is measured is what users run: bundled code, without a TypeScript loader in between.
  const entryPoints = ['bench/main.ts', 'bench/ca-process.ts', 'bench/sandbox-process.ts'];
  await build({ ...shared, entryPoints, outdir: 'dist/bench' });
} else {
  const outfile = process.argv[2] ?? 'dist/cmpv2-issuer.js';
  await build({ ...shared, entryPoints: ['src/cli/main.ts'], outfile });
  await chmod(outfile, 0o755);
}
