import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject, ResourceType } from '../../../src/api/meta.js';
import { apiErrorFromStatus, TransportError } from '../../../src/kube/api-error.js';
import type { ObjectList, WatchEvent } from '../../../src/kube/client.js';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector.js';
import type { ReflectorState } from '../../../src/kube/reflector-types.js';
import { MalformedWatchError } from '../../../src/kube/watch-lines.js';
import { type Logger, silentLogger } from '../../../src/runtime/logger.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { status } from './http-fixture.js';
import { type ListStep, ScriptedClient, type WatchStep } from './scripted-client.js';

const TYPE: ResourceType = { group: 'example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };

interface Thing extends KubeObject {
  readonly colour?: string;
}

function thing(name: string, resourceVersion: string, more: { uid?: string; colour?: string } = {}): Thing {
  const { uid = `uid-${name}`, ...rest } = more;
  return {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { namespace: 'ns', name, uid, resourceVersion },
    ...rest,
  };
}

function page(resourceVersion: string, items: Thing[], next?: string): ObjectList<Thing> {
  return { items, resourceVersion, ...(next !== undefined && { continue: next }) };
}

const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Thing): WatchEvent<Thing> => ({ type, object });
const bookmark = (resourceVersion: string): WatchEvent<Thing> => ({ type: 'BOOKMARK', resourceVersion });
const failure = (code: number, reason: string, details: object = {}) =>
  apiErrorFromStatus(status(code, reason, `refused: ${code}`, details), code);

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(
  lists: ListStep<Thing>[],
  watches: WatchStep<Thing>[],
  options: Partial<ReflectorOptions<Thing>> & { logger?: Logger } = {},
) {
  const client = new ScriptedClient<Thing>(lists, watches);
  const clock = new ManualClock();
  const told: string[] = [];
  const states: ReflectorState[] = [];
  const relists: string[] = [];
  const reflector = new Reflector<Thing>({
    client,
    type: TYPE,
    clock,
    uniform: () => 0.5,
    logger: silentLogger,
    observer: {
      stateChanged: (_, state) => states.push(state),
      relisted: (_, reason) => relists.push(reason),
    },
    ...options,
  });
  const describeThing = ({ metadata }: Thing) => `${metadata.name}@${metadata.resourceVersion}`;
  reflector.addHandler({
    added: (object) => told.push(`+${describeThing(object)}`),
    updated: (before, after) => told.push(`~${describeThing(before)}>${describeThing(after)}`),
    deleted: (last, unknown) => told.push(`-${describeThing(last)}${unknown ? '?' : ''}`),
  });
  const controller = new AbortController();
  const run = reflector.run(controller.signal);
  const stop = async () => {
    controller.abort(new Error('the test is over'));
    await run;
  };
  stops.push(stop);
  return { client, clock, told, states, relists, reflector, stop };
}

interface Scenario {
  readonly what: string;
  readonly lists: ListStep<Thing>[];
  readonly watches: WatchStep<Thing>[];
  readonly told: string[];
  /** From where each watch started. */
  readonly from?: string[];
  readonly relists?: string[];
}

