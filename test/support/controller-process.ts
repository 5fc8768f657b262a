import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/runtime/package-root.js';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** The real controller: the bundle that users get, as a process of its own. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #raw: string[] = [];
  #probesPort = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it with this kubeconfig file and waits until it is ready. */
  static async start(kubeconfig: string, ...args: string[]): Promise<ControllerProcess> {
    const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
    const child = spawn(
      process.execPath,
      [command, 'controller', '--kubeconfig', kubeconfig, '--probes-address', '127.0.0.1:0', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const started = new ControllerProcess(child);
    await started.#ready();
    return started;
  }

  get probesUrl(): string {
    return `http://127.0.0.1:${this.#probesPort}`;
  }

  /** Everything it printed. */
  get output(): string {
    return this.#raw.join('\n');
  }

  find(msg: string, fields: LogLine | Record<string, unknown> = {}): LogLine | undefined {
    return this.lines.find(
      (line) => line.msg === msg && Object.entries(fields).every(([name, value]) => line[name] === value),
    );
  }

  /** Ends it with SIGTERM (or at once with SIGKILL) and gives its exit code. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exit;
    }
    return this.#child.exitCode;
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { stdout, stderr } = this.#child;
      if (stdout === null || stderr === null) throw new TypeError('the output of the controller is not piped');
      createInterface({ input: stderr }).on('line', (line) => this.#raw.push(line));
      createInterface({ input: stdout }).on('line', (text) => {
        this.#raw.push(text);
        const line: LogLine = JSON.parse(text);
        this.lines.push(line);
        if (line.msg === 'controller started') this.#probesPort = Number(line['probesPort']);
        if (line.msg === 'caches are filled, working') resolve();
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`the controller ended with ${code}:\n${this.output}`)));
    });
  }
}
