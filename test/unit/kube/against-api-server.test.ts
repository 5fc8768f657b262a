import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeObject, ResourceType } from '../../../src/api/meta.js';
import { ApiClient } from '../../../src/kube/api-client.js';
import { isAlreadyExists, isConflict, isGone, isNotFound } from '../../../src/kube/api-error.js';
import { loadKubeAccess } from '../../../src/kube/config.js';
import { KubeEventRecorder } from '../../../src/kube/event-recorder.js';
import { Reflector } from '../../../src/kube/reflector.js';
import { KubeTransport } from '../../../src/kube/transport.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { type ApiServer, startApiServer } from '../../../src/sandbox/apiserver/index.js';

const WIDGETS: ResourceType = {
  group: 'example.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};
/** As ONAP's first CRD: no status subresource. */
const OLD: ResourceType = { ...WIDGETS, plural: 'oldwidgets', kind: 'OldWidget' };
/** With a field to select by. */
const CHOSEN: ResourceType = { ...WIDGETS, plural: 'chosenwidgets', kind: 'ChosenWidget' };
const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

interface Widget extends KubeObject {
  readonly spec?: { readonly size: number };
  readonly status?: { readonly text?: string; readonly conditions?: readonly { type: string; status: string }[] };
}

function crd(type: ResourceType, subresources: object): object {
  const preserved = {
    type: 'object',
    properties: { size: { type: 'integer' } },
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const conditions = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
  };
  const status = { type: 'object', properties: { text: { type: 'string' }, conditions } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${type.plural}.${type.group}` },
    spec: {
      group: type.group,
      scope: 'Namespaced',
      names: { plural: type.plural, singular: type.kind.toLowerCase(), kind: type.kind, listKind: `${type.kind}List` },
      versions: [
        {
          name: type.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: preserved, status } } },
          ...subresources,
        },
      ],
    },
  };
}

function widget(name: string, size = 1, kind = 'Widget'): Widget {
  return { apiVersion: 'example.com/v1', kind, metadata: { name, namespace: 'team' }, spec: { size } };
}

describe('the kube client against an API server', () => {
  let server: ApiServer;
  let transport: KubeTransport;
  let client: ApiClient;
  const folder = mkdtempSync(join(tmpdir(), 'kube-client-'));

  beforeAll(async () => {
    server = await startApiServer({
      tokens: [{ token: 'token', user: 'system:admin' }],
      customResourceDefinitions: [
        crd(WIDGETS, { subresources: { status: {} } }),
        crd(OLD, {}),
        crd(CHOSEN, { selectableFields: [{ jsonPath: '.spec.size' }] }),
      ],
    });
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, server.kubeconfig('token'));
    transport = new KubeTransport({
      access: await loadKubeAccess({ kubeconfig }),
      clock: systemClock,
      uniform: () => 0,
      userAgent: 'tester/1',
    });
    client = new ApiClient(transport);
    server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  });
  afterAll(async () => {
    await transport.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    server.faults.clear();
    server.journal.reset();
  });

  it('creates, reads, replaces, patches and deletes', async () => {
    const made = await client.create<Widget>(WIDGETS, widget('crud'));
    expect(made.metadata.uid).toBeDefined();
    expect(isAlreadyExists(await client.create(WIDGETS, widget('crud')).catch((error: unknown) => error))).toBe(true);
    const updated = await client.update<Widget>(WIDGETS, { ...made, spec: { size: 2 } });
    expect(updated.metadata.generation).toBe(2);
    expect(
      isConflict(await client.update(WIDGETS, { ...made, spec: { size: 3 } }).catch((error: unknown) => error)),
    ).toBe(true);
    const ref = { namespace: 'team', name: 'crud' };
    await client.patch(WIDGETS, ref, { kind: 'merge', body: { spec: { size: 4 } } });
    await client.patch(WIDGETS, ref, { kind: 'json', body: [{ op: 'replace', path: '/spec/size', value: 5 }] });
    expect((await client.get<Widget>(WIDGETS, ref)).spec).toEqual({ size: 5 });
    const another = client.delete(WIDGETS, ref, { uid: 'another-uid' });
    expect(isConflict(await another.catch((error: unknown) => error))).toBe(true);
    await client.delete(WIDGETS, ref, { uid: made.metadata.uid });
    expect(isNotFound(await client.get(WIDGETS, ref).catch((error: unknown) => error))).toBe(true);
  });

  it('speaks to the core group', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'team' },
      data: { a: 'Yg==' },
    };
    await client.create(SECRETS, secret);
    const list = await client.list(SECRETS, { namespace: 'team', fieldSelector: 'metadata.name=s' });
    expect(list.items).toMatchObject([secret]);
  });

  it('applies status with ownership of its own fields, to this incarnation only', async () => {
    const made = await client.create<Widget>(WIDGETS, widget('applied'));
    const { uid = '' } = made.metadata;
    const metadata = { name: 'applied', namespace: 'team', uid };
    const condition = (type: string) => ({ conditions: [{ type, status: 'True' }] });
    await client.applyStatus(WIDGETS, { metadata, status: condition('Approved') }, { fieldManager: 'other' });
    const both = { ...condition('Ready'), text: 'x' };
    await client.applyStatus(WIDGETS, { metadata, status: both }, { fieldManager: 'me', force: true });
    const result = await client.applyStatus<Widget>(
      WIDGETS,
      { metadata, status: condition('Ready') },
      { fieldManager: 'me', force: true },
    );
    expect(result.status?.conditions?.map(({ type }) => type).sort()).toEqual(['Approved', 'Ready']);
    expect(result.status).not.toHaveProperty('text');
    const wrong = { metadata: { ...metadata, uid: 'another-uid' }, status: condition('Ready') };
    const error = await client.applyStatus(WIDGETS, wrong, { fieldManager: 'me' }).catch((failure: unknown) => failure);
    expect(isConflict(error)).toBe(true);
  });

  it('writes status where there is no status subresource', async () => {
    const made = await client.create<Widget>(OLD, widget('old', 1, 'OldWidget'));
    const metadata = { name: 'old', namespace: 'team', uid: made.metadata.uid ?? '' };
    await client.applyStatus(OLD, { metadata, status: { text: 'written' } }, { fieldManager: 'me', force: true });
    expect(await client.get(OLD, metadata)).toMatchObject({ spec: { size: 1 }, status: { text: 'written' } });
  });

  it('pages, and finds expired tokens and versions', async () => {
    for (let i = 0; i < 5; i++) await client.create(WIDGETS, widget(`page-${i}`));
    const first = await client.list(WIDGETS, { limit: 2 });
    expect(first.items).toHaveLength(2);
    const second = await client.list(WIDGETS, { limit: 2, continue: first.continue });
    expect(second.resourceVersion).toBe(first.resourceVersion);
    server.faults.compact();
    const late = client.list(WIDGETS, { limit: 2, continue: second.continue });
    expect(isGone(await late.catch((error: unknown) => error))).toBe(true);
  });

  it('retries what the server throttles, and does not repeat what it may have done', async () => {
    server.faults.throttleNext(2, 0);
    await client.create(WIDGETS, widget('throttled'));
    server.faults.loseResponseAfterCommit(1);
    const lost = client.create(WIDGETS, widget('lost'));
    await expect(lost).rejects.toMatchObject({ failure: 'reset' });
    expect(server.objects.get('widgets.example.com', 'lost', 'team')).toBeDefined();
  });

  it('keeps a cache equal to the server through every fault', async () => {
    const stop = new AbortController();
    const reflector = new Reflector<Widget>({
      client,
      type: WIDGETS,
      clock: systemClock,
      uniform: () => 0,
      logger: silentLogger,
      namespace: 'team',
      tuning: { pageSize: 2 },
    });
    const waiting = new Map<string, () => void>();
    const told: string[] = [];
    reflector.addHandler({
      added: ({ metadata }) => {
        told.push(`+${metadata.name}`);
        waiting.get(metadata.name)?.();
      },
      deleted: ({ metadata }) => told.push(`-${metadata.name}`),
    });
    const seen = (name: string) =>
      new Promise<void>((resolve) => {
        waiting.set(name, resolve);
      });
    const run = reflector.run(stop.signal);
    await reflector.waitForSync(stop.signal);

    const isWatch = ({ verb }: { verb: string }) => verb === 'watch';
    const faults: (() => void)[] = [
      () => server.faults.endWatches('eof'),
      () => server.faults.endWatches('reset'),
      () => {
        server.faults.expireNextWatch('event');
        server.faults.endWatches('eof');
      },
      () => {
        server.faults.expireNextWatch('http');
        server.faults.endWatches('eof');
      },
      () => server.faults.failWatches(500, 'InternalError'),
      () => {
        server.faults.failNext({ code: 503, count: 3, match: isWatch });
        server.faults.endWatches('reset');
      },
    ];
    for (const [i, fault] of faults.entries()) {
      const arrived = seen(`after-${i}`);
      fault();
      if (i > 0) server.objects.delete('widgets.example.com', `after-${i - 1}`, 'team');
      server.objects.create(widget(`after-${i}`));
      await arrived;
    }
    expect(told.filter((line) => line.startsWith('-'))).toEqual(faults.slice(1).map((_, i) => `-after-${i}`));
    const names = [...reflector.store.values()].map(({ metadata }) => metadata.name).sort();
    const there = server.objects
      .list('widgets.example.com', 'team')
      .map((object) => String(object.metadata.name))
      .sort();
    expect(names).toEqual(there);
    stop.abort(new Error('the test is over'));
    await run;
  });

  it.each([
    ['selects at the server where it knows the field', CHOSEN, [200]],
    ['takes everything and keeps its own where the server does not', OLD, [400, 200]],
  ] as const)('%s', async (_what, type, listCodes) => {
    const namespace = `select-${type.plural}`;
    const made = (name: string, size: number) => {
      const object = widget(name, size, type.kind);
      return server.objects.create({ ...object, metadata: { ...object.metadata, namespace } });
    };
    for (let i = 0; i < 20; i++) made(`foreign-${i}`, 2);
    made('ours', 1);
    const becomesOurs = made('becomes-ours', 2);
    const stop = new AbortController();
    const reflector = new Reflector<Widget>({
      client,
      type,
      namespace,
      clock: systemClock,
      uniform: () => 0,
      logger: silentLogger,
      fieldSelector: 'spec.size=1',
      project: (object: Widget) => (object.spec?.size === 1 ? object : undefined),
      tuning: { pageSize: 5 },
    });
    const told: string[] = [];
    let tell = () => {};
    const heard = (line: string) => {
      told.push(line);
      tell();
    };
    reflector.addHandler({
      added: ({ metadata }) => heard(`+${metadata.name}`),
      deleted: ({ metadata }) => heard(`-${metadata.name}`),
    });
    const next = () =>
      new Promise<void>((resolve) => {
        tell = resolve;
      });
    server.journal.reset();
    const run = reflector.run(stop.signal);
    await reflector.waitForSync(stop.signal);
    const lists = server.journal.entries({ verb: 'list', resource: type.plural });
    expect([...new Set(lists.map(({ code }) => code))]).toEqual(listCodes);
    // Foreign objects are not even remembered by name.
    expect([...reflector.store.values()].map(({ metadata }) => metadata.name)).toEqual(['ours']);
    let change = next();
    const ours = server.objects.update({ ...becomesOurs, spec: { size: 1 } });
    await change;
    change = next();
    server.objects.update({ ...ours, spec: { size: 2 } });
    await change;
    expect(told).toEqual(['+ours', '+becomes-ours', '-becomes-ours']);
    expect(reflector.store.size).toBe(1);
    stop.abort(new Error('the test is over'));
    await run;
  });

  it('records events that the server accepts, and finds by the object they are about', async () => {
    const recorder = new KubeEventRecorder({
      client,
      clock: systemClock,
      uniform: () => 0,
      logger: silentLogger,
      reporter: { controller: 'cmpv2-issuer', instance: 'test' },
    });
    const regarding = await client.create<Widget>(WIDGETS, widget('talked-about'));
    for (let i = 0; i < 3; i++) {
      recorder.record({ regarding, type: 'Warning', reason: 'Odd', action: 'Look', note: 'ä'.repeat(2_000) });
    }
    await recorder.stop(5_000);
    expect(recorder.dropped).toBe(0);
    const core: ResourceType = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
    const { items } = await client.list(core, {
      namespace: 'team',
      fieldSelector: `involvedObject.uid=${regarding.metadata.uid}`,
    });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ reason: 'Odd', involvedObject: { name: 'talked-about' }, series: { count: 3 } });
  });
});
