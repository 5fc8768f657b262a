import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WorkQueue, type WorkQueueObserver, type WorkQueueOptions } from '../../../src/kube/work-queue.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

/** A handler whose every call ends only when the test says so. */
function manualHandler() {
  const running = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const started: string[] = [];
  return {
    running,
    started,
    handler: ({ key }: { key: string }) =>
      new Promise<void>((resolve, reject) => {
        started.push(key);
        const end = () => running.delete(key);
        running.set(key, {
          resolve: () => {
            end();
            resolve();
          },
          reject: (error) => {
            end();
            reject(error);
          },
        });
      }),
  };
}

function newQueue(options: Partial<WorkQueueOptions> & Pick<WorkQueueOptions, 'handler'>) {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, uniform: () => 0.5, logger: silentLogger, ...options });
  return { clock, queue };
}

describe('WorkQueue', () => {
  it('holds everything back until it is started', async () => {
    const { handler, started } = manualHandler();
    const { queue } = newQueue({ handler });
    queue.add('g', 'a');
    await settled();
    expect(started).toEqual([]);
    queue.start();
    await settled();
    expect(started).toEqual(['a']);
  });

  it('merges adds of a waiting key, and remembers an add while the key is worked on', async () => {
    const { handler, started, running } = manualHandler();
    const { queue } = newQueue({ handler });
    queue.add('g', 'a');
    queue.add('g', 'a');
    queue.start();
    await settled();
    queue.add('g', 'a');
    queue.add('g', 'a');
    await settled();
    expect(started).toEqual(['a']);
    running.get('a')?.resolve();
    await settled();
    expect(started).toEqual(['a', 'a']);
    running.get('a')?.resolve();
    await settled();
    expect(queue.size).toBe(0);
    expect(started).toEqual(['a', 'a']);
  });

  it('never lets a stuck group delay another, and keeps to each group its concurrency', async () => {
    const { handler, started, running } = manualHandler();
    const { queue } = newQueue({ handler, concurrency: (group) => (group === 'slow' ? 2 : 8) });
    queue.start();
    for (let i = 0; i < 5; i++) queue.add('slow', `slow-${i}`);
    for (let i = 0; i < 5; i++) queue.add('quick', `quick-${i}`);
    await settled();
    expect([...running.keys()].filter((key) => key.startsWith('slow'))).toEqual(['slow-0', 'slow-1']);
    expect([...running.keys()].filter((key) => key.startsWith('quick'))).toHaveLength(5);
    running.get('slow-1')?.resolve();
    await settled();
    expect(started.at(-1)).toBe('slow-2');
  });

  it('has 8 workers per group by default', async () => {
    const { handler, running } = manualHandler();
    const { queue } = newQueue({ handler });
    queue.start();
    for (let i = 0; i < 20; i++) queue.add('g', `k${i}`);
    await settled();
    expect(running.size).toBe(8);
  });

  it('takes keys by rank within a group; every fourth turn goes to whoever has waited longest', async () => {
    const { handler, started, running } = manualHandler();
    const { queue } = newQueue({
      handler,
      concurrency: () => 1,
      rank: ({ key }) => (key.startsWith('renewal') ? 0 : 1),
    });
    for (const key of ['fresh-1', 'fresh-2', 'renewal-1', 'renewal-2', 'renewal-3', 'renewal-4']) queue.add('g', key);
    queue.start();
    for (let i = 0; i < 6; i++) {
      await settled();
      running.get(started.at(-1) ?? '')?.resolve();
    }
    expect(started).toEqual(['renewal-1', 'renewal-2', 'renewal-3', 'fresh-1', 'renewal-4', 'fresh-2']);
  });

  it('gives a freed worker to the next key, to as many as there are workers, and nobody the key itself', async () => {
    const { running, started, handler } = manualHandler();
    const free = new Map<string, () => void>();
    const { queue } = newQueue({
      concurrency: () => 1,
      handler: (item, _signal, freeWorker) => {
        free.set(item.key, freeWorker);
        return handler(item);
      },
    });
    for (const key of ['a', 'b', 'c']) queue.add('g', key);
    queue.start();
    await settled();
    expect(started).toEqual(['a']);
    free.get('a')?.();
    free.get('a')?.();
    queue.add('g', 'a');
    await settled();
    expect(started).toEqual(['a', 'b']);
    // One goes on without a worker already: this one keeps its own.
    free.get('b')?.();
    await settled();
    expect(started).toEqual(['a', 'b']);
    running.get('a')?.resolve();
    await settled();
    expect(started).toEqual(['a', 'b']);
    running.get('b')?.resolve();
    await settled();
    expect(started).toEqual(['a', 'b', 'c']);
    running.get('c')?.resolve();
    await settled();
    // Added while it was worked on without a worker.
    expect(started).toEqual(['a', 'b', 'c', 'a']);
    running.get('a')?.resolve();
    await settled();
    expect(queue.size).toBe(0);
    await expect(queue.stop(0)).resolves.toBe(true);
  });

  it('waits at its stop for work without a worker, too', async () => {
    const { running, handler } = manualHandler();
    const { queue } = newQueue({
      handler: (item, _signal, freeWorker) => {
        freeWorker();
        return handler(item);
      },
    });
    queue.add('g', 'a');
    queue.start();
    await settled();
    const stopped = queue.stop(5_000);
    await settled();
    running.get('a')?.resolve();
    await expect(stopped).resolves.toBe(true);
  });

  it('moves a waiting key to the group of its latest add', async () => {
    const { handler } = manualHandler();
    const { queue } = newQueue({ handler });
    queue.add('old', 'a');
    expect(queue.depths()).toEqual([['old', 1]]);
    queue.add('new', 'a');
    expect(queue.depths()).toEqual([['new', 1]]);
  });

  it('adds later, at the earlier of two times', async () => {
    const { handler, started } = manualHandler();
    const { queue, clock } = newQueue({ handler });
    queue.start();
    queue.addAfter('g', 'a', 1_000);
    queue.addAfter('g', 'a', 5_000);
    queue.addAfter('g', 'b', 5_000);
    queue.addAfter('g', 'b', 1_000);
    await clock.advance(999);
    expect(started).toEqual([]);
    await clock.advance(1);
    expect(started).toEqual(['a', 'b']);
    expect(clock.sleeping).toBe(0);
  });

  it('does not fire at once when asked for a wait longer than timers can be', async () => {
    const { handler } = manualHandler();
    const { queue, clock } = newQueue({ handler });
    queue.start();
    queue.addAfter('g', 'a', Number.MAX_SAFE_INTEGER);
    expect(clock.nextWake).toBe(2 ** 31 - 1);
  });

  it('backs off exponentially per key, with jitter, until the key is forgotten', async () => {
    const { handler, started } = manualHandler();
    const { queue, clock } = newQueue({ handler, backoff: { initialMs: 100, maxMs: 300 } });
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      queue.addRateLimited('g', 'a');
      waits.push(clock.nextWake);
      await clock.advance(1_000);
    }
    expect(waits).toEqual([50, 100, 150, 150]);
    expect(queue.retries('a')).toBe(4);
    queue.forget('a');
    queue.addRateLimited('g', 'a');
    expect(queue.retries('a')).toBe(1);
    expect(started).toEqual([]);
  });

  it('brings a key back after its handler failed, also one that threw at once', async () => {
    let calls = 0;
    const { queue, clock } = newQueue({
      handler: () => {
        calls++;
        if (calls === 1) throw new Error('at once');
        return calls === 2 ? Promise.reject(new Error('later')) : Promise.resolve();
      },
      backoff: { initialMs: 100, maxMs: 1_000 },
    });
    queue.start();
    queue.add('g', 'a');
    await clock.advance(1_000);
    expect(calls).toBe(3);
    expect(queue.retries('a')).toBe(2);
  });

  it('tells its observer about waits, work and retries', async () => {
    const { handler, running } = manualHandler();
    const log: unknown[] = [];
    const observer: WorkQueueObserver = {
      started: (group, waited) => log.push(['started', group, waited]),
      finished: (group, took, outcome) => log.push(['finished', group, took, outcome]),
      retried: (group) => log.push(['retried', group]),
    };
    const { queue, clock } = newQueue({ handler, observer });
    queue.add('g', 'a');
    await clock.advance(10);
    queue.start();
    await clock.advance(5);
    running.get('a')?.reject(new Error('no'));
    await settled();
    expect(log).toEqual([
      ['started', 'g', 10],
      ['finished', 'g', 5, 'failed'],
      ['retried', 'g'],
    ]);
  });

  it('removes a key wherever it waits', async () => {
    const { handler, started, running } = manualHandler();
    const { queue, clock } = newQueue({ handler, concurrency: () => 1 });
    queue.start();
    queue.add('g', 'a');
    queue.add('g', 'a-waiting');
    queue.addAfter('g', 'a-delayed', 100);
    await settled();
    queue.add('g', 'a');
    for (const key of ['a', 'a-waiting', 'a-delayed', 'never-seen']) queue.remove(key);
    running.get('a')?.resolve();
    await clock.advance(1_000);
    expect(started).toEqual(['a']);
    expect(queue.size).toBe(0);
  });

  it('lets others have the event loop while thousands of keys have nothing to wait for', async () => {
    let worked = 0;
    const { queue } = newQueue({ handler: async () => void worked++ });
    for (let i = 0; i < 1_000; i++) queue.add('busy', `k${i}`);
    queue.start();
    queue.add('other', 'key');
    const seen: number[] = [];
    while (queue.size > 0) {
      await settled();
      seen.push(worked);
    }
    expect(worked).toBe(1_001);
    // Each look is one or two turns of the event loop later.
    expect(Math.max(...seen.map((count, i) => count - (seen[i - 1] ?? 0)))).toBeLessThanOrEqual(2 * 64 + 2);
  });

  describe('stop', () => {
    it('waits for the workers, drops the rest and takes nothing in', async () => {
      const { handler, started, running } = manualHandler();
      const { queue, clock } = newQueue({ handler, concurrency: () => 1 });
      queue.start();
      queue.add('g', 'a');
      queue.add('g', 'b');
      queue.addAfter('g', 'c', 10);
      await settled();
      const stopped = queue.stop(5_000);
      queue.add('g', 'd');
      queue.addRateLimited('g', 'd');
      running.get('a')?.resolve();
      await expect(stopped).resolves.toBe(true);
      await clock.advance(60_000);
      expect(started).toEqual(['a']);
      expect(clock.sleeping).toBe(0);
    });

    it('aborts the workers after the grace period, and does not wait for the deaf', async () => {
      const aborted: string[] = [];
      const { queue, clock } = newQueue({
        handler: ({ key }, signal) =>
          new Promise<void>((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted.push(key);
              if (key === 'polite') reject(signal.reason);
            });
          }),
      });
      queue.start();
      queue.add('g', 'polite');
      queue.add('g', 'deaf');
      await settled();
      const stopped = queue.stop(5_000);
      await clock.advance(5_000);
      expect(aborted).toEqual(['polite', 'deaf']);
      await clock.advance(1_000);
      await expect(stopped).resolves.toBe(false);
    });

    it('is at once when nothing runs', async () => {
      const { queue } = newQueue({ handler: () => Promise.resolve() });
      await expect(queue.stop(5_000)).resolves.toBe(true);
    });
  });

  it('property: one worker per key, limits kept, the last add of every key is worked on', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const group = fc.constantFrom('g', 'h');
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), group, key }),
      fc.record({ do: fc.constant('addAfter' as const), group, key, ms: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ do: fc.constant('addRateLimited' as const), group, key }),
      fc.record({ do: fc.constant('finish' as const), key, ok: fc.boolean() }),
      fc.record({ do: fc.constant('free' as const), key }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ do: fc.constant('forget' as const), key }),
      fc.record({ do: fc.constant('remove' as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const running = new Map<
          string,
          { group: string; mayBeFree: boolean; free: () => void; end: (ok: boolean) => void }
        >();
        // What still has to be worked on: true from an add until a worker starts after it.
        const owed = new Set<string>();
        const violations: string[] = [];
        const { queue, clock } = newQueue({
          concurrency: () => 2,
          rank: (item) => 'edcba'.indexOf(item.key),
          backoff: { initialMs: 10, maxMs: 40 },
          handler: (item, _signal, free) =>
            new Promise<void>((resolve, reject) => {
              if (running.has(item.key)) violations.push(`two workers have ${item.key}`);
              owed.delete(item.key);
              running.set(item.key, {
                group: item.group,
                mayBeFree: false,
                free,
                end: (ok) => {
                  running.delete(item.key);
                  if (ok) resolve();
                  else {
                    owed.add(item.key);
                    reject(new Error('no'));
                  }
                },
              });
              const inGroup = [...running.values()].filter((other) => other.group === item.group);
              const withoutWorker = Math.min(2, inGroup.filter(({ mayBeFree }) => mayBeFree).length);
              if (inGroup.length - withoutWorker > 2) violations.push(`${inGroup.length} at work in ${item.group}`);
            }),
        });
        queue.start();
        for (const now of steps) {
          switch (now.do) {
            case 'add':
              owed.add(now.key);
              queue.add(now.group, now.key);
              break;
            case 'addAfter':
              owed.add(now.key);
              queue.addAfter(now.group, now.key, now.ms);
              break;
            case 'addRateLimited':
              owed.add(now.key);
              queue.addRateLimited(now.group, now.key);
              break;
            case 'finish':
              running.get(now.key)?.end(now.ok);
              break;
            case 'free': {
              const work = running.get(now.key);
              if (work === undefined) break;
              work.mayBeFree = true;
              work.free();
              break;
            }
            case 'advance':
              await clock.advance(now.ms);
              break;
            case 'forget':
              queue.forget(now.key);
              break;
            case 'remove':
              owed.delete(now.key);
              queue.remove(now.key);
              break;
          }
          await settled();
        }
        for (let round = 0; round < 30 && (owed.size > 0 || running.size > 0); round++) {
          await clock.advance(100);
          for (const { end } of [...running.values()]) end(true);
          await settled();
        }
        expect(violations).toEqual([]);
        expect([...owed]).toEqual([]);
        expect(queue.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
