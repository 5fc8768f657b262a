import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromFieldsV1, toFieldsV1 } from '../../../../src/sandbox/apiserver/fields.js';
import { certificateRequest, type Harness, ISSUERS, issuer, REQUESTS, SECRETS, startHarness } from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

const YAML = { type: 'application/apply-patch+yaml' };
const MERGE = { type: 'application/merge-patch+json' };
const time = '2026-01-01T00:00:00Z';
const condition = (type: string, extra: object = {}) => ({ type, status: 'True', lastTransitionTime: time, ...extra });
const status = (conditions: object[], extra: object = {}) => ({
  apiVersion: 'cert-manager.io/v1',
  kind: 'CertificateRequest',
  metadata: { name: 'r' },
  status: { conditions, ...extra },
});
const applyStatus = (manager: string, body: object, query = '') =>
  api.call('PATCH', `${REQUESTS}/r/status?fieldManager=${manager}${query}`, body, YAML);

describe('apply of status', () => {
  beforeEach(async () => {
    await api.call('DELETE', `${REQUESTS}/r`);
    await api.call('POST', REQUESTS, certificateRequest('r'));
  });

  it('leaves the conditions of others alone', async () => {
    const approver = { ...YAML, token: 'approver-token' };
    await api.call('PATCH', `${REQUESTS}/r/status?fieldManager=approver`, status([condition('Approved')]), approver);
    const { code, body } = await applyStatus('issuer', status([condition('Ready')], { certificate: 'YQ==' }));
    expect(code).toBe(200);
    expect(body['status']).toEqual({ conditions: [condition('Approved'), condition('Ready')], certificate: 'YQ==' });
    expect(body.metadata.managedFields).toContainEqual({
      manager: 'issuer',
      operation: 'Apply',
      apiVersion: 'cert-manager.io/v1',
      subresource: 'status',
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:status': {
          'f:certificate': {},
          'f:conditions': {
            'k:{"type":"Ready"}': { '.': {}, 'f:lastTransitionTime': {}, 'f:status': {}, 'f:type': {} },
          },
        },
      },
    });
  });

  it('removes what its manager leaves out, and only that', async () => {
    await applyStatus('other', status([condition('Theirs')]));
    await applyStatus('issuer', status([condition('Ready', { reason: 'x' }), condition('Extra')], { ca: 'YQ==' }));
    const { body } = await applyStatus('issuer', status([condition('Ready')]));
    expect(body['status']).toEqual({ conditions: [condition('Theirs'), condition('Ready')] });
    const { body: last } = await applyStatus('issuer', status([]));
    expect(last['status']).toEqual({ conditions: [condition('Theirs')] });
  });

  it('keeps a field that another owns as well', async () => {
    await applyStatus('one', status([condition('Ready')]));
    await applyStatus('two', status([condition('Ready')]));
    const { body } = await applyStatus('one', status([]));
    expect(body['status']).toEqual({ conditions: [condition('Ready')] });
  });

  it('conflicts over a different value, names owner and field, and takes over when forced', async () => {
    await applyStatus('one', status([condition('Ready')]));
    const wanted = status([condition('Ready', { status: 'False' })]);
    const refused = await api.refused('PATCH', `${REQUESTS}/r/status?fieldManager=two`, wanted, YAML);
    expect(refused).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Apply failed with 1 conflict: conflict with "one" with subresource "status" using cert-manager.io/v1: .status.conditions[type="Ready"].status',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.status.conditions[type="Ready"].status' }] },
    });
    await applyStatus('two', wanted, '&force=true');
    expect(
      (await api.refused('PATCH', `${REQUESTS}/r/status?fieldManager=one`, status([condition('Ready')]), YAML)).code,
    ).toBe(409);
  });

  it('conflicts with what an update set', async () => {
    await api.call('PATCH', `${REQUESTS}/r/status?fieldManager=editor`, { status: { ca: 'YQ==' } }, MERGE);
    const refused = await api.refused(
      'PATCH',
      `${REQUESTS}/r/status?fieldManager=issuer`,
      status([], { ca: 'Yg==' }),
      YAML,
    );
    expect(refused.message).toContain('conflict with "editor" with subresource "status"');
  });

  it('that changes nothing stores nothing', async () => {
    const { body: first } = await applyStatus('issuer', status([condition('Ready')]));
    await api.clock.advance(10_000);
    const { body: second } = await applyStatus('issuer', status([condition('Ready')]));
    expect(second).toEqual(first);
  });

  it('ignores everything but status', async () => {
    const { body } = await applyStatus('issuer', {
      ...status([condition('Ready')]),
      metadata: { name: 'r', labels: { ignored: 'yes' } },
      spec: { request: 'ignored' },
    });
    expect(body.metadata.labels).toBeUndefined();
    expect(body['spec']).toMatchObject({ issuerRef: { name: 'ca' } });
  });

  it('never creates, and heeds uid and resourceVersion', async () => {
    const path = `${REQUESTS}/none/status?fieldManager=issuer`;
    expect((await api.refused('PATCH', path, { ...status([]), metadata: { name: 'none' } }, YAML)).code).toBe(404);
    const guarded = (metadata: object) =>
      api.refused(
        'PATCH',
        `${REQUESTS}/r/status?fieldManager=issuer`,
        { ...status([]), metadata: { name: 'r', ...metadata } },
        YAML,
      );
    expect(await guarded({ uid: 'another' })).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(await guarded({ resourceVersion: '1' })).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('yields to an update, which takes the field over', async () => {
    await applyStatus('issuer', status([condition('Ready')]));
    await api.call(
      'PATCH',
      `${REQUESTS}/r/status?fieldManager=editor`,
      { status: { conditions: [condition('Ready', { status: 'False' })] } },
      MERGE,
    );
    const { body } = await api.call('GET', `${REQUESTS}/r`);
    const owners = (body.metadata.managedFields ?? []).filter(
      ({ fieldsV1 }) =>
        JSON.stringify(fieldsV1).includes('"f:status":{},"f:type"') ||
        JSON.stringify(fieldsV1).includes('{"f:status":{}}'),
    );
    expect(owners.map(({ manager }) => manager)).toEqual(['editor']);
  });
});

