// Prints the path of an openssl of version 3.5 or later, for the interop tests that need one: OPENSSL_35 in the
// environment if it names one, the installed one if it is new enough, or else Debian 13's, which apt downloads and dpkg-deb
// unpacks below node_modules/.cache. Nothing is installed, and the system's own lists of packages stay as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const LEAST = [3, 5];
const SUITE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const PACKAGES = ['openssl', 'openssl-provider-legacy', 'libssl3t64', 'libc6', 'zlib1g', 'libzstd1'];

const cache = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '.cache', 'openssl', SUITE);

/** `[3, 5]` of an openssl; undefined if there is none. */
function versionOf(binary) {
  try {
    const [, major, minor] =
      /^OpenSSL (\d+)\.(\d+)/.exec(execFileSync(binary, ['version'], { encoding: 'utf8' })) ?? [];
    return major === undefined ? undefined : [Number(major), Number(minor)];
  } catch {
    return undefined;
  }
}

function isNewEnough(binary) {
  const [major = 0, minor = 0] = versionOf(binary) ?? [];
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
}

/** The mirror that this machine's own packages come from. */
function mirror() {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const found = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (found === undefined) throw new Error('the sources of apt name no mirror of Debian');
  return found;
}

function apt(state, ...args) {
  const options = Object.entries({
    'Dir::State': state,
    'Dir::Cache': join(state, 'cache'),
    'Dir::Etc::sourcelist': join(state, 'debian.list'),
    'Dir::Etc::sourceparts': '-',
    // Not as another user, who could not write here; checked are the signatures all the same.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  execFileSync('apt-get', [...options, '-qq', ...args], {
    cwd: state,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
}

/** Started through the loader of its own libc, so that it does not matter how old that of this machine is. */
function launcher(root) {
  const files = readdirSync(root, { recursive: true });
  const loader = files.find((name) => /^usr\/lib.*\/ld-linux[^/]*\.so\.\d$/.test(name));
  const modules = files.find((name) => name.endsWith('/ossl-modules'));
  if (loader === undefined || modules === undefined) throw new Error('the packages do not hold what they should');
  return [
    '#!/bin/sh',
    'root=$(dirname "$0")/root',
    `OPENSSL_MODULES="$root/${modules}" exec "$root/${loader}" --library-path "$root/${dirname(modules)}" "$root/usr/bin/openssl" "$@"`,
    '',
  ].join('\n');
}

function fetchOpenssl() {
  const target = join(cache, 'openssl');
  if (existsSync(target)) return target;
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing, so this is no Debian with apt`);
  mkdirSync(dirname(cache), { recursive: true });
  const work = mkdtempSync(join(dirname(cache), 'fetch-'));
  try {
    const state = join(work, 'apt');
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(state, folder), { recursive: true });
    writeFileSync(join(state, 'debian.list'), `deb [signed-by=${KEYRING}] ${mirror()} ${SUITE} main\n`);
    apt(state, 'update');
    apt(state, 'download', ...PACKAGES.map((name) => `${name}/${SUITE}`));
    const result = join(work, 'result');
    mkdirSync(join(result, 'root'), { recursive: true });
    for (const file of readdirSync(state).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(state, file), join(result, 'root')]);
    }
    writeFileSync(join(result, 'openssl'), launcher(join(result, 'root')), { mode: 0o755 });
    // Renamed into place, so that nobody ever runs half of it.
    try {
      renameSync(result, cache);
    } catch (error) {
      // Somebody else was faster.
      if (!existsSync(target)) throw error;
    }
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  const given = process.env.OPENSSL_35;
  const binary = given || (isNewEnough('openssl') ? 'openssl' : fetchOpenssl());
  if (!isNewEnough(binary)) throw new Error(`${binary} is no OpenSSL of version ${LEAST.join('.')} or later`);
  console.log(binary);
} catch (error) {
  console.error(`cannot get OpenSSL ${LEAST.join('.')}: ${error.message}`);
  console.error('Set OPENSSL_35 to the path of one. On Debian it is fetched once with apt: check the network.');
  process.exitCode = 3;
}
