import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Lease } from '../../../src/api/lease.js';
import {
  LEASE_TIMINGS,
  LeaderElector,
  type LeaderElectorOptions,
  type LeaderOutcome,
  LeadershipLostError,
  leaderIdentity,
} from '../../../src/kube/leader-election.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { systemRandom } from '../../../src/runtime/random.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { type Fate, LEASE_REF, LeaseServer, skewed } from './lease-server.js';

const SECOND = 1_000;
const HOUR = 3_600_000;

/** One process that wants to lead. */
class Process {
  readonly name: string;
  readonly elector: LeaderElector;
  readonly #stop = new AbortController();
  readonly log: string[] = [];
  leading: AbortSignal | undefined;
  outcome: LeaderOutcome | undefined;
  #finishWork = () => {};
  #working = false;

  constructor(name: string, server: LeaseServer, clock: Clock, options: Partial<LeaderElectorOptions> = {}) {
    this.name = name;
    this.elector = new LeaderElector({
      client: server.client(name),
      clock,
      uniform: () => 0.5,
      logger: silentLogger,
      lease: LEASE_REF,
      identity: name,
      ...options,
    });
  }

  /** The work ends when `finish` is called, or when the lease is lost. */
  start(): this {
    void this.elector
      .run(this.#stop.signal, {
        onStartedLeading: (leading) => {
          this.log.push('started');
          this.leading = leading;
          return new Promise((resolve) => {
            this.#finishWork = () => {
              this.#working = false;
              resolve();
            };
            this.#working = true;
            leading.addEventListener('abort', this.#finishWork);
          });
        },
        onStoppedLeading: () => this.log.push('stopped'),
      })
      .then((outcome) => {
        this.outcome = outcome;
      });
    return this;
  }

  stop(): void {
    this.#stop.abort(new Error('SIGTERM'));
  }

  finish(): void {
    this.#finishWork();
  }

  get leads(): boolean {
    return this.#working;
  }
}

const setUp = () => {
  const clock = new ManualClock();
  return { clock, server: new LeaseServer(clock) };
};

const held = (by: string, extra: object = {}): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { ...LEASE_REF, resourceVersion: '1' },
  spec: {
    holderIdentity: by,
    leaseDurationSeconds: 15,
    acquireTime: '2020-01-01T00:00:00.000000Z',
    renewTime: '2020-01-01T00:00:00.000000Z',
    leaseTransitions: 4,
    ...extra,
  },
});

describe('timings', () => {
  it.each([
    ['a deadline as long as the lease', { renewDeadlineMs: 15_000 }],
    ['a retry period near the deadline', { renewDeadlineMs: 2_400 }],
    ['a lease of no whole seconds', { leaseDurationMs: 15_500 }],
    ['no retry period', { retryPeriodMs: 0 }],
    ['something that is no number', { retryPeriodMs: Number.NaN }],
  ])('refuse %s', (_what, timings) => {
    const { clock, server } = setUp();
    expect(() => new Process('a', server, clock, { timings })).toThrow(RangeError);
  });

  it('are 15 s, 10 s and 2 s unless said otherwise', () => {
    expect(LEASE_TIMINGS).toEqual({ leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 });
  });
});

