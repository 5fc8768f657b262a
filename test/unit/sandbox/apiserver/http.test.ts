import https from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../../../src/sandbox/apiserver/index.js';
import {
  certificateRequest,
  type Harness,
  ISSUERS,
  issuer,
  REQUESTS,
  SECRETS,
  secret,
  startHarness,
} from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

describe('authentication and authorization', () => {
  it.each(['', 'wrong', 'admin-toke'])('refuses the token "%s"', async (token) => {
    expect(await api.refused('GET', SECRETS, undefined, { token })).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  const reader = { token: 'reader-token' };

  it.each([
    ['GET', `${SECRETS}/known`, 404],
    ['GET', `${SECRETS}/other`, 403],
    ['GET', SECRETS, 403],
    ['GET', ISSUERS, 200],
    ['GET', `${ISSUERS}?watch=true&timeoutSeconds=0`, 403],
    ['GET', '/apis/certmanager.onap.org/v1/cmpv2issuers', 403],
    ['GET', '/apis/certmanager.onap.org/v1/namespaces/kube-system/cmpv2issuers', 403],
    ['GET', '/apis/certmanager.onap.org/v1/cmpv2clusterissuers', 403],
    ['DELETE', `${ISSUERS}/x`, 403],
    ['GET', '/apis/example.org/v1/unknowns', 403],
  ])('with rules: %s %s gives %i', async (method, path, code) => {
    expect((await api.call(method, path, undefined, reader)).code).toBe(code);
  });

  it('names user, verb and resource', async () => {
    expect((await api.refused('GET', `${REQUESTS}/r/status`, undefined, reader)).message).toBe(
      'certificaterequests.cert-manager.io "r" is forbidden: User "reader" cannot get resource "certificaterequests/status" in API group "cert-manager.io" in the namespace "default"',
    );
  });

  it('answers what one may do oneself', async () => {
    const review = (resource: string) => ({ spec: { resourceAttributes: { verb: 'get', resource, name: 'known' } } });
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await api.call('POST', path, review('secrets'), reader)).body['status']).toEqual({ allowed: true });
    expect((await api.call('POST', path, review('configmaps'), reader)).body['status']).toEqual({ allowed: false });
  });
});

