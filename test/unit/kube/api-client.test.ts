import { afterEach, describe, expect, it } from '@jest/globals';
import type { KubeObject, ResourceType } from '../../../src/api/meta.js';
import { ApiClient } from '../../../src/kube/api-client.js';
import { isConflict, isNotFound, TransportError } from '../../../src/kube/api-error.js';
import type { KubeClient, WatchEvent } from '../../../src/kube/client.js';
import { Reflector } from '../../../src/kube/reflector.js';
import { KubeTransport } from '../../../src/kube/transport.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { silentLogger } from '../../../src/runtime/logger.js';
import { access, httpFixture, json, type Script, type Seen, status } from './http-fixture.js';

const REQUESTS: ResourceType = {
  group: 'cert-manager.io',
  version: 'v1',
  plural: 'certificaterequests',
  kind: 'CertificateRequest',
  namespaced: true,
};
const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const ISSUERS: ResourceType = {
  group: 'certmanager.onap.org',
  version: 'v1',
  plural: 'cmpv2clusterissuers',
  kind: 'CMPv2ClusterIssuer',
  namespaced: false,
};
const REQUEST_PATH = '/apis/cert-manager.io/v1/namespaces/ns/certificaterequests';
const request: KubeObject = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'CertificateRequest',
  metadata: { namespace: 'ns', name: 'r', uid: 'u1', resourceVersion: '5' },
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(script: Script) {
  const fixture = await httpFixture(script);
  closers.push(() => fixture.close());
  const transport = new KubeTransport({
    access: access(`${fixture.server}/prefix`),
    clock: systemClock,
    uniform: () => 0,
    userAgent: 'tester/1',
  });
  closers.push(() => transport.close());
  return { client: new ApiClient(transport), seen: fixture.seen };
}

function echo(): Promise<{ client: ApiClient; seen: Seen[] }> {
  return start((_, response) => json(response, 200, request));
}

const described = ({ method, url }: Seen) => `${method} ${url.pathname.replace('/prefix', '')}${url.search}`;

describe('ApiClient paths', () => {
  const CALLS: [string, (client: KubeClient) => Promise<unknown>, string][] = [
    ['get in a namespace', (c) => c.get(REQUESTS, { namespace: 'ns', name: 'r' }), `GET ${REQUEST_PATH}/r`],
    [
      'get of the core group',
      (c) => c.get(SECRETS, { namespace: 'ns', name: 's' }),
      'GET /api/v1/namespaces/ns/secrets/s',
    ],
    [
      'get in the cluster',
      (c) => c.get(ISSUERS, { name: 'i' }),
      'GET /apis/certmanager.onap.org/v1/cmpv2clusterissuers/i',
    ],
    [
      'get in the cluster, namespace ignored',
      (c) => c.get(ISSUERS, { namespace: 'ns', name: 'i' }),
      'GET /apis/certmanager.onap.org/v1/cmpv2clusterissuers/i',
    ],
    ['create', (c) => c.create(REQUESTS, request, { fieldManager: 'm' }), `POST ${REQUEST_PATH}?fieldManager=m`],
    ['update', (c) => c.update(REQUESTS, request), `PUT ${REQUEST_PATH}/r`],
    [
      'patch',
      (c) => c.patch(REQUESTS, { namespace: 'ns', name: 'r' }, { kind: 'merge', body: {} }),
      `PATCH ${REQUEST_PATH}/r`,
    ],
    [
      'apply',
      (c) =>
        c.patch(
          REQUESTS,
          { namespace: 'ns', name: 'r' },
          { kind: 'apply', body: {}, force: true },
          { fieldManager: 'm' },
        ),
      `PATCH ${REQUEST_PATH}/r?fieldManager=m&force=true`,
    ],
    ['delete', (c) => c.delete(REQUESTS, { namespace: 'ns', name: 'r' }), `DELETE ${REQUEST_PATH}/r`],
    [
      'a name that is no path',
      (c) => c.get(ISSUERS, { name: '../x' }),
      'GET /apis/certmanager.onap.org/v1/cmpv2clusterissuers/..%2Fx',
    ],
  ];
  it.each(CALLS)('%s', async (_, call, expected) => {
    const { client, seen } = await echo();
    await call(client);
    expect(seen.map(described)).toEqual([expected]);
  });

  it('does not send a call that lacks its namespace to another place', async () => {
    const { client, seen } = await echo();
    expect(() => client.get(REQUESTS, { name: 'r' })).toThrow('certificaterequests live in namespaces');
    expect(seen).toEqual([]);
  });

  it.each([
    ['merge', 'application/merge-patch+json'],
    ['json', 'application/json-patch+json'],
    ['apply', 'application/apply-patch+yaml'],
  ] as const)('sends a %s patch as %s', async (kind, contentType) => {
    const { client, seen } = await echo();
    const body = kind === 'json' ? [{ op: 'test', path: '/a', value: 1 }] : { a: 1 };
    await client.patch(ISSUERS, { name: 'i' }, { kind, body } as Parameters<KubeClient['patch']>[2]);
    expect(seen[0]?.headers['content-type']).toBe(contentType);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(body);
  });

  it('gives the uid as a precondition of a delete', async () => {
    const { client, seen } = await echo();
    await client.delete(ISSUERS, { name: 'i' }, { uid: 'u', propagationPolicy: 'Background' });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ preconditions: { uid: 'u' }, propagationPolicy: 'Background' });
  });
});

