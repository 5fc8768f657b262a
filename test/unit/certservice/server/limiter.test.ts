import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Limiter, QueueFullError } from '../../../../src/certservice/server/limiter.js';

const never = new AbortController().signal;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that ends when told to. */
function work() {
  let end = () => {};
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  let began = false;
  return {
    get began() {
      return began;
    },
    end,
    run: () => {
      began = true;
      return promise;
    },
  };
}

describe('a limiter', () => {
  it('lets the next begin when one ends, in the order of arrival', async () => {
    const limiter = new Limiter(1, 10);
    const jobs = [work(), work(), work()];
    const runs = jobs.map((job) => limiter.run(never, job.run));
    for (const [index, job] of jobs.entries()) {
      await turn();
      expect(jobs.map(({ began }) => began)).toEqual(jobs.map((_job, at) => at <= index));
      job.end();
    }
    await Promise.all(runs);
  });

  it('turns away those for whom there is no place to wait', async () => {
    const limiter = new Limiter(1, 1);
    const [running, waiting] = [work(), work()];
    const runs = [running, waiting].map((job) => limiter.run(never, job.run));
    await expect(limiter.run(never, async () => {})).rejects.toBeInstanceOf(QueueFullError);
    running.end();
    waiting.end();
    await Promise.all(runs);
    await limiter.run(never, async () => {});
  });

  it('forgets who leaves while waiting', async () => {
    const limiter = new Limiter(1, 1);
    const running = work();
    const first = limiter.run(never, running.run);
    const leaving = new AbortController();
    const left = limiter.run(leaving.signal, async () => 'ran');
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    const next = limiter.run(never, async () => 'next');
    running.end();
    await first;
    expect(await next).toBe('next');
  });

  it('never runs more than it may, whatever fails, and gets through with all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.boolean(), { maxLength: 20 }),
        async (most, fails) => {
          const limiter = new Limiter(most, 100);
          let running = 0;
          let peak = 0;
          const results = await Promise.allSettled(
            fails.map((fail) =>
              limiter.run(never, async () => {
                running += 1;
                peak = Math.max(peak, running);
                await turn();
                running -= 1;
                if (fail) throw new Error('failed');
              }),
            ),
          );
          expect(results.map(({ status }) => status === 'rejected')).toEqual(fails);
          expect(peak).toBeLessThanOrEqual(most);
        },
      ),
      { numRuns: 25 },
    );
  });
});
