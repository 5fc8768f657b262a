import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Harness, ISSUERS, issuer, SECRETS, secret, startHarness } from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

const MERGE = { type: 'application/merge-patch+json' };

describe('create', () => {
  it('sets what the server decides and drops what the client claimed of it', async () => {
    const { code, body } = await api.call('POST', ISSUERS, {
      ...issuer('set', { metadata: { uid: 'mine', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' } }),
      status: { conditions: [] },
    });
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({
      name: 'set',
      namespace: 'default',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(body['status']).toBeUndefined();
  });

  it('makes a name from generateName', async () => {
    const { body } = await api.call('POST', SECRETS, { ...secret(''), metadata: { generateName: 'gen-' } });
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it.each([
    ['a resourceVersion', issuer('x', { metadata: { resourceVersion: '1' } }), 400, 'BadRequest'],
    ['no name', issuer(''), 422, 'Invalid'],
    ['an upper-case name', issuer('Upper'), 422, 'Invalid'],
    ['another namespace than the URL', issuer('x', { metadata: { namespace: 'kube-system' } }), 400, 'BadRequest'],
    ['another kind', { ...issuer('x'), kind: 'CMPv2ClusterIssuer' }, 400, 'BadRequest'],
    ['another version', { ...issuer('x'), apiVersion: 'certmanager.onap.org/v9' }, 400, 'BadRequest'],
    ['no kind', { ...issuer('x'), kind: undefined }, 400, 'BadRequest'],
    ['a label that is none', issuer('x', { metadata: { labels: { a: 'has space' } } }), 422, 'Invalid'],
    ['a label that is no string', issuer('x', { metadata: { labels: { a: 1 } } }), 400, 'BadRequest'],
    [
      'an owner without uid',
      issuer('x', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 's', uid: '' }] } }),
      422,
      'Invalid',
    ],
    [
      'two controllers',
      issuer('x', {
        metadata: {
          ownerReferences: ['1', '2'].map((uid) => ({ apiVersion: 'v1', kind: 'S', name: 's', uid, controller: true })),
        },
      }),
      422,
      'Invalid',
    ],
    [
      'annotations above 256 KiB',
      issuer('x', { metadata: { annotations: { a: 'b'.repeat(270_000) } } }),
      422,
      'Invalid',
    ],
  ])('refuses %s', async (_what, object, code, reason) => {
    expect(await api.refused('POST', ISSUERS, object)).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      code,
      reason,
    });
  });

  it('refuses a name that is taken, and a namespace that is not there', async () => {
    await api.call('POST', SECRETS, secret('taken'));
    expect(await api.refused('POST', SECRETS, secret('taken'))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'secrets "taken" already exists',
      details: { name: 'taken', kind: 'secrets' },
    });
    expect(await api.refused('POST', '/api/v1/namespaces/nowhere/secrets', secret('x'))).toMatchObject({
      code: 404,
      message: 'namespaces "nowhere" not found',
    });
  });

  it('with dryRun checks everything and stores nothing', async () => {
    expect((await api.call('POST', `${SECRETS}?dryRun=All`, secret('dry'))).code).toBe(201);
    expect((await api.refused('POST', `${ISSUERS}?dryRun=All`, issuer('x', { spec: { caBundle: 'Some' } }))).code).toBe(
      422,
    );
    expect(await api.refused('GET', `${SECRETS}/dry`)).toMatchObject({ code: 404, reason: 'NotFound' });
  });
});