describe('ApiClient.list', () => {
  it('asks for a page, and fills in what lists of built-in types leave out', async () => {
    const { client, seen } = await start((_, response) =>
      json(response, 200, {
        kind: 'SecretList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '7', continue: 'next' },
        items: [{ metadata: { name: 'a' } }],
      }),
    );
    const options = { limit: 500, continue: 'token', fieldSelector: 'type=x', labelSelector: 'a=b' };
    expect(await client.list(SECRETS, options)).toEqual({
      items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }],
      resourceVersion: '7',
      continue: 'next',
    });
    expect(seen[0]?.url.pathname).toBe('/prefix/api/v1/secrets');
    expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({
      limit: '500',
      continue: 'token',
      fieldSelector: 'type=x',
      labelSelector: 'a=b',
    });
    await client.list(SECRETS, { namespace: 'ns' });
    expect(seen[1]?.url.pathname).toBe('/prefix/api/v1/namespaces/ns/secrets');
  });

  it.each<[string, Script]>([
    ['no list', (_, response) => json(response, 200, request)],
    [
      'no JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"secret-token":'),
    ],
  ])('refuses %s without showing it', async (_, script) => {
    const { client } = await start(script);
    const error: unknown = await client.list(SECRETS).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(TransportError);
    expect(String(error)).not.toContain('secret-token');
  });
});

describe('ApiClient.applyStatus', () => {
  const intent = { metadata: { name: 'r', namespace: 'ns', uid: 'u1' }, status: { conditions: [] } };
  const options = { fieldManager: 'm', force: true };

  it('is a server-side apply on the status of this incarnation', async () => {
    const { client, seen } = await echo();
    await client.applyStatus(REQUESTS, intent, options);
    expect(seen.map(described)).toEqual([`PATCH ${REQUEST_PATH}/r/status?fieldManager=m&force=true`]);
    expect(seen[0]?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      apiVersion: 'cert-manager.io/v1',
      kind: 'CertificateRequest',
      metadata: { name: 'r', namespace: 'ns', uid: 'u1' },
      status: { conditions: [] },
    });
  });

  const notFound: Script = (_, response) => json(response, 404, status(404, 'NotFound', 'not found', { name: 'r' }));
  const withoutSubresource =
    (current: object): Script =>
    (seen, response, socket) => {
      if (seen.url.pathname.endsWith('/status')) notFound(seen, response, socket);
      else json(response, 200, seen.method === 'PUT' ? JSON.parse(seen.body) : current);
    };

  it('replaces the whole object where the type has no status subresource', async () => {
    const current = { ...request, spec: { kept: true }, status: { other: 'kept', conditions: ['old'] } };
    const { client, seen } = await start(withoutSubresource(current));
    const result = await client.applyStatus(REQUESTS, intent, options);
    expect(seen.map(({ method }) => method)).toEqual(['PATCH', 'GET', 'PUT']);
    expect(result).toEqual({ ...current, status: { other: 'kept', conditions: [] } });
  });

  it('leaves another incarnation alone', async () => {
    const next = { ...request, metadata: { ...request.metadata, uid: 'u2' } };
    const { client, seen } = await start(withoutSubresource(next));
    const error: unknown = await client.applyStatus(REQUESTS, intent, options).catch((failure: unknown) => failure);
    expect(isConflict(error)).toBe(true);
    expect(seen.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
  });

  it('says that the object is gone when it is', async () => {
    const { client } = await start(notFound);
    const error: unknown = await client.applyStatus(REQUESTS, intent, options).catch((failure: unknown) => failure);
    expect(isNotFound(error)).toBe(true);
  });
});

