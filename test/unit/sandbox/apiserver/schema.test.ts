import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Harness, ISSUERS, issuer, startHarness } from './harness.js';

const WIDGETS = '/apis/example.org/v1/namespaces/default/widgets';

const definition = (rule = 'self.min <= self.max') => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                'x-kubernetes-validations': [{ rule, message: 'min must not exceed max' }],
                properties: {
                  size: { type: 'string', enum: ['S', 'M'] },
                  min: { type: 'integer', minimum: 0, default: 1 },
                  max: { type: 'integer', maximum: 10, default: 9 },
                  code: { type: 'string', pattern: '^[A-Z]+$', minLength: 2, maxLength: 4 },
                  blob: { type: 'string', format: 'byte' },
                  when: { type: 'string', format: 'date-time' },
                  odd: { type: 'string', format: 'made-up' },
                  port: { 'x-kubernetes-int-or-string': true },
                  maybe: { type: 'string', nullable: true },
                  fixed: {
                    type: 'string',
                    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }],
                  },
                  tags: { type: 'array', maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                  parts: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['id'],
                    items: {
                      type: 'object',
                      required: ['id'],
                      properties: { id: { type: 'string' }, count: { type: 'integer', default: 1 } },
                    },
                  },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
            },
          },
        },
      },
    ],
  },
});

const widget = (name: string, spec: object = {}) => ({
  apiVersion: 'example.org/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { size: 'S', ...spec },
});

let api: Harness;
beforeAll(async () => {
  api = await startHarness({ customResourceDefinitions: [definition()] });
});
afterAll(() => api.server.close());

describe('validation', () => {
  it.each([
    ['a missing field', { size: undefined }, 'spec.size', 'FieldValueRequired', 'Required value'],
    [
      'a value outside the enum',
      { size: 'L' },
      'spec.size',
      'FieldValueNotSupported',
      'Unsupported value: "L": supported values: "S", "M"',
    ],
    [
      'a wrong type',
      { min: 'one' },
      'spec.min',
      'FieldValueTypeInvalid',
      'Invalid value: "string": spec.min in body must be of type integer: "string"',
    ],
    ['a fraction where an integer is due', { min: 1.5 }, 'spec.min', 'FieldValueTypeInvalid', undefined],
    [
      'a number too small',
      { min: -1 },
      'spec.min',
      'FieldValueInvalid',
      'Invalid value: -1: spec.min in body should be greater than or equal to 0',
    ],
    ['a number too large', { max: 11 }, 'spec.max', 'FieldValueInvalid', undefined],
    [
      'a text against the pattern',
      { code: 'abc' },
      'spec.code',
      'FieldValueInvalid',
      'Invalid value: "abc": spec.code in body should match \'^[A-Z]+$\'',
    ],
    ['a text too short', { code: 'A' }, 'spec.code', 'FieldValueInvalid', undefined],
    ['a text too long', { code: 'ABCDE' }, 'spec.code', 'FieldValueTooLong', undefined],
    ['base64url', { blob: 'a-_b' }, 'spec.blob', 'FieldValueInvalid', undefined],
    ['unpadded base64', { blob: 'YQ' }, 'spec.blob', 'FieldValueInvalid', undefined],
    ['a time without zone', { when: '2026-01-01T00:00:00' }, 'spec.when', 'FieldValueInvalid', undefined],
    ['an object where int-or-string is due', { port: {} }, 'spec.port', 'FieldValueTypeInvalid', undefined],
    ['a repeated set value', { tags: ['a', 'a'] }, 'spec.tags[1]', 'FieldValueDuplicate', 'Duplicate value: "a"'],
    ['too many items', { tags: ['a', 'b', 'c'] }, 'spec.tags', 'FieldValueTooMany', undefined],
    [
      'a repeated map key',
      { parts: [{ id: 'a' }, { id: 'a' }] },
      'spec.parts[1]',
      'FieldValueDuplicate',
      'Duplicate value: {"id":"a"}',
    ],
    ['a broken rule', { min: 10 }, 'spec', 'FieldValueInvalid', 'Invalid value: "object": min must not exceed max'],
  ])('refuses %s', async (_what, spec, field, reason, message) => {
    const status = await api.refused('POST', WIDGETS, widget('bad', spec));
    expect(status).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'Widget', group: 'example.org' } });
    expect(status.details?.causes).toEqual([{ field, reason, message: message ?? expect.any(String) }]);
  });

  it('takes everything that fits, ignoring formats it does not know', async () => {
    const spec = {
      code: 'ABC',
      blob: 'YQ==',
      when: '2026-01-01T00:00:00.5+02:00',
      odd: '?',
      port: 'http',
      maybe: null,
      tags: ['a', 'b'],
    };
    const { code, body } = await api.call('POST', WIDGETS, widget('good', spec));
    expect(code).toBe(201);
    expect(body['spec']).toEqual({ size: 'S', min: 1, max: 9, ...spec });
  });

  it('runs transition rules on update only', async () => {
    await api.call('POST', WIDGETS, widget('fixed', { fixed: 'a' }));
    const merge = { type: 'application/merge-patch+json' };
    expect((await api.refused('PATCH', `${WIDGETS}/fixed`, { spec: { fixed: 'b' } }, merge)).details?.causes).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec.fixed', message: 'Invalid value: "b": is immutable' },
    ]);
    expect((await api.call('PATCH', `${WIDGETS}/fixed`, { spec: { size: 'M' } }, merge)).code).toBe(200);
  });
});

