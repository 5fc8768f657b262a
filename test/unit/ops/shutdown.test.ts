import { EventEmitter } from 'node:events';
import { expect, it, jest } from '@jest/globals';
import { type SignalSource, untilSignalled } from '../../../src/ops/shutdown.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { silentLogger } from '../../../src/runtime/logger.js';

class Process extends EventEmitter implements SignalSource {
  readonly exit = jest.fn<(code: number) => void>();
}

/** A clock whose only sleep is ended by hand. */
function handClock() {
  let wake: () => void = () => {};
  const clock: Clock = {
    now: () => new Date(0),
    monotonic: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        wake = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    after: () => () => {},
  };
  return { clock, wake: () => wake() };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

it.each(['SIGTERM', 'SIGINT'] as const)('ends the work at %s and leaves no handler behind', async (name) => {
  const process = new Process();
  const done = untilSignalled(untilAborted, {
    process,
    clock: handClock().clock,
    logger: silentLogger,
    deadlineMs: 10,
  });
  process.emit(name);
  await done;
  expect(process.exit).not.toHaveBeenCalled();
  expect(process.listenerCount(name)).toBe(0);
});

it.each([
  ['the deadline passes', (_process: Process, wake: () => void) => wake()],
  ['a second signal comes', (process: Process) => void process.emit('SIGTERM')],
])('exits when %s', async (_name, trigger) => {
  const process = new Process();
  const { clock, wake } = handClock();
  let release: () => void = () => {};
  const stuck = () => new Promise<void>((resolve) => (release = resolve));
  const done = untilSignalled(stuck, { process, clock, logger: silentLogger, deadlineMs: 10 });
  process.emit('SIGTERM');
  trigger(process, wake);
  await new Promise((resolve) => setImmediate(resolve));
  expect(process.exit).toHaveBeenCalledWith(1);
  release();
  await done;
});
