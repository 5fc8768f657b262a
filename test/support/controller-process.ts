import { CommandProcess, type LogLine } from './command-process.js';

export type { LogLine };

/** The real controller: the bundle that users get, as a process of its own. */
export class ControllerProcess {
  readonly #command: CommandProcess;

  private constructor(command: CommandProcess) {
    this.#command = command;
  }

  /** Starts it with this kubeconfig file and waits until its caches are filled. */
  static async start(kubeconfig: string, ...args: string[]): Promise<ControllerProcess> {
    const all = ['controller', '--kubeconfig', kubeconfig, '--probes-address', '127.0.0.1:0', ...args];
    return new ControllerProcess(await CommandProcess.start(all, 'caches are filled'));
  }

  get probesUrl(): string {
    return `http://127.0.0.1:${Number(this.find('controller started')?.['probesPort'])}`;
  }

  get lines(): readonly LogLine[] {
    return this.#command.lines;
  }

  /** Everything it printed. */
  get output(): string {
    return this.#command.output;
  }

  find(msg: string, fields: Readonly<Record<string, unknown>> = {}): LogLine | undefined {
    return this.#command.find(msg, fields);
  }

  /** Stands still without knowing it until `resume`. */
  pause(): void {
    this.#command.pause();
  }

  resume(): void {
    this.#command.resume();
  }

  /** Its exit code once it has ended; null if a signal ended it; undefined as long as it runs. */
  get exitCode(): number | null | undefined {
    return this.#command.exitCode;
  }

  get pid(): number | undefined {
    return this.#command.pid;
  }

  /** Ends it with SIGTERM (or at once with SIGKILL) and gives its exit code. */
  stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    return this.#command.stop(signal);
  }
}
