import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Harness, SECRETS, secret, startHarness } from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

const MERGE = { type: 'application/merge-patch+json' };

describe('Secrets', () => {
  it('take stringData in and do not give it back', async () => {
    const { body } = await api.call('POST', SECRETS, secret('s', { stringData: { text: 'hello' } }));
    expect(body).toMatchObject({ type: 'Opaque', data: { key: 'dmFsdWU=', text: 'aGVsbG8=' } });
    expect(body).not.toHaveProperty('stringData');
  });

  it.each([
    ['data that is no base64', { data: { a: '***' } }, 400],
    ['data that is no text', { data: { a: 1 } }, 400],
    ['a key with a slash', { data: { 'a/b': '' } }, 422],
    ['TLS without key', { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, 422],
    ['basic-auth with neither', { type: 'kubernetes.io/basic-auth', data: {} }, 422],
    ['more than 1 MiB', { data: { a: Buffer.alloc(1024 * 1024 + 1).toString('base64') } }, 422],
  ])('refuse %s', async (_what, extra, code) => {
    expect((await api.refused('POST', SECRETS, secret('bad', extra))).code).toBe(code);
  });

  it.each([
    ['basic-auth with a password alone', { type: 'kubernetes.io/basic-auth', data: { password: '' } }],
    ['TLS with both', { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } }],
    ['no data', { data: undefined }],
  ])('take %s', async (_what, extra) => {
    expect((await api.call('POST', `${SECRETS}?dryRun=All`, secret('good', extra))).code).toBe(201);
  });

  it('never change type, nor data once immutable', async () => {
    await api.call('POST', SECRETS, secret('fixed'));
    expect((await api.refused('PATCH', `${SECRETS}/fixed`, { type: 'other' }, MERGE)).details?.causes?.[0]?.field).toBe(
      'type',
    );
    await api.call('PATCH', `${SECRETS}/fixed`, { immutable: true }, MERGE);
    expect((await api.refused('PATCH', `${SECRETS}/fixed`, { data: { key: '' } }, MERGE)).code).toBe(422);
    expect((await api.refused('PATCH', `${SECRETS}/fixed`, { immutable: false }, MERGE)).code).toBe(422);
  });
});

describe('Leases', () => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const lease = (spec: object) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l' },
    spec: { holderIdentity: 'me', leaseDurationSeconds: 15, ...spec },
  });

  it.each(['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.0000000Z', 'now'])(
    'refuse the time %s',
    async (renewTime) => {
      expect(await api.refused('POST', path, lease({ renewTime }))).toMatchObject({ code: 400, reason: 'BadRequest' });
    },
  );

  it('take exactly six digits, and a positive duration only', async () => {
    expect(
      (await api.call('POST', `${path}?dryRun=All`, lease({ renewTime: '2026-01-01T00:00:00.000000Z' }))).code,
    ).toBe(201);
    expect((await api.refused('POST', path, lease({ leaseDurationSeconds: 0 }))).code).toBe(422);
  });
});

describe('Events', () => {
  const strictPath = '/apis/events.k8s.io/v1/namespaces/default/events';
  const corePath = '/api/v1/namespaces/default/events';
  const strict = (name: string, extra: object = {}) => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.org/controller',
    reportingInstance: 'pod-1',
    action: 'Sign',
    reason: 'Signed',
    type: 'Normal',
    note: 'done',
    regarding: { apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 's' },
    ...extra,
  });

  it('are one store with two views', async () => {
    await api.call('POST', strictPath, strict('both'));
    expect((await api.call('GET', `${corePath}/both`)).body).toMatchObject({
      apiVersion: 'v1',
      message: 'done',
      involvedObject: { name: 's' },
      reportingComponent: 'example.org/controller',
    });
    const described = await api.call<{ items: unknown[] }>(
      'GET',
      `${corePath}?fieldSelector=involvedObject.kind%3DSecret,involvedObject.name%3Ds`,
    );
    expect(described.body.items).toHaveLength(1);
    const regarding = await api.call<{ items: unknown[] }>('GET', `${strictPath}?fieldSelector=regarding.name%3Dother`);
    expect(regarding.body.items).toHaveLength(0);
  });

  it.each([
    ['no eventTime', { eventTime: undefined }, 422],
    ['a time without microseconds', { eventTime: '2026-01-01T00:00:00Z' }, 400],
    ['no controller', { reportingController: '' }, 422],
    ['a controller that is no qualified name', { reportingController: 'a b' }, 422],
    ['no instance', { reportingInstance: undefined }, 422],
    ['an instance that is too long', { reportingInstance: 'x'.repeat(129) }, 422],
    ['no action', { action: undefined }, 422],
    ['no reason', { reason: undefined }, 422],
    ['another type', { type: 'Error' }, 422],
    ['a note above 1024 bytes', { note: 'x'.repeat(1025) }, 422],
    ['a deprecated field', { deprecatedCount: 2 }, 422],
    ['another namespace', { regarding: { kind: 'Secret', namespace: 'kube-system', name: 's' } }, 422],
    ['a series of one', { series: { count: 1, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }, 422],
  ])('of events.k8s.io refuse %s', async (_what, extra, code) => {
    expect((await api.refused('POST', strictPath, strict('bad', extra))).code).toBe(code);
  });

  it('of events.k8s.io may change in their series only', async () => {
    await api.call('POST', strictPath, strict('series'));
    const series = { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
    expect((await api.call('PATCH', `${strictPath}/series`, { series }, MERGE)).code).toBe(200);
    expect((await api.refused('PATCH', `${strictPath}/series`, { note: 'other' }, MERGE)).code).toBe(422);
  });

  it('about cluster-scoped objects live in default', async () => {
    const regarding = { kind: 'CMPv2ClusterIssuer', name: 'c' };
    expect((await api.call('POST', strictPath, strict('cluster', { regarding }))).code).toBe(201);
  });
});
