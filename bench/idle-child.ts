import { type ChildProcess, fork } from 'node:child_process';
import { nextReply } from './reply.js';

/** What the event loop's delay is sampled with: part of every stall that is reported. */
export const SAMPLING_MS = 10;

/** A process that does nothing: the stalls that even it has come from the machine. */
export class IdleChild {
  readonly #child: ChildProcess = fork(new URL('./idle-process.js', import.meta.url));

  /** The longest time its event loop stood still since the last call, in milliseconds. */
  async longestStall(): Promise<number> {
    const answer = nextReply<number>(this.#child, 'idle');
    this.#child.send('longest');
    return Math.max(0, (await answer) - SAMPLING_MS);
  }

  stop(): void {
    this.#child.disconnect();
  }
}