const SCENARIOS: Scenario[] = [
  {
    what: 'pages through a list and watches from its resourceVersion',
    lists: [page('10', [thing('a', '1'), thing('b', '2')], 'more'), page('10', [thing('c', '3')])],
    watches: [],
    told: ['+a@1', '+b@2', '+c@3'],
    from: ['10'],
  },
  {
    what: 'tells changes in order',
    lists: [page('10', [])],
    watches: [
      [
        event('ADDED', thing('a', '11')),
        event('MODIFIED', thing('a', '12')),
        event('DELETED', thing('a', '13')),
        'silence',
      ],
    ],
    told: ['+a@11', '~a@11>a@12', '-a@13'],
  },
  {
    what: 'goes on from the last event after a clean end, without a list',
    lists: [page('10', [])],
    watches: [[event('ADDED', thing('a', '11'))], [event('MODIFIED', thing('a', '12')), 'silence']],
    told: ['+a@11', '~a@11>a@12'],
    from: ['10', '11'],
    relists: ['start'],
  },
  {
    what: 'goes on from a bookmark, which changes nothing else',
    lists: [page('10', [thing('a', '1')])],
    watches: [[bookmark('50')], ['silence']],
    told: ['+a@1'],
    from: ['10', '50'],
  },
  {
    what: 'goes on from the last event after a broken connection',
    lists: [page('10', [])],
    watches: [[event('ADDED', thing('a', '11')), new TransportError('reset', 'cut')], ['silence']],
    told: ['+a@11'],
    from: ['10', '11'],
    relists: ['start'],
  },
  {
    what: 'lists again after 410 as an event, and tells only the difference',
    lists: [
      page('10', [thing('same', '1'), thing('changed', '2'), thing('gone', '3')]),
      page('20', [thing('same', '1'), thing('changed', '15'), thing('new', '16')]),
    ],
    watches: [[{ type: 'ERROR', error: failure(410, 'Expired') }], ['silence']],
    told: ['+same@1', '+changed@2', '+gone@3', '~changed@2>changed@15', '+new@16', '-gone@3?'],
    from: ['10', '20'],
    relists: ['start', 'expired'],
  },
  {
    what: 'lists again after 410 as an HTTP status',
    lists: [page('10', [thing('a', '1')]), page('20', [])],
    watches: [[failure(410, 'Gone')], ['silence']],
    told: ['+a@1', '-a@1?'],
    from: ['10', '20'],
    relists: ['start', 'expired'],
  },
  {
    what: 'lists again after any other ERROR event',
    lists: [page('10', []), page('20', [thing('a', '12')])],
    watches: [[{ type: 'ERROR', error: failure(500, 'InternalError') }], ['silence']],
    told: ['+a@12'],
    from: ['10', '20'],
    relists: ['start', 'error-event'],
  },
  {
    what: 'lists again after a malformed event, because nobody knows what it said',
    lists: [page('10', []), page('20', [thing('a', '12')])],
    watches: [[new MalformedWatchError('half a line')], ['silence']],
    told: ['+a@12'],
    from: ['10', '20'],
    relists: ['start', 'malformed-event'],
  },
  {
    what: 'takes the same name with another uid for another object',
    lists: [page('10', [thing('a', '1', { uid: 'first' })]), page('20', [thing('a', '15', { uid: 'third' })])],
    watches: [
      [event('MODIFIED', thing('a', '11', { uid: 'second' })), { type: 'ERROR', error: failure(410, 'Expired') }],
      ['silence'],
    ],
    told: ['+a@1', '-a@1?', '+a@11', '-a@11?', '+a@15'],
  },
  {
    what: 'lists in one piece when the continue token expires',
    lists: [page('10', [thing('a', '1')], 'more'), failure(410, 'Expired'), page('20', [thing('b', '2')])],
    watches: [],
    told: ['+a@1', '+b@2', '-a@1?'],
    from: ['20'],
    relists: ['start', 'expired'],
  },
  {
    what: 'keeps trying while the server is down',
    lists: [new TransportError('unreachable', 'refused'), failure(503, 'ServiceUnavailable'), page('10', [])],
    watches: [],
    told: [],
    from: ['10'],
    relists: ['start', 'list-failed', 'list-failed'],
  },
  {
    what: 'ignores an event that repeats what it has',
    lists: [page('10', [thing('a', '1')])],
    watches: [[event('MODIFIED', thing('a', '1')), event('DELETED', thing('never-seen', '2')), 'silence']],
    told: ['+a@1'],
  },
];