describe('pruning and defaults', () => {
  it('prunes what is not described, keeps what is preserved, fills in defaults, drops nulls', async () => {
    const { body } = await api.call(
      'POST',
      `${WIDGETS}?fieldValidation=Ignore`,
      widget('pruned', {
        extra: 1,
        min: null,
        code: null,
        free: { any: { thing: 1 } },
        parts: [{ id: 'a', extra: 1 }],
      }),
    );
    expect(body['spec']).toEqual({
      size: 'S',
      min: 1,
      max: 9,
      free: { any: { thing: 1 } },
      parts: [{ id: 'a', count: 1 }],
    });
  });

  it('refuses unknown fields when strict, and warns otherwise', async () => {
    const strict = await api.refused(
      'POST',
      `${WIDGETS}?fieldValidation=Strict`,
      widget('s', { extra: 1, free: { ok: 1 } }),
    );
    expect(strict).toMatchObject({
      code: 400,
      message:
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.extra"',
    });
    const warned = await api.call('POST', WIDGETS, widget('w', { extra: 1 }));
    expect(warned.headers.get('warning')).toBe('299 - "unknown field \\"spec.extra\\""');
  });
});

describe('CustomResourceDefinitions', () => {
  it('can be created, changed and deleted while running', async () => {
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const other = structuredClone(definition());
    other.metadata.name = 'gadgets.example.org';
    other.spec.names = { kind: 'Gadget', plural: 'gadgets' };
    const { code, body } = await api.call('POST', crds, other);
    expect([code, body['status']]).toMatchObject([
      201,
      { conditions: [{ type: 'NamesAccepted' }, { type: 'Established', status: 'True' }] },
    ]);
    const gadgets = '/apis/example.org/v1/namespaces/default/gadgets';
    const gadget = { ...widget('g'), kind: 'Gadget' };
    await api.call('POST', gadgets, gadget);
    // A default that comes later is there on reading, too.
    const properties = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties';
    const patch = [{ op: 'add', path: `${properties}/colour`, value: { type: 'string', default: 'red' } }];
    await api.call('PATCH', `${crds}/gadgets.example.org`, patch, { type: 'application/json-patch+json' });
    expect((await api.call('GET', `${gadgets}/g`)).body['spec']).toMatchObject({ colour: 'red' });
    await api.call('DELETE', `${crds}/gadgets.example.org`);
    expect(await api.refused('GET', `${gadgets}/g`)).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
    });
    await api.call('POST', crds, other);
    expect((await api.refused('GET', `${gadgets}/g`)).message).toBe('gadgets.example.org "g" not found');
  });

  it.each(['self.min <=', 'unknownFunction(self)', 'other.min == 1'])(
    'with a rule that is not understood (%s) are refused loudly',
    async (rule) => {
      await expect(startHarness({ customResourceDefinitions: [definition(rule)] })).rejects.toThrow(
        /CustomResourceDefinition refused: .*validation rule at object\.spec is not understood/s,
      );
    },
  );
});

describe('our own definitions', () => {
  it('take a CertService issuer and fill in its defaults', async () => {
    const { code, body } = await api.call('POST', ISSUERS, issuer('own'));
    expect([code, body['spec']]).toMatchObject([201, { caBundle: 'All' }]);
  });

  it('refuse half a backend by their rule', async () => {
    const { url: _, ...spec } = issuer('x').spec;
    const status = await api.refused('POST', ISSUERS, { ...issuer('half'), spec });
    expect(status.details?.causes?.[0]).toMatchObject({
      field: 'spec',
      message: expect.stringContaining('give either cmp'),
    });
  });
});
