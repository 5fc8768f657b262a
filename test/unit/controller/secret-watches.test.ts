import { expect, it } from '@jest/globals';
import type { Secret } from '../../../src/api/secret.js';
import { SecretWatches } from '../../../src/controller/secret-watches.js';
import type { ObjectHandler } from '../../../src/kube/reflector-types.js';
import { objectKey } from '../../../src/kube/store.js';

it('watches each Secret once, tells all who want to hear, and stops when nobody does', () => {
  const open = new Map<string, ObjectHandler<Secret>>();
  const told: string[] = [];
  const watches = new SecretWatches(
    (ref, handler, signal) => {
      open.set(objectKey(ref), handler);
      signal.addEventListener('abort', () => open.delete(objectKey(ref)));
    },
    (owner) => told.push(owner),
  );
  const a = { namespace: 'n', name: 'a' };
  const b = { namespace: 'n', name: 'b' };
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: a };

  watches.set('one', [a, b]);
  watches.set('two', [b]);
  expect([...open.keys()]).toEqual(['n/a', 'n/b']);

  open.get('n/b')?.updated?.(secret, secret);
  open.get('n/a')?.deleted?.(secret, false);
  open.get('n/a')?.added?.(secret);
  expect(told).toEqual(['one', 'two', 'one', 'one']);

  watches.set('one', [b]);
  expect([...open.keys()]).toEqual(['n/b']);
  watches.set('one', []);
  expect([...open.keys()]).toEqual(['n/b']);
  watches.set('two', []);
  expect(open.size).toBe(0);

  watches.set('one', [a]);
  watches.stop();
  expect(open.size).toBe(0);
});
