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

let newer: Promise<string> | undefined;

/**
 * Path of an openssl of version 3.5 or later: the one that OPENSSL_35 names, the installed one if it is new enough, or
 * else Debian's, fetched beside. Fails loudly where there is none to be had.
 */
export function newerOpenssl(): Promise<string> {
  newer ??= run(process.execPath, [join(packageRoot(), 'scripts', 'fetch-openssl.mjs')]).then(({ stdout }) =>
    stdout.trim(),
  );
  return newer;
}
