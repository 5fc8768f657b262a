import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonPatch, mergePatch } from '../../../../src/sandbox/apiserver/patch.js';
import { ApiError } from '../../../../src/sandbox/apiserver/status.js';
import { type Harness, ISSUERS, issuer, SECRETS, secret, startHarness } from './harness.js';

describe('JSON patch (RFC 6902)', () => {
  it.each([
    ['add to an object', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['add into a list', { l: [1, 3] }, [{ op: 'add', path: '/l/1', value: 2 }], { l: [1, 2, 3] }],
    ['append to a list', { l: [1] }, [{ op: 'add', path: '/l/-', value: 2 }], { l: [1, 2] }],
    ['add at the root', { a: 1 }, [{ op: 'add', path: '', value: { b: 1 } }], { b: 1 }],
    ['remove', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    ['replace', { a: { b: 1 } }, [{ op: 'replace', path: '/a/b', value: 2 }], { a: { b: 2 } }],
    ['replace an item', { l: [1, 2] }, [{ op: 'replace', path: '/l/0', value: 0 }], { l: [0, 2] }],
    ['move', { a: 1 }, [{ op: 'move', from: '/a', path: '/b' }], { b: 1 }],
    ['copy', { a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }], { a: { x: 1 }, b: { x: 1 } }],
    ['test that holds', { a: [1] }, [{ op: 'test', path: '/a', value: [1] }], { a: [1] }],
    [
      'escaped names',
      { 'a/b': 1, 'c~d': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'remove', path: '/c~0d' },
      ],
      {},
    ],
  ])('%s', (_what, target, patch, expected) => {
    const before = structuredClone(target);
    expect(jsonPatch(target, patch)).toEqual(expected);
    expect(target).toEqual(before);
  });

  it.each([
    ['a test that fails', [{ op: 'test', path: '/a', value: 2 }], 422],
    ['a test of what is not there', [{ op: 'test', path: '/x', value: 2 }], 422],
    ['removing what is not there', [{ op: 'remove', path: '/x' }], 422],
    ['replacing what is not there', [{ op: 'replace', path: '/x', value: 1 }], 422],
    ['a path through nothing', [{ op: 'add', path: '/x/y', value: 1 }], 422],
    ['an index out of bounds', [{ op: 'add', path: '/l/5', value: 1 }], 422],
    ['an index with leading zero', [{ op: 'remove', path: '/l/00' }], 422],
    ['an unknown operation', [{ op: 'merge', path: '/a' }], 400],
    ['a path without slash', [{ op: 'remove', path: 'a' }], 400],
    ['an object', { op: 'remove', path: '/a' }, 400],
  ])('refuses %s', (_what, patch, code) => {
    expect(() => jsonPatch({ a: 1, l: [1] }, patch)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code }) }),
    );
  });

  it('throws nothing but its own error, whatever the patch', () => {
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: fc.constantFrom('', '/', '/a', '/l/0', '/l/-', '/a/b/c', 'x'),
      from: fc.constantFrom('', '/a', '/l', '/zz'),
      value: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (patch) => {
        try {
          jsonPatch({ a: { b: 1 }, l: [1, 2] }, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});

describe('merge patch (RFC 7396, appendix A)', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j + %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });
});

describe('over HTTP', () => {
  let api: Harness;
  beforeAll(async () => {
    api = await startHarness();
    await api.call('POST', ISSUERS, issuer('p'));
    await api.call('POST', SECRETS, { ...secret('p'), metadata: { name: 'p', finalizers: ['a/b'] } });
  });
  afterAll(() => api.server.close());

  it('each type does its own thing', async () => {
    const json = [
      { op: 'test', path: '/spec/caName', value: 'RA' },
      { op: 'replace', path: '/spec/caName', value: 'RB' },
    ];
    const patched = await api.call('PATCH', `${ISSUERS}/p`, json, { type: 'application/json-patch+json' });
    expect(patched.body['spec']).toMatchObject({ caName: 'RB' });
    expect((await api.refused('PATCH', `${ISSUERS}/p`, json, { type: 'application/json-patch+json' })).code).toBe(422);
    const strategic = { metadata: { finalizers: ['c/d'] }, data: { key: null, more: 'eA==' } };
    const merged = await api.call('PATCH', `${SECRETS}/p`, strategic, {
      type: 'application/strategic-merge-patch+json',
    });
    expect(merged.body).toMatchObject({ metadata: { finalizers: ['a/b', 'c/d'] }, data: { more: 'eA==' } });
    expect(merged.body['data']).not.toHaveProperty('key');
  });

  it.each([
    ['strategic merge on a custom resource', 'application/strategic-merge-patch+json', {}, 415],
    ['plain JSON', 'application/json', {}, 415],
    ['a list as merge patch', 'application/merge-patch+json', [], 400],
    ['no JSON at all', 'application/merge-patch+json', '{', 400],
    ['another name', 'application/merge-patch+json', { metadata: { name: 'q' } }, 400],
    ['another kind', 'application/merge-patch+json', { kind: 'Secret' }, 400],
    ['a value the schema refuses', 'application/merge-patch+json', { spec: { caBundle: 'Some' } }, 422],
  ])('refuses %s', async (_what, type, patch, code) => {
    expect((await api.refused('PATCH', `${ISSUERS}/p`, patch, { type })).code).toBe(code);
  });
});
