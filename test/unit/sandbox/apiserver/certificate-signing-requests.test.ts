import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../../src/runtime/package-root.js';
import { csr, type Harness, startHarness } from './harness.js';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const SIGNER = 'cmpv2clusterissuers.certmanager.onap.org/ca';
const MERGE = { type: 'application/merge-patch+json' };
const may = (verbs: readonly string[], resources: readonly string[], resourceNames?: readonly string[]) => ({
  apiGroups: ['certificates.k8s.io'],
  resources: resources.map((name) => (name === 'signers' ? name : `certificatesigningrequests${name}`)),
  verbs,
  ...(resourceNames && { resourceNames }),
});
const WRITE = may(['get', 'create', 'update', 'patch'], ['', '/status', '/approval']);

let api: Harness;
beforeAll(async () => {
  api = await startHarness({
    tokens: [
      { token: 'admin-token', user: 'admin', groups: ['ops'] },
      { token: 'approver-token', user: 'approver', mayApprove: true },
      { token: 'named', user: 'named', rules: [WRITE, may(['approve', 'sign'], ['signers'], [SIGNER])] },
      {
        token: 'domain',
        user: 'domain',
        rules: [WRITE, may(['approve', 'sign'], ['signers'], ['cmpv2clusterissuers.certmanager.onap.org/*'])],
      },
      { token: 'other', user: 'other', rules: [WRITE, may(['approve', 'sign'], ['signers'], ['example.com/other'])] },
      { token: 'statusless', user: 'statusless', rules: [may(['get', 'update', 'patch'], [''])] },
    ],
  });
});
afterAll(() => api.server.close());

const request = (name: string, spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { request: csr('p256'), signerName: SIGNER, usages: ['digital signature', 'client auth'], ...spec },
});
const made = (name: string, spec: object = {}, token = 'admin-token') =>
  api.call('POST', PATH, request(name, spec), { token });

const condition = (type: string, extra: object = {}) => ({
  type,
  status: 'True',
  reason: 'Test',
  message: '',
  ...extra,
});
const setConditions = (name: string, door: string, conditions: object[], token = 'approver-token') =>
  api.call<{ readonly message?: string; readonly status?: object; readonly spec?: object }>(
    'PATCH',
    `${PATH}/${name}/${door}`,
    { status: { conditions } },
    { ...MERGE, token },
  );
const pem = readFileSync(join(packageRoot(), 'fixtures', 'cmp', 'pki', 'new.crt'), 'utf8');
const setCertificate = (name: string, text: string, token = 'named') =>
  api.call<{ readonly message?: string; readonly status?: object }>(
    'PATCH',
    `${PATH}/${name}/status`,
    { status: { certificate: Buffer.from(text).toString('base64') } },
    { ...MERGE, token },
  );

describe('creating', () => {
  it('stamps who asks, whatever the request says, and drops status', async () => {
    const spec = { username: 'root', uid: 'x', groups: ['system:masters'], extra: { a: ['b'] } };
    const object = { ...request('stamped', spec), status: { conditions: [condition('Approved')] } };
    const { body, code } = await api.call('POST', PATH, object);
    expect(code).toBe(201);
    expect(body['spec']).toEqual({ ...request('x').spec, username: 'admin', groups: ['ops', 'system:authenticated'] });
    expect(body['status']).toBeUndefined();
    expect(body.metadata.namespace).toBeUndefined();
  });

  it.each([
    ['no usages', { usages: [] }, 'spec.usages'],
    ['an unknown usage', { usages: ['dancing'] }, 'spec.usages[0]'],
    ['a usage twice', { usages: ['any', 'any'] }, 'spec.usages[1]'],
    ['no signer', { signerName: '' }, 'spec.signerName'],
    ['a signer without domain', { signerName: 'ca' }, 'spec.signerName'],
    ['something that is no CSR', { request: Buffer.from('hello').toString('base64') }, 'spec.request'],
    ['less than ten minutes', { expirationSeconds: 599 }, 'spec.expirationSeconds'],
  ])('refuses %s', async (_what, spec, field) => {
    expect(await api.refused('POST', PATH, request('bad', spec))).toMatchObject({
      code: 422,
      details: { causes: [{ field }] },
    });
  });
});

it('never changes its spec, and says so to nobody', async () => {
  const { body } = await made('fixed');
  const changed = await api.call('PUT', `${PATH}/fixed`, { ...body, spec: { ...request('x').spec, usages: ['any'] } });
  expect(changed.code).toBe(200);
  expect(changed.body['spec']).toEqual(body['spec']);
});

