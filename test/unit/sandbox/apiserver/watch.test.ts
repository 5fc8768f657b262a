import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Harness, SECRETS, secret, startHarness } from './harness.js';

let api: Harness;
let revision: string;
beforeAll(async () => {
  api = await startHarness({ historyLimit: 100 });
});
afterAll(() => api.server.close());
beforeEach(async () => {
  api.server.faults.endWatches('eof');
  await api.call('DELETE', SECRETS);
  await api.call('POST', SECRETS, { ...secret('old'), metadata: { name: 'old', labels: { app: 'x' } } });
  revision = (await api.call<{ metadata: { resourceVersion: string } }>('GET', SECRETS)).body.metadata.resourceVersion;
});

const MERGE = { type: 'application/merge-patch+json' };
const path = (query: string) => `${SECRETS}?watch=true&${query}`;

describe('a watch', () => {
  it('starts after its resourceVersion, and replays what came since', async () => {
    await api.call('POST', SECRETS, secret('a'));
    const watch = await api.watch(path(`resourceVersion=${revision}`));
    await api.call('PATCH', `${SECRETS}/a`, { data: { key: 'eA==' } }, MERGE);
    await api.call('PATCH', `${SECRETS}/a`, { data: { key: 'eA==' } }, MERGE);
    await api.call('DELETE', `${SECRETS}/a`);
    const added = await watch.next();
    const modified = await watch.next();
    const deleted = await watch.next();
    expect([added?.type, modified?.type, deleted?.type]).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(deleted?.object['data']).toEqual({ key: 'eA==' });
    const revisions = [added, modified, deleted].map((event) => Number(event?.object.metadata.resourceVersion));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(new Set(revisions).size).toBe(3);
    await watch.close();
  });

  it.each(['', 'resourceVersion=0'])('with "%s" sends the present state first', async (query) => {
    const watch = await api.watch(path(query));
    expect(await watch.summary(1)).toEqual(['ADDED old']);
    await watch.close();
  });

  it('with a selector tells what starts and what stops matching', async () => {
    const watch = await api.watch(path(`resourceVersion=${revision}&labelSelector=app%3Dx`));
    await api.call('POST', SECRETS, secret('other'));
    await api.call('PATCH', `${SECRETS}/other`, { metadata: { labels: { app: 'x' } } }, MERGE);
    const left = await api.call('PATCH', `${SECRETS}/old`, { metadata: { labels: { app: 'y' } } }, MERGE);
    expect(await watch.summary(1)).toEqual(['ADDED other']);
    const gone = await watch.next();
    expect(gone).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'old', labels: { app: 'x' } } } });
    expect(gone?.object.metadata.resourceVersion).toBe(left.body.metadata.resourceVersion);
    await watch.close();
  });

  it('ends cleanly after timeoutSeconds, with a bookmark before', async () => {
    const watch = await api.watch(path(`resourceVersion=${revision}&timeoutSeconds=300&allowWatchBookmarks=true`));
    await api.clock.advance(60_000);
    const bookmark = await watch.next();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Secret', metadata: { resourceVersion: revision } },
    });
    await api.clock.advance(240_000);
    const types = [];
    for (let event = await watch.next(); event !== undefined; event = await watch.next()) types.push(event.type);
    expect(new Set(types)).toEqual(new Set(['BOOKMARK']));
  });

  it('sends no bookmark unasked', async () => {
    const watch = await api.watch(path(`resourceVersion=${revision}&timeoutSeconds=120`));
    await api.clock.advance(120_000);
    expect(await watch.next()).toBeUndefined();
  });

  it('answers sendInitialEvents with the state and the closing bookmark', async () => {
    const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await api.watch(path(query));
    expect(await watch.summary(1)).toEqual(['ADDED old']);
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    await watch.close();
  });

  it.each([
    ['sendInitialEvents=true', 422],
    ['resourceVersionMatch=NotOlderThan', 422],
    ['fieldSelector=data.x%3D1', 400],
    ['resourceVersion=999999999', 504],
  ])('with %s is refused with %i', async (query, code) => {
    expect((await api.refused('GET', path(query))).code).toBe(code);
  });

  it('sees events of both views, each in its own form', async () => {
    const core = await api.watch('/api/v1/namespaces/default/events?watch=true');
    const strict = await api.watch('/apis/events.k8s.io/v1/namespaces/default/events?watch=true');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'Secret', namespace: 'default', name: 'old' },
      message: 'hello',
    };
    await api.call('POST', '/api/v1/namespaces/default/events', event);
    expect((await core.next())?.object).toMatchObject({ apiVersion: 'v1', message: 'hello' });
    expect((await strict.next())?.object).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello' });
    await Promise.all([core.close(), strict.close()]);
  });
});

describe('a resourceVersion that is too old', () => {
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };

  it('gives an ERROR event and the end, after compaction', async () => {
    api.server.faults.compact();
    const watch = await api.watch(path(`resourceVersion=${revision}`));
    expect(await watch.next()).toMatchObject(expired);
    expect(await watch.next()).toBeUndefined();
  });

  it('comes by itself when the history is full', async () => {
    for (let i = 0; i < 130; i++)
      api.server.objects.create({ ...secret(`n${i}`), metadata: { name: `n${i}`, namespace: 'default' } });
    const watch = await api.watch(path(`resourceVersion=${revision}`));
    expect(await watch.next()).toMatchObject(expired);
  });
});

describe('fault switches', () => {
  it('answer the next watch with 410, as HTTP status or in the stream', async () => {
    api.server.faults.expireNextWatch('http');
    expect(await api.refused('GET', path(`resourceVersion=${revision}`))).toMatchObject({
      code: 410,
      reason: 'Expired',
    });
    api.server.faults.expireNextWatch('event');
    const watch = await api.watch(path(`resourceVersion=${revision}`));
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(await watch.next()).toBeUndefined();
  });

  it('end open watches cleanly, by reset, or with an error', async () => {
    const clean = await api.watch(path(`resourceVersion=${revision}`));
    expect(api.server.faults.endWatches('eof', ({ resource }) => resource === 'secrets')).toBe(1);
    expect(await clean.next()).toBeUndefined();
    const reset = await api.watch(path(`resourceVersion=${revision}`));
    api.server.faults.endWatches('reset');
    await expect(reset.next()).rejects.toThrow();
    const failed = await api.watch(path(`resourceVersion=${revision}`));
    api.server.faults.failWatches(500, 'InternalError');
    expect(await failed.next()).toMatchObject({ type: 'ERROR', object: { code: 500, reason: 'InternalError' } });
    expect(await failed.next()).toBeUndefined();
  });
});
