import { type ChildProcess, fork } from 'node:child_process';
import { nextReply } from './reply.js';

export type Command =
  | { readonly do: 'fill'; readonly count: number; readonly ours: boolean; readonly selectable: boolean }
  | { readonly do: 'wait for the issuer' }
  | { readonly do: 'issue'; readonly count: number };

export interface Reply {
  readonly kubeconfig?: string;
  readonly seconds?: number;
}

/** Our end of sandbox-process.ts. */
export class SandboxChild {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<SandboxChild> {
    const child = fork(new URL('./sandbox-process.js', import.meta.url));
    const sandbox = new SandboxChild(child);
    await sandbox.#reply();
    return sandbox;
  }

  async ask(command: Command): Promise<Reply> {
    const reply = this.#reply();
    this.#child.send(command);
    return reply;
  }

  stop(): void {
    this.#child.disconnect();
  }

  #reply(): Promise<Reply> {
    return nextReply<Reply>(this.#child, 'sandbox');
  }
}
