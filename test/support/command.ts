import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/runtime/package-root.js';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bundle that users get, to its end. */
export function runCommand(...args: readonly string[]): Promise<CommandResult> {
  const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [command, ...args], (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ exitCode: child.exitCode ?? 0, stdout, stderr });
    });
  });
}
