import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/runtime/package-root.js';

const run = promisify(execFile);
const LIMIT = 20_000;

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A real kubectl against one cluster. Starting fails loudly when there is none to be had. */
export class Kubectl {
  readonly #binary: string;
  readonly #folder: string;

  private constructor(binary: string, folder: string) {
    this.#binary = binary;
    this.#folder = folder;
  }

  static async start(kubeconfig: string): Promise<Kubectl> {
    const { stdout } = await run(process.execPath, [join(packageRoot(), 'scripts', 'fetch-kubectl.mjs')]);
    const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
    writeFileSync(join(folder, 'config'), kubeconfig, { mode: 0o600 });
    return new Kubectl(stdout.trim(), folder);
  }

  /** Never rejects for an exit code: what kubectl refuses is a result, too. */
  run(...args: readonly string[]): Promise<KubectlResult> {
    return this.input('', ...args);
  }

  /** Runs with `text` on standard input, for `-f -`. */
  input(text: string, ...args: readonly string[]): Promise<KubectlResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#binary, [...args], {
        // Its caches must not outlive the cluster: ports come again.
        env: { PATH: process.env['PATH'], HOME: this.#folder, KUBECONFIG: join(this.#folder, 'config') },
        timeout: LIMIT,
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        stdout += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        stderr += chunk;
      });
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code === null) reject(new Error(`kubectl ${args.join(' ')} ended by ${signal}: ${stderr}`));
        else resolve({ code, stdout, stderr });
      });
      child.stdin.end(text);
    });
  }

  stop(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
