import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../src/runtime/package-root.js';
import { SAMPLING_MS } from './idle-child.js';

/** In which Linux counts processor time. */
const TICK_MS = 10;

/** The built command, as it runs in a cluster. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #probesPort: number;

  private constructor(child: ChildProcess, probesPort: number) {
    this.#child = child;
    this.#probesPort = probesPort;
  }

  /** Resolves when it listens; what it writes to standard error goes to the file `errors`. */
  static async start(kubeconfig: string, errors: string): Promise<ControllerProcess> {
    const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
    const args = [command, 'controller', '--kubeconfig', kubeconfig, '--probes-address', '127.0.0.1:0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', openSync(errors, 'a')] });
    const { stdout } = child;
    if (stdout === null) throw new Error('the controller has no standard output');
    const port = await new Promise<number>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the controller ended with ${code}`)));
      createInterface({ input: stdout }).on('line', (line) => {
        const { probesPort }: { probesPort?: number } = JSON.parse(line);
        if (probesPort !== undefined) resolve(probesPort);
      });
    });
    return new ControllerProcess(child, port);
  }

  /** Whether /readyz says so. */
  async isReady(): Promise<boolean> {
    const { ok } = await fetch(`http://127.0.0.1:${this.#probesPort}/readyz`);
    return ok;
  }

  /** The longest time the event loop stood still since the last call, in milliseconds. */
  async longestStall(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#probesPort}/metrics`);
    const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await answer.text())?.[1];
    return Math.max(0, Number(seconds) * 1_000 - SAMPLING_MS);
  }

  /** Resident memory in MiB: at present, and the most there ever was. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const mebibytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
  }

  /** Processor time used so far, in milliseconds. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}
