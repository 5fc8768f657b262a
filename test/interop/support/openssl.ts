import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../src/runtime/package-root.js';

const run = promisify(execFile);

/** The one on the PATH: any version from 3.0 on. */
export const INSTALLED = 'openssl';

export interface OpensslResult {
  readonly code: number;
  readonly output: string;
}

/** Runs openssl; a missing one throws, an unhappy one is a result. */
export async function runOpenssl(binary: string, ...args: readonly string[]): Promise<OpensslResult> {
  try {
    const { stdout, stderr } = await run(binary, [...args], { timeout: 20_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number')
      throw new Error(`${binary} (OpenSSL 3) must be there for the interop tests`, { cause: error });
    return { code, output: stdout + stderr };
  }
}

/**
 * Path of an openssl of version 3.5 or later: the one that OPENSSL_35 names, the installed one if it is new enough, or
 * else Debian's, fetched beside. Undefined where none is to be had: what needs it is then left out, with a notice and in
 * the count of skipped tests. In CI, and where OPENSSL_35 is set, that is a failure.
 */
async function findNewer(): Promise<string | undefined> {
  const { CI, OPENSSL_35 } = process.env;
  try {
    const { stdout } = await run(process.execPath, [join(packageRoot(), 'scripts', 'fetch-openssl.mjs')]);
    return stdout.trim();
  } catch (error) {
    if (CI !== undefined || OPENSSL_35 !== undefined) throw error;
    const { stderr } = error as { stderr?: string };
    process.stderr.write(`\nNOT RUN: the tests with OpenSSL 3.5. ${stderr ?? String(error)}\n`);
    return undefined;
  }
}

export const NEWER = await findNewer();