describe('paths, methods and media types', () => {
  it.each([
    ['an unknown type', 'GET', '/apis/certmanager.onap.org/v1/nothings', 404],
    ['an unknown group', 'GET', '/apis/example.org/v1/things', 404],
    ['an unknown subresource', 'GET', `${ISSUERS}/a/scale`, 404],
    ['a status where there is none', 'GET', `${SECRETS}/a/status`, 404],
    [
      'a cluster-scoped type in a namespace',
      'GET',
      '/apis/certmanager.onap.org/v1/namespaces/default/cmpv2clusterissuers',
      404,
    ],
    ['creating without namespace', 'POST', '/apis/certmanager.onap.org/v1/cmpv2issuers', 405],
    ['posting to an object', 'POST', `${SECRETS}/a`, 405],
    ['replacing a collection', 'PUT', SECRETS, 405],
  ])('%s: %s %s gives %i', async (_what, method, path, code) => {
    const body = method === 'GET' ? undefined : issuer('a');
    expect((await api.refused(method, path, body)).code).toBe(code);
  });

  it.each([
    ['XML', 'text/xml', '<a/>', 415],
    ['protobuf for a custom resource', 'application/vnd.kubernetes.protobuf', 'k8s\0', 415],
    ['broken JSON', 'application/json', '{"a":', 400],
    ['a list', 'application/json', '[]', 400],
    ['more than 3 MiB', 'application/json', `"${'x'.repeat(3 * 1024 * 1024)}"`, 413],
  ])('a body that is %s is refused', async (_what, type, body, code) => {
    expect((await api.refused('POST', ISSUERS, body, { type })).code).toBe(code);
  });

  it('takes YAML, and answers no Accept it cannot serve', async () => {
    const yaml = 'apiVersion: v1\nkind: Secret\nmetadata: {name: from-yaml}\n';
    expect((await api.call('POST', SECRETS, yaml, { type: 'application/yaml' })).code).toBe(201);
    const accept = (text: string) => ({ headers: { accept: text } });
    expect((await api.refused('GET', SECRETS, undefined, accept('application/vnd.kubernetes.protobuf'))).code).toBe(
      406,
    );
    expect(
      (await api.call('GET', SECRETS, undefined, accept('application/vnd.kubernetes.protobuf,application/json'))).code,
    ).toBe(200);
  });

  it('reads the protobuf of Go clients for built-in types', async () => {
    const field = (number: number, ...parts: (string | Buffer)[]) => {
      const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
      return Buffer.concat([Buffer.of((number << 3) | 2, content.length), content]);
    };
    const object = Buffer.concat([
      field(1, field(1, 'from-go'), field(3, ''), field(11, field(1, 'owner'), field(2, 'helm'))),
      field(2, field(1, 'release'), field(2, Buffer.of(0, 255))),
      field(3, 'helm.sh/release.v1'),
    ]);
    const body = Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, 'v1'), field(2, 'Secret')), field(2, object)]);
    const { code, body: created } = await api.call('POST', SECRETS, body, {
      type: 'application/vnd.kubernetes.protobuf',
    });
    expect([code, created]).toMatchObject([
      201,
      {
        metadata: { name: 'from-go', labels: { owner: 'helm' } },
        type: 'helm.sh/release.v1',
        data: { release: 'AP8=' },
      },
    ]);
    for (let length = 0; length < body.length; length++) {
      const type = 'application/vnd.kubernetes.protobuf';
      expect((await api.refused('POST', SECRETS, body.subarray(0, length), { type })).code).toBeLessThan(500);
    }
  });
});

describe('documents for kubectl', () => {
  it.each(['/healthz', '/livez', '/readyz', '/version'])('%s is open to all', async (path) => {
    expect((await api.call('GET', path, undefined, { token: '' })).code).toBe(200);
  });

  it('discovery lists what is served', async () => {
    expect((await api.call('GET', '/api')).body).toMatchObject({ versions: ['v1'] });
    const groups = await api.call<{ groups: { name: string }[] }>('GET', '/apis');
    expect(groups.body.groups.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['cert-manager.io', 'certmanager.onap.org']),
    );
    const { body } = await api.call<{ resources: object[] }>('GET', '/apis/cert-manager.io/v1');
    expect(body.resources).toContainEqual(
      expect.objectContaining({ name: 'certificaterequests', shortNames: ['cr', 'crs'], namespaced: true }),
    );
    expect(body.resources).toContainEqual(expect.objectContaining({ name: 'certificaterequests/status' }));
    expect((await api.call('GET', '/apis/example.org/v1')).code).toBe(404);
  });

  it('openapi v3 has for each kind a patch with fieldValidation', async () => {
    const index = await api.call<{ paths: Record<string, { serverRelativeURL: string }> }>('GET', '/openapi/v3');
    const url = index.body.paths['apis/certmanager.onap.org/v1']?.serverRelativeURL ?? '';
    const { body } = await api.call<{ paths: Record<string, { patch: object }> }>('GET', url);
    expect(body.paths['/apis/certmanager.onap.org/v1/namespaces/{namespace}/cmpv2issuers/{name}']?.patch).toMatchObject(
      {
        'x-kubernetes-group-version-kind': { kind: 'CMPv2Issuer' },
        parameters: expect.arrayContaining([expect.objectContaining({ name: 'fieldValidation' })]),
      },
    );
    expect((await api.call('GET', '/openapi/v2')).code).toBe(404);
  });

  it('Tables carry the printer columns', async () => {
    await api.call('POST', REQUESTS, certificateRequest('table'));
    await api.clock.advance(125_000);
    const accept = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } };
    const { body } = await api.call<{ kind: string; columnDefinitions: { name: string }[]; rows: object[] }>(
      'GET',
      REQUESTS,
      undefined,
      accept,
    );
    expect([body.kind, body.columnDefinitions.map(({ name }) => name)]).toEqual([
      'Table',
      ['Name', 'Approved', 'Denied', 'Ready', 'Issuer', 'Requester', 'Status', 'Age'],
    ]);
    expect(body.rows[0]).toMatchObject({
      cells: ['table', '', '', '', 'ca', 'admin', '', '2m5s'],
      object: { kind: 'PartialObjectMetadata' },
    });
  });
});

