import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { certificateRequest, csr, type Harness, REQUESTS, startHarness, TOKENS } from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

const MERGE = { type: 'application/merge-patch+json' };
const APPROVER = { ...MERGE, token: 'approver-token' };
const DENIED = 'admission webhook "webhook.cert-manager.io" denied the request: ';
const condition = (type: string, extra: object = {}) => ({
  type,
  status: 'True',
  reason: 'test',
  message: 'test',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...extra,
});

describe('creating a CertificateRequest', () => {
  it('stamps who did it, whatever was claimed', async () => {
    const claim = { username: 'root', uid: '0', groups: ['system:masters'], extra: { a: ['b'] } };
    const { body } = await api.call('POST', REQUESTS, certificateRequest('who', claim));
    expect(body['spec']).toMatchObject({ username: 'admin', groups: ['ops', 'system:authenticated'] });
    expect(body['spec']).not.toHaveProperty('uid');
    expect(body['spec']).not.toHaveProperty('extra');
  });

  it.each([
    ['p256', undefined],
    ['p256', ['server auth']],
    ['p384', ['digital signature', 'key agreement', 'server auth', 'client auth']],
    ['p384', ['signing', 'key agreement', 'server auth', 'client auth']],
    ['ed25519', ['digital signature']],
    ['rsa2048', ['digital signature', 'key encipherment', 'server auth']],
    ['rsa4096', ['digital signature', 'key encipherment', 'server auth', 'client auth']],
    ['bad-rsa1024', undefined],
  ])('takes the CSR %s with usages %j', async (name, usages) => {
    const object = certificateRequest('ok', { request: csr(name), usages });
    expect(await api.call('POST', `${REQUESTS}?dryRun=All`, object)).toMatchObject({ code: 201 });
  });

  it.each([
    [
      'key usages',
      ['digital signature', 'server auth'],
      "encoded CSR error: the KeyUsages [ 'digitalSignature', 'keyEncipherment' ] do not match the expected KeyUsages [ 'digitalSignature' ]",
    ],
    [
      'the order of extended key usages',
      ['digital signature', 'key encipherment', 'client auth', 'server auth'],
      "the ExtKeyUsages [ 'server auth', 'client auth' ] do not match the expected ExtKeyUsages [ 'client auth', 'server auth' ]",
    ],
  ])('refuses a CSR that differs from spec in %s', async (_what, usages, text) => {
    const refused = await api.refused('POST', REQUESTS, certificateRequest('bad', { request: csr('rsa4096'), usages }));
    expect([refused.code, refused.message]).toEqual([403, expect.stringContaining(text)]);
  });

  it.each([
    // Go, and with it cert-manager, knows neither.
    ...['brainpool256', 'brainpool384', 'brainpool512', 'ed448'],
    ...['bad-signature', 'bad-der', 'bad-truncated', 'bad-two-blocks', 'bad-certificate'],
  ])('refuses the request %s', async (name) => {
    const refused = await api.refused('POST', REQUESTS, certificateRequest('bad', { request: csr(name) }));
    expect(refused).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refused.message).toContain(`${DENIED}spec.request: Invalid value`);
    expect(refused.message).toContain('failed to decode csr');
  });

  it.each([
    ['an unknown usage', { usages: ['sign everything'] }, 422, 'Unsupported value'],
    ['no issuer name', { issuerRef: { name: '', group: 'certmanager.onap.org' } }, 403, 'spec.issuerRef.name'],
    [
      'our kind without our group',
      { issuerRef: { name: 'a', kind: 'CMPv2Issuer' } },
      403,
      'did you forget to set issuerRef.group?',
    ],
    ['an empty request', { request: '' }, 403, 'must be specified'],
  ])('refuses %s', async (_what, spec, code, text) => {
    const refused = await api.refused('POST', REQUESTS, certificateRequest('bad', spec));
    expect([refused.code, refused.message]).toEqual([code, expect.stringContaining(text)]);
  });
});

