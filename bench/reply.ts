import type { ChildProcess } from 'node:child_process';

/** The next message of a child process. Rejects when it ends instead. */
export function nextReply<T>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`the ${name} process ended`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}