describe('apply of a whole object', () => {
  const apply = (manager: string, body: object, query = '') =>
    api.call('PATCH', `${ISSUERS}/a?fieldManager=${manager}${query}`, body, YAML);

  beforeEach(() => api.call('DELETE', `${ISSUERS}/a`));

  it('creates, changes, and is silent when nothing changes', async () => {
    const created = await apply('helm', issuer('a'));
    expect([created.code, created.body.metadata.generation]).toEqual([201, 1]);
    expect((await apply('helm', issuer('a'))).body).toEqual(created.body);
    const changed = await apply('helm', issuer('a', { spec: { caName: 'RB' }, metadata: { labels: { a: 'b' } } }));
    expect(changed.body.metadata).toMatchObject({ generation: 2, labels: { a: 'b' } });
    const dropped = await apply('helm', issuer('a', { spec: { caName: 'RB' } }));
    expect(dropped.body.metadata.labels).toBeUndefined();
    expect(dropped.body.metadata.generation).toBe(2);
  });

  it('takes YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: Secret\nmetadata: {name: y}\nstringData:\n  a: b\n';
    const { code, body } = await api.call('PATCH', `${SECRETS}/y?fieldManager=me`, yaml, YAML);
    expect([code, body['data']]).toEqual([201, { a: 'Yg==' }]);
  });

  it('does not own status', async () => {
    const { body } = await apply('helm', { ...issuer('a'), status: { conditions: [] } });
    expect(body['status']).toBeUndefined();
    expect(JSON.stringify(body.metadata.managedFields)).not.toContain('f:status');
  });

  it.each([
    ['no field manager', '', issuer('a'), 422],
    ['a field manager that is too long', `?fieldManager=${'m'.repeat(129)}`, issuer('a'), 422],
    ['managedFields in the intent', '?fieldManager=m', issuer('a', { metadata: { managedFields: [] } }), 400],
    ['another name', '?fieldManager=m', issuer('b'), 400],
    ['no kind', '?fieldManager=m', { metadata: { name: 'a' } }, 400],
    ['an unknown field when strict', '?fieldManager=m&fieldValidation=Strict', issuer('a', { spec: { x: 1 } }), 400],
    ['a uid for an object that is not there', '?fieldManager=m', issuer('a', { metadata: { uid: 'u' } }), 409],
    [
      'a resourceVersion for an object that is not there',
      '?fieldManager=m',
      issuer('a', { metadata: { resourceVersion: '5' } }),
      404,
    ],
  ])('refuses %s', async (_what, query, body, code) => {
    expect((await api.refused('PATCH', `${ISSUERS}/a${query}`, body, YAML)).code).toBe(code);
  });

  it('force is for apply only', async () => {
    await apply('helm', issuer('a'));
    expect((await api.refused('PATCH', `${ISSUERS}/a?force=true`, {}, MERGE)).code).toBe(422);
  });

  it('merges the oldest of more than ten update entries', async () => {
    await apply('helm', issuer('a'));
    for (let i = 0; i < 14; i++) {
      await api.clock.advance(1000);
      await api.call('PATCH', `${ISSUERS}/a?fieldManager=m${i}`, { metadata: { labels: { [`l${i}`]: 'x' } } }, MERGE);
    }
    const { body } = await api.call('GET', `${ISSUERS}/a`);
    const updates = (body.metadata.managedFields ?? []).filter(({ operation }) => operation === 'Update');
    expect(updates).toHaveLength(10);
    expect(updates.find(({ manager }) => manager === 'ancient-changes')?.fieldsV1).toMatchObject({
      'f:metadata': { 'f:labels': { 'f:l0': {}, 'f:l4': {} } },
    });
  });
});

it('field sets survive the way through managedFields', () => {
  const element = fc.oneof(
    fc.stringMatching(/^[a-z.]{1,5}$/).map((name) => `f:${name}`),
    fc.stringMatching(/^[a-z]{1,3}$/).map((key) => `k:{"type":"${key}"}`),
    fc.integer().map((value) => `v:${value}`),
  );
  const path = fc.array(element, { minLength: 1, maxLength: 4 }).map((elements) => elements.join('\0'));
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const set = new Set(paths);
      expect(fromFieldsV1(toFieldsV1(set))).toEqual(set);
    }),
  );
});