describe('ApiClient errors', () => {
  it('are ApiErrors with the words of the server', async () => {
    const { client } = await start((_, response) =>
      json(response, 422, status(422, 'Invalid', 'spec.x: Required value', { causes: [{ field: 'spec.x' }] })),
    );
    await expect(client.create(REQUESTS, request)).rejects.toMatchObject({
      name: 'ApiError',
      code: 422,
      reason: 'Invalid',
      message: 'spec.x: Required value',
      details: { causes: [{ field: 'spec.x' }] },
    });
  });

  it('pass the reason of an aborted call through', async () => {
    const { client } = await start(() => {});
    const reason = new Error('not needed any more');
    await expect(client.get(ISSUERS, { name: 'i' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('ApiClient.watch', () => {
  async function collect(events: AsyncIterable<WatchEvent<KubeObject>>): Promise<WatchEvent<KubeObject>[]> {
    const all: WatchEvent<KubeObject>[] = [];
    for await (const event of events) all.push(event);
    return all;
  }

  it('asks for bookmarks and an end, and delivers events', async () => {
    const { client, seen } = await start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`${JSON.stringify({ type: 'ADDED', object: request })}\n{"type":"BOOK`);
      response.end('MARK","object":{"metadata":{"resourceVersion":"9"}}}\n');
    });
    const events = await collect(
      client.watch(REQUESTS, { namespace: 'ns', resourceVersion: '4', timeoutSeconds: 300 }),
    );
    expect(events).toEqual([
      { type: 'ADDED', object: request },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
    expect(seen[0]?.url.pathname).toBe(`/prefix${REQUEST_PATH}`);
    expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '4',
      timeoutSeconds: '300',
    });
  });

  it('throws what the server refuses', async () => {
    const { client } = await start((_, response) => json(response, 410, status(410, 'Expired', 'too old')));
    await expect(collect(client.watch(REQUESTS, { resourceVersion: '1', timeoutSeconds: 1 }))).rejects.toMatchObject({
      code: 410,
    });
  });

  it('carries a reflector over real connections that break', async () => {
    let version = 10;
    let watches = 0;
    const item = (name: string) => ({
      ...request,
      metadata: { ...request.metadata, name, uid: name, resourceVersion: String(version) },
    });
    const { client } = await start((seen, response, socket) => {
      if (!seen.url.searchParams.has('watch')) {
        json(response, 200, { metadata: { resourceVersion: '10' }, items: [item('listed')] });
        return;
      }
      watches++;
      version++;
      response.writeHead(200, { 'content-type': 'application/json' });
      const line = `${JSON.stringify({ type: 'ADDED', object: item(`watch-${watches}`) })}\n`;
      if (watches === 1) response.write(line, () => socket.resetAndDestroy());
      else if (watches === 2) response.end(line);
      else response.write(line);
    });
    const names: string[] = [];
    const reflector = new Reflector<KubeObject>({
      client,
      type: REQUESTS,
      clock: systemClock,
      uniform: () => 0,
      logger: silentLogger,
    });
    const done = new Promise<void>((resolve) => {
      reflector.addHandler({
        added: ({ metadata }) => {
          names.push(metadata.name);
          if (names.length === 4) resolve();
        },
      });
    });
    const controller = new AbortController();
    const run = reflector.run(controller.signal);
    await done;
    controller.abort(new Error('the test is over'));
    await run;
    expect(names).toEqual(['listed', 'watch-1', 'watch-2', 'watch-3']);
  });
});