describe('changing a CertificateRequest', () => {
  beforeEach(async () => {
    await api.call('DELETE', `${REQUESTS}/r`);
    const annotations = { 'cert-manager.io/certificate-name': 'c', 'example.org/free': 'a' };
    await api.call('POST', REQUESTS, certificateRequest('r', {}, { annotations }));
  });

  it.each([
    ['spec', { spec: { isCA: true } }, 'spec: Forbidden: cannot change spec after creation'],
    [
      'a cert-manager annotation',
      { metadata: { annotations: { 'cert-manager.io/certificate-name': 'd' } } },
      'cannot change cert-manager annotation',
    ],
    [
      'the absence of one',
      { metadata: { annotations: { 'cert-manager.io/new': 'd' } } },
      'cannot change cert-manager annotation',
    ],
    [
      'the presence of one',
      { metadata: { annotations: { 'cert-manager.io/certificate-name': null } } },
      'cannot change cert-manager annotation',
    ],
    [
      'an ACME annotation',
      { metadata: { annotations: { 'acme.cert-manager.io/x': 'd' } } },
      'cannot change cert-manager annotation',
    ],
  ])('refuses to change %s', async (_what, patch, text) => {
    const refused = await api.refused('PATCH', `${REQUESTS}/r`, patch, MERGE);
    expect([refused.code, refused.message]).toEqual([403, expect.stringContaining(text)]);
    expect(refused.message).toContain(DENIED);
  });

  it('leaves other annotations free', async () => {
    const patch = { metadata: { annotations: { 'example.org/free': 'b', 'example.org/new': 'c' } } };
    expect((await api.call('PATCH', `${REQUESTS}/r`, patch, MERGE)).code).toBe(200);
  });

  const setConditions = (...conditions: object[]) => ({ status: { conditions } });

  it.each(['Approved', 'Denied'])('lets only those who may set %s, and never changes it', async (type) => {
    const path = `${REQUESTS}/r/status`;
    const patch = setConditions(condition(type));
    expect(await api.refused('PATCH', path, patch, MERGE)).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining(DENIED),
    });
    expect((await api.call('PATCH', path, patch, APPROVER)).code).toBe(200);
    const unchangeable = `'${type}' condition may not be modified once set`;
    for (const conditions of [
      [],
      [condition(type, { message: 'other' })],
      [condition(type, { lastTransitionTime: '2026-01-01T00:00:01Z' })],
      [condition(type, { lastTransitionTime: '2026-01-01T00:00:00.5Z' })],
    ]) {
      const refused = await api.refused('PATCH', path, setConditions(...conditions), APPROVER);
      expect([refused.code, refused.message]).toEqual([403, expect.stringContaining(unchangeable)]);
    }
    const beside = setConditions(condition(type), condition('Ready'));
    expect((await api.call('PATCH', path, beside, MERGE)).code).toBe(200);
  });

  it.each([
    ['Approved that is not True', [condition('Approved', { status: 'False' })], 'may only be set to True'],
    ['both', [condition('Approved'), condition('Denied')], "both 'Denied' and 'Approved' conditions cannot coexist"],
  ])('refuses %s', async (_what, conditions, text) => {
    const refused = await api.refused('PATCH', `${REQUESTS}/r/status`, setConditions(...conditions), APPROVER);
    expect([refused.code, refused.message]).toEqual([403, expect.stringContaining(text)]);
  });

  it.each([
    ['cmpv2issuers.certmanager.onap.org/*', 200],
    ['cmpv2issuers.certmanager.onap.org/default.ca', 200],
    ['cmpv2issuers.certmanager.onap.org/other.ca', 403],
    ['cmpv2clusterissuers.certmanager.onap.org/*', 403],
  ])('heeds a rule that grants approve on %s: %i', async (signer, code) => {
    const approve = {
      apiGroups: ['cert-manager.io'],
      resources: ['signers'],
      verbs: ['approve'],
      resourceNames: [signer],
    };
    const patchStatus = { apiGroups: ['cert-manager.io'], resources: ['certificaterequests/status'], verbs: ['patch'] };
    const ruled = await startHarness({
      tokens: [...TOKENS, { token: 'ruled', user: 'ruled', rules: [approve, patchStatus] }],
    });
    await ruled.call('POST', REQUESTS, certificateRequest('r'));
    const patch = setConditions(condition('Approved'));
    expect((await ruled.call('PATCH', `${REQUESTS}/r/status`, patch, { ...MERGE, token: 'ruled' })).code).toBe(code);
    await ruled.server.close();
  });

  it('refuses approval for an issuer of a kind that is not there', async () => {
    const issuerRef = { name: 'ca', group: 'certmanager.onap.org' };
    await api.call('POST', REQUESTS, certificateRequest('kindless', { issuerRef }));
    const patch = setConditions(condition('Approved'));
    const refused = await api.refused('PATCH', `${REQUESTS}/kindless/status`, patch, APPROVER);
    expect([refused.code, refused.message]).toEqual([
      403,
      expect.stringContaining('referenced signer resource does not exist: {ca  certmanager.onap.org}'),
    ]);
  });

  it('fails while the webhook is down, status included', async () => {
    api.server.faults.webhookOutage(true);
    const refused = await api.refused('PATCH', `${REQUESTS}/r/status`, setConditions(condition('Ready')), MERGE);
    expect(refused).toMatchObject({ code: 500, reason: 'InternalError' });
    expect(refused.message).toContain('failed calling webhook "webhook.cert-manager.io"');
    expect((await api.refused('POST', REQUESTS, certificateRequest('new'))).code).toBe(500);
    expect((await api.call('GET', `${REQUESTS}/r`)).code).toBe(200);
    api.server.faults.webhookOutage(false);
    expect((await api.call('PATCH', `${REQUESTS}/r/status`, setConditions(condition('Ready')), MERGE)).code).toBe(200);
  });
});
