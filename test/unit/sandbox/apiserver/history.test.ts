import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { secrets } from '../../../../src/sandbox/apiserver/builtin/core.js';
import { type ListQuery, listPage } from '../../../../src/sandbox/apiserver/list.js';
import type { KubeObject } from '../../../../src/sandbox/apiserver/object.js';
import { keyOf, Store } from '../../../../src/sandbox/apiserver/store.js';
import { prepareWatch } from '../../../../src/sandbox/apiserver/watch.js';
import { ManualClock } from '../../../support/manual-clock.js';

// What a client may build on: whatever the order of writes, a snapshot is what was there, and a list plus the watch
// from its revision is what is there now.

interface Write {
  readonly name: string;
  readonly colour: 'red' | 'blue' | undefined;
}

const writes = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    colour: fc.constantFrom<Write['colour'][]>('red', 'blue', undefined),
  }),
  { maxLength: 25 },
);

/** Stores the object, or removes it when it has no colour. */
function perform(store: Store, { name, colour }: Write): void {
  const key = keyOf('ns', name);
  const now = store.get('secrets', key);
  const labels = { colour: colour ?? '' };
  const object: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'ns', labels } };
  if (colour !== undefined) store.put('secrets', key, object);
  else if (now !== undefined) store.delete('secrets', key, now.object);
}

const NO_QUERY: ListQuery = {
  limit: undefined,
  continue: undefined,
  resourceVersion: undefined,
  resourceVersionMatch: undefined,
  labelSelector: undefined,
  fieldSelector: undefined,
  sendInitialEvents: undefined,
};

type State = Readonly<Record<string, string | undefined>>;

const stateOf = (objects: readonly KubeObject[]): State =>
  Object.fromEntries(objects.map(({ metadata }) => [metadata.name, metadata.labels?.['colour']]));

const list = (store: Store, query: Partial<ListQuery> = {}) =>
  listPage(store, secrets, 'ns', { ...NO_QUERY, ...query });
const current = (store: Store, labelSelector?: string) =>
  stateOf(list(store, { labelSelector }).items.map(({ object }) => object));

describe('history', () => {
  it('gives back every state it still knows', () => {
    fc.assert(
      fc.property(writes, (all) => {
        const store = new Store(1000);
        const seen: [string, State][] = [];
        for (const write of all) {
          perform(store, write);
          seen.push([String(store.revision), current(store)]);
        }
        for (const [resourceVersion, state] of seen) {
          const page = list(store, { resourceVersion, resourceVersionMatch: 'Exact' });
          expect(stateOf(page.items.map(({ object }) => object))).toEqual(state);
        }
      }),
    );
  });

  it.each([undefined, 'colour=red', 'colour!=red'])(
    'list and watch make up the present (selector %s)',
    (labelSelector) => {
      fc.assert(
        fc.property(writes, writes, writes, (before, between, after) => {
          const store = new Store(1000);
          for (const write of before) perform(store, write);
          const first = list(store, { labelSelector });
          const cache = new Map(first.items.map(({ object }) => [object.metadata.name, object]));
          for (const write of between) perform(store, write);
          const open = prepareWatch({
            store,
            clock: new ManualClock(),
            resource: secrets,
            namespace: 'ns',
            query: {
              ...NO_QUERY,
              labelSelector,
              resourceVersion: first.metadata.resourceVersion,
              allowBookmarks: false,
              timeout: 1000,
            },
            bookmarkInterval: 1000,
            render: ({ json }) => json,
          });
          let last = Number(first.metadata.resourceVersion);
          const watch = open({
            write(line) {
              const { type, object }: { type: string; object: KubeObject } = JSON.parse(line);
              expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(last);
              last = Number(object.metadata.resourceVersion);
              expect(cache.has(object.metadata.name)).toBe(type !== 'ADDED');
              if (type === 'DELETED') cache.delete(object.metadata.name);
              else cache.set(object.metadata.name, object);
            },
            end: () => {},
          });
          for (const write of after) perform(store, write);
          watch.stop();
          expect(stateOf([...cache.values()])).toEqual(current(store, labelSelector));
        }),
      );
    },
  );
});