describe('fault switches', () => {
  beforeEach(() => {
    api.server.faults.clear();
    api.server.journal.reset();
  });

  it('throttle with Retry-After, for as many requests as told', async () => {
    api.server.faults.throttleNext(2, 7, ({ resource }) => resource === 'secrets');
    for (let i = 0; i < 2; i++) {
      const { code, body, headers } = await api.call('GET', SECRETS);
      expect([code, headers.get('retry-after'), body]).toMatchObject([
        429,
        '7',
        { reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } },
      ]);
    }
    expect((await api.call('GET', SECRETS)).code).toBe(200);
  });

  it('fail chosen requests before anything happens', async () => {
    api.server.faults.failNext({ code: 503, match: ({ verb }) => verb === 'create' });
    expect((await api.call('GET', SECRETS)).code).toBe(200);
    expect((await api.refused('POST', SECRETS, secret('f'))).reason).toBe('ServiceUnavailable');
    expect((await api.call('GET', `${SECRETS}/f`)).code).toBe(404);
  });

  it('lose the answer after the commit', async () => {
    api.server.faults.loseResponseAfterCommit(1, ({ verb }) => verb === 'create');
    await expect(api.call('POST', SECRETS, secret('lost'))).rejects.toThrow();
    expect((await api.call('GET', `${SECRETS}/lost`)).code).toBe(200);
    expect(api.server.journal.count({ verb: 'create', code: 0 })).toBe(1);
  });

  it('delay by the clock', async () => {
    api.server.faults.delayNext(5000);
    const answer = api.call('GET', SECRETS);
    while (api.clock.sleeping === 0) await new Promise(setImmediate);
    await api.clock.advance(5000);
    expect((await answer).code).toBe(200);
  });
});

describe('a request that is held', () => {
  afterEach(() => api.server.faults.clear());

  it('before it is looked at: cut off there, nothing comes of it', async () => {
    const hold = api.server.faults.hold('before', ({ verb }) => verb === 'create');
    const lost = expect(api.call('POST', SECRETS, secret('held-before'))).rejects.toThrow();
    const held = await hold.first;
    expect(held.subject).toMatchObject({ verb: 'create', resource: 'secrets', user: 'admin' });
    expect((await api.call('GET', `${SECRETS}/held-before`)).code).toBe(404);
    held.spoil('cut');
    await lost;
    expect((await api.call('GET', `${SECRETS}/held-before`)).code).toBe(404);
  });

  it('after it was served: cut off there, its work is done', async () => {
    const hold = api.server.faults.hold('after', ({ verb }) => verb === 'create');
    const lost = expect(api.call('POST', SECRETS, secret('held-after'))).rejects.toThrow();
    (await hold.first).spoil('cut');
    await lost;
    expect((await api.call('GET', `${SECRETS}/held-after`)).code).toBe(200);
  });

  it('is answered when it is let go', async () => {
    const hold = api.server.faults.hold('before', ({ verb }) => verb === 'create');
    const answer = api.call('POST', SECRETS, secret('held-and-let-go'));
    await hold.first;
    hold.lift();
    expect((await answer).code).toBe(201);
  });
});

