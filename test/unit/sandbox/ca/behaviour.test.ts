import { describe, expect, it } from '@jest/globals';
import { BehaviourRegistry, standardBehaviours } from '../../../../src/sandbox/ca/index.js';

const registry = new BehaviourRegistry({ slow: { delayMilliseconds: 1 }, two: { caPubs: 'allRoots' } });
registry.default = { delayMilliseconds: 7 };

describe('behaviours in URL paths', () => {
  it.each(['/', '/pkix', '/pkix/', '/cmp', '/cmp/', '/.well-known/cmp', '/.well-known/cmp/', '/.well-known/cmp/p'])(
    'means the default: %s',
    (path) => expect(registry.forPath(path)).toEqual({ delayMilliseconds: 7 }),
  );

  it.each(['/pkix/slow', '/cmp/slow', '/cmp/slow/', '/.well-known/cmp/p/slow'])('names one: %s', (path) =>
    expect(registry.forPath(path)).toEqual({ delayMilliseconds: 1 }),
  );

  it('combines several', () =>
    expect(registry.forPath('/cmp/slow+two')).toEqual({ delayMilliseconds: 1, caPubs: 'allRoots' }));

  it.each(['/cmp/unknown', '/cmp/slow+unknown', '/other', '/cmp/slow/more', '/pkix/../slow', '/cmp/sl%6fw'])(
    'does not serve %s',
    (path) => expect(registry.forPath(path)).toBeUndefined(),
  );

  it.each(['', 'a b', 'a/b', 'a+b'])('refuses the name "%s"', (name) =>
    expect(() => registry.set(name, {})).toThrow(RangeError),
  );

  it('knows the standard ones by kebab-case names', () => {
    const names = new BehaviourRegistry(standardBehaviours).names();
    expect(names).toEqual(
      expect.arrayContaining([
        'poll',
        'two-roots',
        'reject-bad-pop',
        'reject-transaction-id-in-use',
        'message-wrong-transaction-id',
        'certificate-wrong-key',
        'status-two-responses',
        'http-reset',
      ]),
    );
  });
});