describe('update', () => {
  it('counts generation for spec only, and resourceVersion for every stored change', async () => {
    const { body: first } = await api.call('POST', ISSUERS, issuer('counted'));
    const relabelled = await api.call('PUT', `${ISSUERS}/counted`, {
      ...first,
      metadata: { ...first.metadata, labels: { a: 'b' } },
    });
    expect(relabelled.body.metadata.generation).toBe(1);
    expect(relabelled.body.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    const changed = await api.call('PATCH', `${ISSUERS}/counted`, { spec: { caName: 'RB' } }, MERGE);
    expect(changed.body.metadata.generation).toBe(2);
  });

  it('stores nothing when nothing changes', async () => {
    const { body } = await api.call('POST', ISSUERS, issuer('same'));
    await api.clock.advance(5000);
    const again = await api.call('PUT', `${ISSUERS}/same`, body);
    expect(again.body).toEqual(body);
  });

  it('keeps status and the rest apart', async () => {
    const { body: first } = await api.call('POST', ISSUERS, issuer('apart'));
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const viaMain = await api.call('PUT', `${ISSUERS}/apart`, { ...first, status: { conditions } });
    expect(viaMain.body['status']).toBeUndefined();
    const viaStatus = await api.call('PUT', `${ISSUERS}/apart/status`, {
      ...first,
      metadata: { ...first.metadata, labels: { ignored: 'yes' }, finalizers: ['a/b'] },
      spec: { ...issuer('x').spec, caName: 'ignored' },
      status: { conditions },
    });
    expect(viaStatus.body['status']).toMatchObject({ conditions: [{ type: 'Ready', status: 'True' }] });
    expect(viaStatus.body['spec']).toEqual(first['spec']);
    expect(viaStatus.body.metadata).toMatchObject({ generation: 1 });
    expect(viaStatus.body.metadata.labels).toBeUndefined();
    expect(viaStatus.body.metadata.finalizers).toBeUndefined();
    expect((await api.refused('PATCH', `${ISSUERS}/missing/status`, { status: {} }, MERGE)).code).toBe(404);
  });

  it('refuses a stale, a missing and a foreign identity', async () => {
    const { body: first } = await api.call('POST', ISSUERS, issuer('stale'));
    await api.call('PATCH', `${ISSUERS}/stale`, { spec: { caName: 'RB' } }, MERGE);
    expect(await api.refused('PUT', `${ISSUERS}/stale`, first)).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on cmpv2issuers.certmanager.onap.org "stale": the object has been modified; please apply your changes to the latest version and try again',
    });
    const { resourceVersion: _, ...unversioned } = first.metadata;
    expect(await api.refused('PUT', `${ISSUERS}/stale`, { ...first, metadata: unversioned })).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'metadata.resourceVersion' }] },
    });
    expect(await api.refused('PATCH', `${ISSUERS}/stale`, { metadata: { resourceVersion: '1' } }, MERGE)).toMatchObject(
      {
        code: 409,
      },
    );
    expect(await api.refused('PATCH', `${ISSUERS}/stale`, { metadata: { uid: 'other' } }, MERGE)).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(await api.refused('PUT', `${ISSUERS}/other`, first)).toMatchObject({ code: 400 });
    expect(await api.refused('PUT', `${ISSUERS}/absent`, issuer('absent'))).toMatchObject({ code: 404 });
  });

  it('lets built-in types be replaced without a resourceVersion, Leases not', async () => {
    await api.call('POST', SECRETS, secret('free'));
    expect((await api.call('PUT', `${SECRETS}/free`, secret('free', { data: { other: 'eA==' } }))).code).toBe(200);
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} };
    await api.call('POST', leases, lease);
    expect((await api.refused('PUT', `${leases}/l`, lease)).code).toBe(422);
  });
});

describe('delete', () => {
  it('removes at once without finalizers, and a new incarnation has a new uid', async () => {
    const { body: first } = await api.call('POST', SECRETS, secret('again'));
    const { code, body } = await api.call<Record<string, unknown>>('DELETE', `${SECRETS}/again`);
    expect([code, body['status']]).toEqual([200, 'Success']);
    const { body: second } = await api.call('POST', SECRETS, secret('again'));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect((await api.refused('DELETE', `${SECRETS}/never`)).code).toBe(404);
  });

  it('honours preconditions and dryRun', async () => {
    const { body } = await api.call('POST', SECRETS, secret('guarded'));
    expect(await api.refused('DELETE', `${SECRETS}/guarded`, { preconditions: { uid: 'other' } })).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect((await api.refused('DELETE', `${SECRETS}/guarded`, { preconditions: { resourceVersion: '1' } })).code).toBe(
      409,
    );
    expect((await api.call('DELETE', `${SECRETS}/guarded?dryRun=All`)).code).toBe(200);
    expect((await api.call('DELETE', `${SECRETS}/guarded`, { preconditions: { uid: body.metadata.uid } })).code).toBe(
      200,
    );
  });

  it('waits for finalizers and takes no new ones', async () => {
    await api.call('POST', ISSUERS, issuer('held', { metadata: { finalizers: ['example.org/hold'] } }));
    const { body } = await api.call('DELETE', `${ISSUERS}/held`);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    expect(
      await api.refused(
        'PATCH',
        `${ISSUERS}/held`,
        { metadata: { finalizers: ['example.org/hold', 'example.org/more'] } },
        MERGE,
      ),
    ).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'metadata.finalizers', reason: 'FieldValueForbidden' }] },
    });
    await api.call('PATCH', `${ISSUERS}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.refused('GET', `${ISSUERS}/held`)).code).toBe(404);
  });

  it('ends a namespace with its last object, and takes nothing new into it meanwhile', async () => {
    await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } });
    const path = '/api/v1/namespaces/ending/secrets';
    await api.call('POST', path, secret('plain'));
    await api.call('POST', path, { ...secret('held'), metadata: { name: 'held', finalizers: ['example.org/hold'] } });
    const { body } = await api.call('DELETE', '/api/v1/namespaces/ending');
    expect(body['status']).toEqual({ phase: 'Terminating' });
    expect((await api.refused('GET', `${path}/plain`)).code).toBe(404);
    expect(await api.refused('POST', path, secret('late'))).toMatchObject({
      code: 403,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await api.call('PATCH', `${path}/held`, { metadata: { finalizers: null } }, MERGE);
    expect((await api.refused('GET', '/api/v1/namespaces/ending')).code).toBe(404);
    expect((await api.refused('DELETE', '/api/v1/namespaces/default')).code).toBe(403);
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['c1', 'c2'])
      await api.call('POST', SECRETS, { ...secret(name), metadata: { name, labels: { set: name } } });
    await api.call('DELETE', `${SECRETS}?labelSelector=set%3Dc1`);
    expect((await api.refused('GET', `${SECRETS}/c1`)).code).toBe(404);
    expect((await api.call('GET', `${SECRETS}/c2`)).code).toBe(200);
  });
});