it('closing does not wait for what is delayed', async () => {
  const other = await startHarness();
  other.server.faults.delayNext(1_000_000);
  const answer = other.call('GET', SECRETS);
  while (other.clock.sleeping === 0) await new Promise(setImmediate);
  await other.server.close();
  // Either the 503 got out in time, or the connection was cut.
  expect(await answer.then(({ code }) => code).catch(() => 503)).toBe(503);
});

describe('the journal', () => {
  it('counts by verb, resource, subresource, user and code, and keeps a bounded tail', async () => {
    const small = await startHarness({ journalLimit: 3 });
    await small.call('POST', REQUESTS, certificateRequest('j'));
    for (let i = 0; i < 9; i++) await small.call('GET', `${REQUESTS}/j`);
    await small.call(
      'PATCH',
      `${REQUESTS}/j/status`,
      { status: { ca: 'YQ==' } },
      { type: 'application/merge-patch+json', token: 'approver-token' },
    );
    await small.call('GET', `${REQUESTS}/none`);
    const { journal } = small.server;
    expect([
      journal.count(),
      journal.count({ verb: 'get' }),
      journal.count({ verb: ['create', 'update', 'patch', 'delete'], resource: 'certificaterequests' }),
      journal.count({ verb: 'patch', subresource: '' }),
      journal.count({ user: 'approver', subresource: 'status' }),
      journal.count({ code: 404 }),
    ]).toEqual([12, 10, 2, 0, 1, 1]);
    const tail = journal.entries();
    expect(tail).toHaveLength(3);
    expect(tail.at(-2)).toMatchObject({ verb: 'patch', contentType: 'application/merge-patch+json', name: 'j' });
    expect(JSON.stringify(tail)).not.toContain('token');
    await small.server.close();
  });
});

describe('direct access', () => {
  it('goes through the same checks and is seen by everyone', async () => {
    const { objects } = api.server;
    const made = objects.create({ ...issuer('direct'), metadata: { name: 'direct', namespace: 'made-on-demand' } });
    expect(made.metadata.uid).toBeDefined();
    expect(
      (await api.call('GET', '/apis/certmanager.onap.org/v1/namespaces/made-on-demand/cmpv2issuers/direct')).code,
    ).toBe(200);
    expect(() => objects.create(issuer('bad', { spec: { caBundle: 'Some' } }))).toThrow(
      expect.objectContaining({ name: 'ApiError' }),
    );
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    expect(objects.updateStatus({ ...made, status: { conditions } })['status']).toEqual({
      conditions: [expect.objectContaining({ type: 'Ready' })],
    });
    expect(objects.list('cmpv2issuers.certmanager.onap.org', 'made-on-demand')).toHaveLength(1);
    objects.delete('cmpv2issuers.certmanager.onap.org', 'direct', 'made-on-demand');
    expect(objects.get('cmpv2issuers.certmanager.onap.org', 'direct', 'made-on-demand')).toBeUndefined();
  });
});

describe('TLS', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ tokens: [{ token: 't', user: 'u' }] });
  });
  afterAll(() => server.close());

  const get = (ca: string | undefined) =>
    new Promise<number | undefined>((resolve, reject) => {
      https
        .get(`${server.url}/version`, { ca }, (response) => resolve(response.resume().statusCode))
        .on('error', reject);
    });

  it('is on by default, and verifies with the CA of the kubeconfig only', async () => {
    const config = parse(server.kubeconfig('t'));
    const ca = Buffer.from(config.clusters[0].cluster['certificate-authority-data'], 'base64').toString();
    expect(ca).toBe(server.certificateAuthority);
    expect(await get(ca)).toBe(200);
    await expect(get(undefined)).rejects.toThrow();
  });

  it('off, the kubeconfig says that there is nothing to verify', () => {
    expect(parse(api.server.kubeconfig('t', 'ns'))).toMatchObject({
      clusters: [{ cluster: { server: expect.stringMatching(/^http:/), 'insecure-skip-tls-verify': true } }],
      contexts: [{ context: { namespace: 'ns' } }],
      users: [{ user: { token: 't' } }],
    });
  });
});