describe('approval', () => {
  it.each([
    ['the flag of the token', 'approver-token', 200],
    ['the name of the signer', 'named', 200],
    ['the domain of the signer', 'domain', 200],
    ['another signer', 'other', 403],
    ['everything but approval', 'admin-token', 403],
    ['nothing on the subresource', 'statusless', 403],
  ])('with rights by %s: %s %i', async (what, token, code) => {
    const name = `approve-${what.replaceAll(' ', '-')}`;
    await made(name);
    const answer = await setConditions(name, 'approval', [condition('Approved')], token);
    expect(answer.code).toBe(code);
    if (token === 'other') {
      expect(answer.body.message).toBe(
        `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: user not permitted to approve requests with signerName "${SIGNER}"`,
      );
    }
  });

  it('sets times, and lets in conditions only', async () => {
    await made('times');
    const status = { conditions: [condition('Approved')], certificate: Buffer.from(pem).toString('base64') };
    const { body } = await api.call(
      'PATCH',
      `${PATH}/times/approval`,
      { spec: { usages: ['any'] }, status },
      { ...MERGE, token: 'approver-token' },
    );
    const now = '2026-01-01T00:00:00Z';
    expect(body['status']).toEqual({
      conditions: [condition('Approved', { lastUpdateTime: now, lastTransitionTime: now })],
    });
    expect(body['spec']).toMatchObject({ usages: ['digital signature', 'client auth'] });
  });

  it.each([
    ['takes it back', [], 'may not remove a condition of type \\"Approved\\"'],
    ['approves and denies', [condition('Approved'), condition('Denied')], 'mutually exclusive'],
    ['says it twice', [condition('Approved'), condition('Approved')], 'Duplicate value'],
    ['approves by False', [condition('Approved', { status: 'False' })], 'supported values: \\"True\\"'],
  ])('refuses who %s', async (what, conditions, message) => {
    const name = `refused-${what.replaceAll(' ', '-').toLowerCase()}`;
    await made(name);
    await setConditions(name, 'approval', [condition('Approved')]);
    const answer = await setConditions(name, 'approval', conditions);
    expect(answer.code).toBe(422);
    expect(JSON.stringify(answer.body)).toContain(message);
  });
});

describe('status', () => {
  it('does not approve', async () => {
    await made('sneaky');
    const answer = await setConditions('sneaky', 'status', [condition('Approved')], 'named');
    expect(answer.code).toBe(422);
    expect(JSON.stringify(answer.body)).toContain('may not add a condition of type');
    expect((await api.call('GET', `${PATH}/sneaky`)).body['status']).toBeUndefined();
  });

  it.each([
    ['named', 200],
    ['domain', 200],
    ['other', 403],
    ['statusless', 403],
  ])('is signed by %s: %i', async (token, code) => {
    const name = `signed-by-${token}`;
    await made(name);
    await setConditions(name, 'approval', [condition('Approved')]);
    expect((await setCertificate(name, pem, token)).code).toBe(code);
  });

  it('takes a chain with text around it, and keeps it for ever', async () => {
    await made('chain');
    const chain = `leaf\n${pem}issuer\n${pem}`;
    expect((await setCertificate('chain', chain)).code).toBe(200);
    expect((await setCertificate('chain', chain)).code).toBe(200);
    for (const other of [pem, '']) {
      const answer = await setCertificate('chain', other);
      expect(answer).toMatchObject({ code: 422 });
      expect(answer.body.message).toContain('updates may not modify existing certificate content');
    }
    // Conditions may still come.
    expect((await setConditions('chain', 'status', [condition('Failed')], 'named')).code).toBe(200);
  });

  it.each([
    ['no PEM', 'hello', 'must contain at least one CERTIFICATE PEM block'],
    ['another block', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'only CERTIFICATE PEM blocks'],
    ['headers', pem.replace('-----\n', '-----\nProc-Type: 4\n\n'), 'no PEM block headers'],
    ['no certificate inside', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'status.certificate'],
  ])('refuses a certificate of %s', async (what, text, message) => {
    const name = `pem-${what.replaceAll(' ', '-').toLowerCase()}`;
    await made(name);
    const answer = await setCertificate(name, text);
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain(message);
  });

  it('can be applied by a signer', async () => {
    await made('applied');
    const body = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'applied' },
    };
    const status = { certificate: Buffer.from(pem).toString('base64') };
    const { code } = await api.call(
      'PATCH',
      `${PATH}/applied/status?fieldManager=me&force=true`,
      { ...body, status },
      {
        type: 'application/apply-patch+yaml',
        token: 'named',
      },
    );
    expect(code).toBe(200);
  });
});

it('is selected by its signer, in lists and watches', async () => {
  await made('elsewhere', { signerName: 'example.com/somebody' });
  const selector = `fieldSelector=${encodeURIComponent('spec.signerName=example.com/somebody')}`;
  const { body } = await api.call<{ items: { metadata: { name: string } }[] }>('GET', `${PATH}?${selector}`);
  expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['elsewhere']);
  const watch = await api.watch(`${PATH}?watch=true&${selector}`);
  expect(await watch.summary(1)).toEqual(['ADDED elsewhere']);
  await watch.close();
  expect((await api.refused('GET', `${PATH}?fieldSelector=spec.username%3Dadmin`)).code).toBe(400);
});

it('shows in tables what kubectl shows', async () => {
  await made('shown', { expirationSeconds: 3600 });
  const row = async () => {
    const answer = await api.call<{
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    }>('GET', `${PATH}/shown`, undefined, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    const { columnDefinitions, rows } = answer.body;
    return Object.fromEntries(columnDefinitions.map(({ name }, i) => [name, rows[0]?.cells[i]]));
  };
  expect(await row()).toEqual({
    Name: 'shown',
    Age: '0s',
    SignerName: SIGNER,
    Requestor: 'admin',
    RequestedDuration: '60m',
    Condition: 'Pending',
  });
  await setConditions('shown', 'approval', [condition('Approved')]);
  expect(await row()).toMatchObject({ Condition: 'Approved' });
  await setCertificate('shown', pem);
  expect(await row()).toMatchObject({ Condition: 'Approved,Issued' });
});
