import type { Clock } from '../../runtime/clock.js';
import { startDeadline } from '../../runtime/deadline.js';

/** Not in time. Has the code of a connection that timed out. */
class Late extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Runs `work` for at most so many milliseconds; what outlives that is not waited for. Rejects with the signal's reason. */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const late = () => new Late(`no answer within ${milliseconds / 1000} s`);
  const deadline = startDeadline(clock, milliseconds, late, signal);
  const over = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(deadline.signal), over]);
  } finally {
    deadline.release();
  }
}
