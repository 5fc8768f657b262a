import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

/** Where signals come from and where the process ends: `process`, as a seam. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', handler: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', handler: () => void): unknown;
  exit(code: number): void;
}

/**
 * Runs `work` until it ends. The first SIGTERM or SIGINT aborts its signal; when it has not ended `deadlineMs` later,
 * or when a second signal comes, the process exits with 1.
 */
export async function untilSignalled(
  work: (signal: AbortSignal) => Promise<void>,
  options: {
    readonly process: SignalSource;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly deadlineMs: number;
  },
): Promise<void> {
  const stop = new AbortController();
  const finished = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) {
      options.process.exit(1);
      return;
    }
    options.logger.info({ deadlineMs: options.deadlineMs }, 'shutting down');
    stop.abort(new Error('the process was asked to stop'));
    options.clock.sleep(options.deadlineMs, finished.signal).then(
      () => {
        options.logger.error({ deadlineMs: options.deadlineMs }, 'shutdown took too long, leaving the rest');
        options.process.exit(1);
      },
      () => {},
    );
  };
  options.process.on('SIGTERM', onSignal);
  options.process.on('SIGINT', onSignal);
  try {
    await work(stop.signal);
  } finally {
    finished.abort();
    options.process.off('SIGTERM', onSignal);
    options.process.off('SIGINT', onSignal);
  }
}
