import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Harness, ISSUERS, SECRETS, startHarness } from './harness.js';

const ACCOUNT = 'system:serviceaccount:default:robot';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MERGE = { type: 'application/merge-patch+json' };

let api: Harness;
beforeAll(async () => {
  api = await startHarness({
    tokens: [
      { token: 'admin-token', user: 'admin' },
      { token: 'robot', user: ACCOUNT, rules: 'stored' },
      {
        token: 'reviewer',
        user: 'reviewer',
        rules: [{ apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] }],
      },
    ],
  });
});
afterAll(() => api.server.close());

const role = (kind: 'Role' | 'ClusterRole', name: string, rules: object[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  rules,
});
const binding = (kind: string, name: string, roleRef: object, subjects: object[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  roleRef,
  subjects,
});
const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'create'] };
const robot = { kind: 'ServiceAccount', namespace: 'default', name: 'robot' };
const inDefault = (plural: string) => `${RBAC}/namespaces/default/${plural}`;
const code = async (path: string) => (await api.call('GET', path, undefined, { token: 'robot' })).code;

describe('a token with stored rules', () => {
  it('may do what a RoleBinding grants, in its namespace, from the moment it is there until it goes', async () => {
    expect(await code(SECRETS)).toBe(403);
    await api.call('POST', inDefault('roles'), role('Role', 'reader', [secrets]));
    expect(await code(SECRETS)).toBe(403);
    const bound = binding('RoleBinding', 'reader', { kind: 'Role', name: 'reader' }, [robot]);
    const { body } = await api.call('POST', inDefault('rolebindings'), bound);
    expect(body['roleRef']).toEqual({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' });
    expect(await code(SECRETS)).toBe(200);
    expect(await code('/api/v1/namespaces/kube-system/secrets')).toBe(403);
    expect(await code('/api/v1/secrets')).toBe(403);
    await api.call('DELETE', `${inDefault('rolebindings')}/reader`);
    expect(await code(SECRETS)).toBe(403);
  });

  it.each([
    ['ServiceAccount', robot],
    ['User', { kind: 'User', name: ACCOUNT }],
    ['Group', { kind: 'Group', name: 'system:serviceaccounts:default' }],
  ])('is found by a ClusterRoleBinding as %s', async (kind, subject) => {
    const name = `by-${kind.toLowerCase()}`;
    const rules = [{ apiGroups: ['certmanager.onap.org'], resources: ['*'], verbs: ['list'] }];
    await api.call('POST', `${RBAC}/clusterroles`, role('ClusterRole', name, rules));
    expect(await code(ISSUERS)).toBe(403);
    const bound = binding('ClusterRoleBinding', name, { kind: 'ClusterRole', name }, [subject]);
    expect((await api.call('POST', `${RBAC}/clusterrolebindings`, bound)).code).toBe(201);
    expect(await code(ISSUERS)).toBe(200);
    await api.call('DELETE', `${RBAC}/clusterrolebindings/${name}`);
  });

  it('is not somebody of the same name in another namespace', async () => {
    const name = 'namesake';
    const subject = { ...robot, namespace: 'kube-system' };
    await api.call('POST', `${RBAC}/clusterroles`, role('ClusterRole', name, [secrets]));
    await api.call(
      'POST',
      `${RBAC}/clusterrolebindings`,
      binding('ClusterRoleBinding', name, { kind: 'ClusterRole', name }, [subject]),
    );
    expect(await code(SECRETS)).toBe(403);
  });
});

describe('what is no use as RBAC is refused:', () => {
  it.each([
    ['a rule without verbs', 'clusterroles', role('ClusterRole', 'x', [{ ...secrets, verbs: [] }])],
    ['a rule without groups', 'clusterroles', role('ClusterRole', 'x', [{ ...secrets, apiGroups: [] }])],
    ['a rule without resources', 'clusterroles', role('ClusterRole', 'x', [{ ...secrets, resources: [] }])],
    [
      'a cluster binding to a Role',
      'clusterrolebindings',
      binding('ClusterRoleBinding', 'x', { kind: 'Role', name: 'r' }, [robot]),
    ],
    [
      'a service account without namespace',
      'clusterrolebindings',
      binding('ClusterRoleBinding', 'x', { kind: 'ClusterRole', name: 'r' }, [{ kind: 'ServiceAccount', name: 'a' }]),
    ],
    [
      'an unknown subject',
      'clusterrolebindings',
      binding('ClusterRoleBinding', 'x', { kind: 'ClusterRole', name: 'r' }, [{ kind: 'Dog', name: 'a' }]),
    ],
  ])('%s', async (_what, plural, object) => {
    expect((await api.refused('POST', `${RBAC}/${plural}`, object)).code).toBe(422);
  });

  it('a binding that turns to another role', async () => {
    const bound = binding('ClusterRoleBinding', 'turning', { kind: 'ClusterRole', name: 'a' }, [robot]);
    await api.call('POST', `${RBAC}/clusterrolebindings`, bound);
    const change = { roleRef: { name: 'b' } };
    const path = `${RBAC}/clusterrolebindings/turning`;
    expect((await api.refused('PATCH', path, change, MERGE)).message).toContain('cannot change roleRef');
  });
});

describe('access reviews', () => {
  const review = (kind: string, spec: object) => ({ apiVersion: 'authorization.k8s.io/v1', kind, spec });
  const list = { verb: 'list', resource: 'secrets', namespace: 'default' };
  const path = '/apis/authorization.k8s.io/v1';
  const allowed = async (kind: string, spec: object, token: string) => {
    const { body, code: answered } = await api.call('POST', `${path}/${kind.toLowerCase()}s`, review(kind, spec), {
      token,
    });
    expect(answered).toBe(201);
    return body['status'];
  };

  it.each([
    ['admin-token', true],
    ['robot', false],
    ['reviewer', false],
  ])('tell %s about itself: %s', async (token, expected) => {
    const spec = { resourceAttributes: list };
    expect(await allowed('SelfSubjectAccessReview', spec, token)).toEqual({ allowed: expected });
  });

  it.each([
    ['admin', true],
    [ACCOUNT, false],
    ['stranger', false],
  ])('tell a reviewer about %s: %s', async (user, expected) => {
    const spec = { user, resourceAttributes: list };
    expect(await allowed('SubjectAccessReview', spec, 'reviewer')).toEqual({ allowed: expected });
  });

  it('about others need permission and somebody to ask about', async () => {
    const body = review('SubjectAccessReview', { user: 'admin', resourceAttributes: list });
    expect((await api.refused('POST', `${path}/subjectaccessreviews`, body, { token: 'robot' })).code).toBe(403);
    const nobody = review('SubjectAccessReview', { resourceAttributes: list });
    expect((await api.refused('POST', `${path}/subjectaccessreviews`, nobody)).code).toBe(400);
  });
});

describe('Services and Deployments', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const deployment = (name: string, extra: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      ...extra,
    },
  });
  const services = '/api/v1/namespaces/default/services';
  const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });

  it('are stored with their defaults, generations counted', async () => {
    const { body } = await api.call('POST', deployments, deployment('d'));
    expect(body).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 } });
    const scaled = await api.call('PATCH', `${deployments}/d`, { spec: { replicas: 2 } }, MERGE);
    expect(scaled.body.metadata.generation).toBe(2);
    expect((await api.call('POST', services, service({ ports: [{ port: 80 }] }))).body['spec']).toEqual({
      type: 'ClusterIP',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
  });

  it.each([
    ['a selector that misses its template', deployments, deployment('x', { selector: { matchLabels: { app: 'y' } } })],
    ['no selector', deployments, deployment('x', { selector: undefined })],
    ['no container', deployments, deployment('x', { template: { metadata: { labels: { app: 'x' } } } })],
    ['no port', services, service({})],
    ['an impossible port', services, service({ ports: [{ port: 70_000 }] })],
  ])('refuse %s', async (_what, path, object) => {
    expect((await api.refused('POST', path, object)).code).toBe(422);
  });

  it('keep their selector', async () => {
    await api.call('POST', deployments, deployment('kept'));
    const change = { spec: { selector: { matchLabels: { b: 'c' } }, template: { metadata: { labels: { b: 'c' } } } } };
    expect((await api.refused('PATCH', `${deployments}/kept`, change, MERGE)).message).toContain('field is immutable');
  });
});