describe('Reflector', () => {
  it.each(SCENARIOS)('$what', async ({ lists, watches, told, from, relists }) => {
    const run = start([...lists], [...watches]);
    await run.clock.advance(10_000);
    expect(run.told).toEqual(told);
    if (from !== undefined) expect(run.client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(from);
    if (relists !== undefined) expect(run.relists).toEqual(relists);
  });

  it('asks for pages, and for a watch whose end is spread over 5 to 10 minutes', async () => {
    const { client, clock } = start([page('10', [], 'token'), page('10', [])], [], {
      labelSelector: 'a=b',
      namespace: 'ns',
    });
    await clock.advance(0);
    expect(client.lists).toMatchObject([
      { limit: 100, continue: undefined, labelSelector: 'a=b', namespace: 'ns' },
      { limit: 100, continue: 'token', labelSelector: 'a=b' },
    ]);
    expect(client.watches).toMatchObject([{ timeoutSeconds: 450, labelSelector: 'a=b', namespace: 'ns' }]);
  });

  it('backs off with growing jittered waits, and starts anew once healthy', async () => {
    const down = new TransportError('unreachable', 'refused');
    const { client, clock } = start([down, down, down, page('10', [])], [[down], [bookmark('11'), down]]);
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      await settled();
      waits.push(clock.nextWake);
      await clock.advance(clock.nextWake ?? 0);
    }
    expect(waits).toEqual([400, 800, 1_600, 3_200, 400]);
    expect(client.watches).toHaveLength(3);
  });

  it('waits as long as Retry-After asks, with jitter on top, but never for hours', async () => {
    const busy = (seconds: number) => apiErrorFromStatus(status(429, 'TooManyRequests', 'busy'), 429, seconds);
    const { clock } = start([busy(5), busy(86_400), page('10', [])], []);
    await settled();
    expect(clock.nextWake).toBe(5_400);
    await clock.advance(5_400);
    expect(clock.nextWake).toBe(60_800);
  });

  it('complains once about what stays as it is, and says when it is over', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: ({ reason }) => lines.push(`warn ${String(reason)}`),
      info: (_, message) => lines.push(`info ${message}`),
      child: () => logger,
    };
    const [missing, down] = [failure(404, 'NotFound'), failure(503, 'ServiceUnavailable')];
    const { clock } = start([missing, missing, missing, down, page('10', [])], [], { logger });
    await clock.advance(60_000);
    expect(lines).toEqual(['warn refused: 404', 'warn refused: 503', 'info the API server answers again']);
  });

  it('does not spin when the server closes each watch at once', async () => {
    const { client, clock } = start([page('10', [])], [[], [], [], ['silence']]);
    await settled();
    expect(client.watches).toHaveLength(1);
    await clock.advance(10_000);
    expect(client.watches).toHaveLength(4);
  });

  it('breaks off a silent watch and opens another one from the same place', async () => {
    const { client, clock, reflector } = start([page('10', [])], [['silence'], ['silence']]);
    await clock.advance(149_999);
    expect(client.watches).toHaveLength(1);
    expect(reflector.stalenessMs).toBe(149_999);
    await clock.advance(1_000);
    expect(client.watches.map(({ resourceVersion }) => resourceVersion)).toEqual(['10', '10']);
  });

  it('says why its cache is not to be relied on: never filled, or an API server that hangs', async () => {
    const bookmark: WatchEvent<Thing> = { type: 'BOOKMARK', resourceVersion: '12' };
    const { clock, reflector } = start(
      [failure(503, 'ServiceUnavailable'), page('10', [])],
      [['silence'], [bookmark, 'silence'], ['silence'], ['silence']],
    );
    await settled();
    expect(reflector.problem(180_000)).toMatch(/: no complete list yet \(backing-off\)$/);
    await clock.advance(1_000);
    expect(reflector.problem(180_000)).toBeUndefined();
    await clock.advance(179_000);
    // The second watch brought a bookmark.
    expect(reflector.problem(180_000)).toBeUndefined();
    await clock.advance(185_000);
    expect(reflector.problem(180_000)).toMatch(/: nothing heard from the API server for \d+ s \(/);
  });

  it.each<[string, Error, ReflectorState]>([
    ['a CRD that is not installed', failure(404, 'NotFound'), 'type-missing'],
    ['missing permission', failure(403, 'Forbidden'), 'forbidden'],
    ['an outage', failure(500, 'InternalError'), 'backing-off'],
  ])('reports %s as its state and goes on when it is repaired', async (_, error, state) => {
    const { clock, reflector, states } = start([error, error, page('10', [])], []);
    await settled();
    expect(reflector.state).toBe(state);
    expect(reflector.hasSynced).toBe(false);
    await clock.advance(5_000);
    expect(states).toEqual(['listing', state, 'listing', state, 'listing', 'watching']);
    expect(reflector.hasSynced).toBe(true);
  });

  it.each<[string, Error, boolean]>([
    ['the CRD is not installed', failure(404, 'NotFound'), true],
    ['permission is missing', failure(403, 'Forbidden'), true],
    ['the server is down', failure(500, 'InternalError'), false],
  ])('lets nobody wait for an optional type when %s', async (_, error, done) => {
    const { clock, reflector } = start([error, page('10', [])], [], { optional: true });
    let waited = false;
    const waiting = reflector.waitForSync(new AbortController().signal).then(() => {
      waited = true;
    });
    await settled();
    expect(waited).toBe(done);
    expect(reflector.problem(180_000) === undefined).toBe(done);
    await clock.advance(5_000);
    await waiting;
    expect(reflector.hasSynced).toBe(true);
  });

  it('does without a field selector that the server does not know', async () => {
    const { client, clock } = start([failure(400, 'BadRequest'), page('10', [])], [], { fieldSelector: 'spec.x=y' });
    await clock.advance(0);
    expect(client.lists.map(({ fieldSelector }) => fieldSelector)).toEqual(['spec.x=y', undefined]);
    expect(client.watches.map(({ fieldSelector }) => fieldSelector)).toEqual([undefined]);
  });

  it('stops as soon as it is told to, whatever it is doing', async () => {
    const down = new TransportError('unreachable', 'refused');
    for (const [lists, watches] of [
      [[], []],
      [[down], []],
      [[page('1', [])], [['silence']]],
    ] as [ListStep<Thing>[], WatchStep<Thing>[]][]) {
      const { stop, reflector, clock } = start(lists, watches);
      await settled();
      await stop();
      expect(reflector.state).toBe('stopped');
      expect(clock.sleeping).toBe(0);
    }
  });

  describe('waitForSync', () => {
    it('resolves after the first complete list, not after its first page', async () => {
      const { clock, reflector } = start([page('1', [], 'more'), new TransportError('reset', ''), page('2', [])], []);
      let synced = false;
      const wait = reflector.waitForSync(new AbortController().signal).then(() => {
        synced = true;
      });
      await settled();
      expect(synced).toBe(false);
      await clock.advance(1_000);
      await wait;
      expect(synced).toBe(true);
    });

    it('rejects when its signal aborts', async () => {
      const { reflector } = start([], []);
      const controller = new AbortController();
      const wait = reflector.waitForSync(controller.signal);
      controller.abort(new Error('no patience'));
      await expect(wait).rejects.toThrow('no patience');
      await expect(reflector.waitForSync(controller.signal)).rejects.toThrow('no patience');
    });
  });

  it('isolates handlers: one that throws harms nobody', async () => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (_, message) => errors.push(message), child: () => logger };
    const run = start(
      [page('1', [])],
      [[event('ADDED', thing('a', '2')), event('ADDED', thing('b', '3')), 'silence']],
      {
        logger,
      },
    );
    run.reflector.addHandler({
      added: () => {
        throw new Error('bug');
      },
    });
    const late: string[] = [];
    run.reflector.addHandler({ added: ({ metadata }) => late.push(metadata.name) });
    await settled();
    expect(run.told).toEqual(['+a@2', '+b@3']);
    expect(late).toEqual(['a', 'b']);
    expect(errors).toHaveLength(2);
    run.reflector.addHandler({ added: ({ metadata }) => late.push(`late ${metadata.name}`) });
    expect(late.slice(2)).toEqual(['late a', 'late b']);
  });

  it('projects before storing, drops managedFields, and leaves out what is not wanted', async () => {
    const heavy = thing('red', '1', { colour: 'red' });
    const { reflector, told } = start(
      [
        page('10', [
          { ...heavy, metadata: { ...heavy.metadata, managedFields: [{}] } as Thing['metadata'] },
          thing('blue', '2', { colour: 'blue' }),
          thing('odd', '3'),
        ]),
      ],
      [
        [
          event('MODIFIED', thing('red', '11', { colour: 'blue' })),
          event('ADDED', thing('red2', '12', { colour: 'red' })),
          'silence',
        ],
      ],
      {
        project: (object: Thing) => {
          if (object.colour === undefined) throw new TypeError('cannot handle this one');
          return object.colour === 'red' ? object : undefined;
        },
      },
    );
    await settled();
    expect(told).toEqual(['+red@1', '-red@1', '+red2@12']);
    expect([...reflector.store.values()]).toEqual([thing('red2', '12', { colour: 'red' })]);
  });

  it('finds objects by its indexes', async () => {
    const { reflector } = start(
      [page('10', [thing('a', '1', { colour: 'red' }), thing('b', '2', { colour: 'red' }), thing('c', '3')])],
      [[event('MODIFIED', thing('a', '11', { colour: 'blue' })), event('DELETED', thing('c', '12')), 'silence']],
      { indexes: { colour: ({ colour }) => (colour === undefined ? [] : [colour]) } },
    );
    await settled();
    const names = (colour: string) => reflector.store.byIndex('colour', colour).map(({ metadata }) => metadata.name);
    expect(names('red')).toEqual(['b']);
    expect(names('blue')).toEqual(['a']);
    expect(names('green')).toEqual([]);
    expect(reflector.store.get({ namespace: 'ns', name: 'a' })?.colour).toBe('blue');
    expect(reflector.store.get({ namespace: 'ns', name: 'c' })).toBeUndefined();
    expect(() => reflector.store.byIndex('size', 'big')).toThrow('no index "size"');
  });

  it('lets others run while it works through a big list', async () => {
    const items = Array.from({ length: 1_000 }, (_, i) => thing(`t${i}`, String(i + 1)));
    let turns = 0;
    let counting = true;
    const count = () => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const { reflector } = start([page('2000', items)], []);
    await reflector.waitForSync(new AbortController().signal);
    counting = false;
    expect(reflector.store.size).toBe(1_000);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('property: whatever fails in between, the cache and what was told end equal to the server', async () => {
    const step = fc.record({
      do: fc.constantFrom('add', 'change', 'delete', 'recreate', 'expire', 'cut', 'garbage', 'end'),
      name: fc.constantFrom('a', 'b', 'c'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const server = new Map<string, Thing>();
        const watches: (WatchEvent<Thing> | Error | 'silence')[][] = [[]];
        const lists: ListStep<Thing>[] = [page('0', [])];
        let version = 0;
        let missed = false;
        const push = (item: WatchEvent<Thing>) => {
          // After an expiry some changes happen before the new list: the watch never sees them.
          if (!missed) watches.at(-1)?.push(item);
        };
        const relist = () => {
          if (!missed) return;
          lists.push(page(String(++version), [...server.values()]));
          watches.push([]);
          missed = false;
        };
        for (const { do: what, name } of steps) {
          const before = server.get(name);
          switch (what) {
            case 'add':
            case 'change':
            case 'recreate': {
              const uid =
                what === 'recreate' || before === undefined ? `uid-${++version}` : (before.metadata.uid ?? '');
              if (what === 'recreate' && before !== undefined)
                push(event('DELETED', thing(name, String(++version), { uid: before.metadata.uid ?? '' })));
              const now = thing(name, String(++version), { uid });
              push(event(before === undefined || what === 'recreate' ? 'ADDED' : 'MODIFIED', now));
              server.set(name, now);
              break;
            }
            case 'delete':
              if (before === undefined) break;
              push(event('DELETED', thing(name, String(++version), { uid: before.metadata.uid ?? '' })));
              server.delete(name);
              break;
            case 'expire':
            case 'garbage':
              relist();
              watches
                .at(-1)
                ?.push(
                  what === 'garbage' ? new MalformedWatchError('x') : { type: 'ERROR', error: failure(410, 'Expired') },
                );
              missed = true;
              break;
            case 'cut':
              if (missed) break;
              watches.at(-1)?.push(new TransportError('reset', 'cut'));
              watches.push([]);
              break;
            case 'end':
              if (!missed) watches.push([]);
              break;
          }
        }
        relist();
        watches.at(-1)?.push('silence');
        const run = start(lists, watches);
        const seen = new Map<string, Thing>();
        const violations: string[] = [];
        run.reflector.addHandler({
          added: (object) => {
            if (seen.has(object.metadata.name)) violations.push(`${object.metadata.name} added twice`);
            seen.set(object.metadata.name, object);
          },
          updated: (before, after) => {
            if (seen.get(before.metadata.name) !== before) violations.push(`${before.metadata.name} out of order`);
            if (after.metadata.uid !== before.metadata.uid) violations.push(`${before.metadata.name} is another one`);
            seen.set(after.metadata.name, after);
          },
          deleted: ({ metadata }) => {
            if (!seen.delete(metadata.name)) violations.push(`${metadata.name} deleted but never added`);
          },
        });
        for (let i = 0; i < 60 && run.client.watches.length < watches.length; i++) await run.clock.advance(30_000);
        await settled();
        expect(violations).toEqual([]);
        const sorted = (things: Iterable<Thing>) =>
          [...things].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
        expect(sorted(run.reflector.store.values())).toEqual(sorted(server.values()));
        expect(sorted(seen.values())).toEqual(sorted(server.values()));
        await run.stop();
      }),
      { numRuns: 60 },
    );
  });
});