it('names processes by host and something unique', () => {
  const [one, two] = [leaderIdentity(systemRandom, 'pod-1'), leaderIdentity(systemRandom, 'pod-1')];
  expect(one).toMatch(/^pod-1_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(one).not.toBe(two);
});

describe('a candidate', () => {
  it('makes the lease when there is none, and leads', async () => {
    const { clock, server } = setUp();
    const a = new Process('a', server, clock).start();
    await clock.advance(0);
    expect(a.log).toEqual(['started']);
    expect(a.elector).toMatchObject({ isLeading: true, holder: 'a' });
    expect(server.lease?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it.each([
    ['long ago', '2020-01-01T00:00:00.000000Z'],
    ['in the future', '2030-01-01T00:00:00.000000Z'],
    ['never', undefined],
  ])('waits a full lease from its first look, whether the lease says it was renewed %s', async (_when, renewTime) => {
    const { clock, server } = setUp();
    server.lease = held('dead', { renewTime });
    const a = new Process('a', server, clock).start();
    await clock.advance(15 * SECOND - 1);
    expect(a.leads).toBe(false);
    expect(a.elector.holder).toBe('dead');
    // Not at its next look, but at once.
    await clock.advance(1);
    expect(a.leads).toBe(true);
    expect(server.lease.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
  });

  it('starts to wait anew whenever the lease changes', async () => {
    const { clock, server } = setUp();
    server.lease = held('slow');
    const a = new Process('a', server, clock).start();
    for (let i = 0; i < 5; i++) {
      await clock.advance(14 * SECOND);
      server.edit((lease) => ({ ...lease, spec: { ...lease.spec, renewTime: `2020-01-01T00:00:0${i + 1}.000000Z` } }));
    }
    expect(a.leads).toBe(false);
    await clock.advance(18 * SECOND);
    expect(a.leads).toBe(true);
  });

  it('keeps to the duration that the holder wrote, not to its own', async () => {
    const { clock, server } = setUp();
    server.lease = held('old version', { leaseDurationSeconds: 60 });
    const a = new Process('a', server, clock).start();
    await clock.advance(59 * SECOND);
    expect(a.leads).toBe(false);
    await clock.advance(SECOND);
    expect(a.leads).toBe(true);
  });

  it('takes a lease that was given back at once', async () => {
    const { clock, server } = setUp();
    server.lease = held('', { leaseDurationSeconds: 1 });
    const a = new Process('a', server, clock).start();
    await clock.advance(0);
    expect(a.leads).toBe(true);
  });

  it('waits for a holder whose lease was deleted: the holder does not know yet', async () => {
    const { clock, server } = setUp();
    server.lease = held('b');
    const a = new Process('a', server, clock).start();
    await clock.advance(SECOND);
    server.lease = undefined;
    await clock.advance(13 * SECOND);
    expect(a.leads).toBe(false);
    await clock.advance(SECOND);
    expect(a.leads).toBe(true);
  });

  it('that loses the race for a free lease goes on waiting', async () => {
    const { clock, server } = setUp();
    server.lease = held('', {});
    const [a, b] = [new Process('a', server, clock).start(), new Process('b', server, clock).start()];
    await clock.advance(0);
    expect([a.leads, b.leads]).toEqual([true, false]);
    expect(server.calls).toEqual(['a get', 'b get', 'a update', 'b update']);
    await clock.advance(HOUR);
    expect([a.leads, b.leads]).toEqual([true, false]);
  });

  it('finds itself the holder when only the answer was lost', async () => {
    const { clock, server } = setUp();
    server.fate = (_, verb) => (verb === 'create' ? { outcome: 'lost' } : {});
    const a = new Process('a', server, clock).start();
    await clock.advance(0);
    expect(a.leads).toBe(false);
    await clock.advance(3 * SECOND);
    expect(a.leads).toBe(true);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  it('outlasts an API server that refuses, and one that hangs', async () => {
    const { clock, server } = setUp();
    server.fate = () => ({ outcome: 'refused' });
    const a = new Process('a', server, clock).start();
    await clock.advance(HOUR);
    server.fate = () => ({ outcome: 'hangs' });
    await clock.advance(HOUR);
    server.fate = () => ({});
    await clock.advance(10 * SECOND);
    expect(a.leads).toBe(true);
  });

  it('ends when it is told to, without a lease', async () => {
    const { clock, server } = setUp();
    server.lease = held('b');
    const a = new Process('a', server, clock).start();
    await clock.advance(SECOND);
    a.stop();
    await settled();
    expect(a).toMatchObject({ outcome: 'stopped', log: [] });
    expect(server.lease).toEqual(held('b'));
    expect(clock.sleeping).toBe(0);
  });

  it('that is told to end while the lease comes gives it back', async () => {
    const { clock, server } = setUp();
    server.fate = (_, verb) => (verb === 'create' ? { after: SECOND } : {});
    const a = new Process('a', server, clock).start();
    await clock.advance(500);
    a.stop();
    await clock.advance(SECOND);
    expect(a).toMatchObject({ outcome: 'stopped', log: [] });
    expect(server.lease?.spec?.holderIdentity).toBe('');
  });
});

describe('a leader', () => {
  const leading = async () => {
    const { clock, server } = setUp();
    const a = new Process('a', server, clock).start();
    await clock.advance(0);
    return { clock, server, a };
  };

  it('renews every retry period, and each renewal changes the lease', async () => {
    const { clock, server } = await leading();
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) {
      await clock.advance(2 * SECOND);
      seen.add(server.lease?.spec?.renewTime);
    }
    expect(seen.size).toBe(5);
    expect(server.calls.filter((call) => call === 'a update')).toHaveLength(5);
    expect(server.lease?.spec?.acquireTime).toBe('2026-01-01T00:00:00.000000Z');
  });

  it('with a clock that stands still changes the lease all the same', async () => {
    const { clock, server } = setUp();
    const frozen: Clock = { ...skewed(clock, 0), now: () => new Date('2026-01-01T00:00:00Z') };
    const a = new Process('a', server, frozen).start();
    const b = new Process('b', server, clock).start();
    await clock.advance(HOUR);
    expect([a.leads, b.leads]).toEqual([true, false]);
  });

  it.each([
    ['refuses', { outcome: 'refused' }],
    ['hangs', { outcome: 'hangs' }],
    ['answers too late', { before: 6 * SECOND }],
  ] as const)('stops when the API server %s for the renew deadline', async (_what, fate: Fate) => {
    const { clock, server, a } = await leading();
    server.fate = () => fate;
    await clock.advance(10 * SECOND - 1);
    expect(a.leads).toBe(true);
    await clock.advance(1);
    expect(a.leading?.aborted).toBe(true);
    expect(a.leading?.reason).toBeInstanceOf(LeadershipLostError);
    expect(a).toMatchObject({ outcome: 'lost', log: ['started', 'stopped'] });
    expect(a.elector.isLeading).toBe(false);
  });

  it('goes on when the API server comes back in time', async () => {
    const { clock, server, a } = await leading();
    for (let i = 0; i < 10; i++) {
      server.fate = () => ({ outcome: 'refused' });
      await clock.advance(7 * SECOND);
      server.fate = () => ({});
      await clock.advance(3 * SECOND);
    }
    expect(a.leads).toBe(true);
  });

  it('knows by the clock that it no longer leads, even when a stall keeps timers from firing', async () => {
    const { clock, server } = setUp();
    let stall = 0;
    const a = new Process('a', server, { ...skewed(clock, 0), monotonic: () => clock.monotonic() + stall }).start();
    await clock.advance(0);
    expect(a.elector.isLeading).toBe(true);
    stall = 11 * SECOND;
    expect(a.elector.isLeading).toBe(false);
  });

  it('stops at once when somebody else holds the lease', async () => {
    const { clock, server, a } = await leading();
    server.edit((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: 'b' } }));
    await clock.advance(2 * SECOND);
    expect(a).toMatchObject({ outcome: 'lost', log: ['started', 'stopped'] });
    expect(server.lease?.spec?.holderIdentity).toBe('b');
  });

  it('keeps a lease that somebody has put a label on', async () => {
    const { clock, server, a } = await leading();
    server.edit((lease) => ({ ...lease, metadata: { ...lease.metadata, labels: { looked: 'at' } } }));
    await clock.advance(5 * SECOND);
    expect(a.leads).toBe(true);
    expect(server.lease?.metadata.labels).toEqual({ looked: 'at' });
  });

  it('keeps the lease when answers to renewals are lost', async () => {
    const { clock, server, a } = await leading();
    let turn = 0;
    server.fate = (_, verb) => (verb === 'update' && turn++ % 3 === 0 ? { outcome: 'lost' } : {});
    await clock.advance(60 * SECOND);
    expect(a.leads).toBe(true);
  });

  it('makes a deleted lease anew', async () => {
    const { clock, server, a } = await leading();
    server.lease = undefined;
    await clock.advance(2 * SECOND);
    expect(a.leads).toBe(true);
    expect(server.lease).toMatchObject({ spec: { holderIdentity: 'a', leaseTransitions: 1 } });
  });

  it('keeps the lease until its work has ended, then gives it back', async () => {
    const { clock, server, a } = await leading();
    const b = new Process('b', server, clock).start();
    await clock.advance(SECOND);
    a.stop();
    await clock.advance(30 * SECOND);
    expect([a.leads, b.leads]).toEqual([true, false]);
    a.finish();
    await settled();
    expect(a).toMatchObject({ outcome: 'stopped', log: ['started', 'stopped'] });
    expect(a.leading?.aborted).toBe(false);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(3 * SECOND);
    expect(b.leads).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 1 });
  });

  it('whose lease cannot be given back ends all the same', async () => {
    const { clock, server, a } = await leading();
    server.fate = () => ({ outcome: 'hangs' });
    a.stop();
    a.finish();
    await clock.advance(6 * SECOND);
    expect(a.outcome).toBe('stopped');
    expect(clock.sleeping).toBe(0);
  });

  it('passes on what its work throws, and gives the lease back', async () => {
    const { clock, server } = setUp();
    const { elector } = new Process('a', server, clock);
    const broken = { onStartedLeading: () => Promise.reject(new Error('the work broke')) };
    await expect(elector.run(new AbortController().signal, broken)).rejects.toThrow('the work broke');
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(elector.isLeading).toBe(false);
  });

  it('may end its work with the reason it was stopped for', async () => {
    const { clock, server } = setUp();
    const { elector } = new Process('a', server, clock);
    const outcome = elector.run(new AbortController().signal, {
      onStartedLeading: (leading) =>
        new Promise((_resolve, reject) => leading.addEventListener('abort', () => reject(leading.reason))),
    });
    await clock.advance(0);
    server.fate = () => ({ outcome: 'refused' });
    await clock.advance(10 * SECOND);
    await expect(outcome).resolves.toBe('lost');
  });

  it('that was killed is followed within lease duration and a retry period', async () => {
    const { clock, server, a } = await leading();
    const b = new Process('b', server, clock).start();
    await clock.advance(61 * SECOND);
    server.fate = (caller) => (caller === 'a' ? { outcome: 'hangs' } : {});
    await clock.advance(15 * SECOND + 1.2 * 2 * SECOND);
    expect([a.leads, b.leads]).toEqual([false, true]);
  });
});

it('has never two leaders, whatever network and clocks do, and one again when they recover', async () => {
  const fate: fc.Arbitrary<Fate> = fc.record({
    before: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 20 * SECOND })),
    after: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 20 * SECOND })),
    outcome: fc.oneof(
      { weight: 4, arbitrary: fc.constant('answered' as const) },
      fc.constantFrom('refused' as const, 'lost' as const, 'hangs' as const),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: 1, maxLength: 60 }),
      fc.tuple(fc.integer({ min: -HOUR, max: HOUR }), fc.integer({ min: -HOUR, max: HOUR })),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 3, maxLength: 9 }),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (fates, [skewB, skewC], draws, restarts) => {
        const { clock, server } = setUp();
        let turn = 0;
        server.fate = () => fates[turn++ % fates.length] ?? {};
        let draw = 0;
        const uniform = () => draws[draw++ % draws.length] ?? 0;
        const clocks = [clock, skewed(clock, skewB), skewed(clock, skewC)];
        let born = 0;
        const begin = (place: number) => new Process(`p${born++}`, server, clocks[place] ?? clock, { uniform }).start();
        const everybody = clocks.map((_, place) => begin(place));
        const ended: Process[] = [];
        for (let step = 0; step < 40; step++) {
          await clock.advance(3 * SECOND);
          const leaders = [...everybody, ...ended].filter((one) => one.leads);
          if (leaders.length > 1) throw new Error(`${leaders.map(({ name }) => name).join(' and ')} lead`);
          for (const [place, one] of everybody.entries()) {
            if (restarts[step] === true && place === step % 3) {
              one.stop();
              one.finish();
            }
            if (one.outcome === undefined) continue;
            ended.push(one);
            everybody[place] = begin(place);
          }
        }
        server.fate = () => ({});
        await clock.advance(90 * SECOND);
        expect([...everybody, ...ended].filter((one) => one.leads)).toHaveLength(1);
      },
    ),
    { numRuns: 40 },
  );
});
