import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/runtime/package-root.js';

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A long-running subcommand: the bundle that users get, as a process of its own that logs JSON lines. */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #raw: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and waits for the log line with the message `ready`. */
  static async start(
    args: readonly string[],
    ready: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandProcess> {
    const command = join(packageRoot(), 'dist', 'cmpv2-issuer.js');
    const child = spawn(process.execPath, [command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const started = new CommandProcess(child);
    await started.#until(ready);
    return started;
  }

  /** Everything it printed. */
  get output(): string {
    return this.#raw.join('\n');
  }

  find(msg: string, fields: Readonly<Record<string, unknown>> = {}): LogLine | undefined {
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

  /** Stands still without knowing it, as in a machine that is suspended, until `resume`. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Its exit code once it has ended, by itself or not; undefined as long as it runs. */
  get exitCode(): number | null | undefined {
    return this.#child.signalCode === null ? (this.#child.exitCode ?? undefined) : null;
  }

  /** Of the process, for the files below /proc. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  #until(ready: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { stdout, stderr } = this.#child;
      if (stdout === null || stderr === null) throw new TypeError('the output of the command is not piped');
      createInterface({ input: stderr }).on('line', (line) => this.#raw.push(line));
      createInterface({ input: stdout }).on('line', (text) => {
        this.#raw.push(text);
        const line: LogLine = JSON.parse(text);
        this.lines.push(line);
        if (line.msg === ready) resolve();
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`the command ended with ${code}:\n${this.output}`)));
    });
  }
}
