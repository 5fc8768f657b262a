import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateRequest, type Harness, REQUESTS, SECRETS, secret, startHarness } from './harness.js';

interface List {
  readonly items: { readonly kind?: string; readonly metadata: { readonly name: string } }[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
  for (let i = 0; i < 5; i++) {
    const metadata = {
      name: `s${i}`,
      labels: { parity: i % 2 === 0 ? 'even' : 'odd', n: String(i), ...(i === 4 ? { last: '' } : {}) },
    };
    await api.call('POST', SECRETS, { ...secret(`s${i}`), metadata });
  }
  await api.call('POST', SECRETS, secret('tls', { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } }));
});
afterAll(() => api.server.close());

const list = async (query: string, path = SECRETS) => (await api.call<List>('GET', `${path}?${query}`)).body;
const names = ({ items }: List) => items.map(({ metadata }) => metadata.name);

describe('paging', () => {
  it('shows the state of the first page on all of them', async () => {
    const first = await list('limit=2');
    expect([names(first), first.metadata.remainingItemCount]).toEqual([['s0', 's1'], 4]);
    await api.call('POST', SECRETS, secret('s1b'));
    await api.call('DELETE', `${SECRETS}/s3`);
    await api.call('PUT', `${SECRETS}/s2`, secret('s2', { data: { changed: 'eA==' } }));
    const second = await list(`limit=10&continue=${first.metadata.continue}`);
    expect(names(second)).toEqual(['s2', 's3', 's4', 'tls']);
    expect(JSON.stringify(second.items[0])).not.toContain('changed');
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    expect(names(await list(''))).toEqual(['s0', 's1', 's1b', 's2', 's4', 'tls']);
    // The exact version can be asked for again.
    const exact = await list(`resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`);
    expect(names(exact)).toEqual(['s0', 's1', 's2', 's3', 's4', 'tls']);
  });

  it('answers an expired token with 410 and a token to go on with', async () => {
    const first = await list('limit=2');
    api.server.faults.compact();
    const gone = await api.refused('GET', `${SECRETS}?limit=2&continue=${first.metadata.continue}`);
    expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
    const rest = await list(`continue=${gone.metadata.continue}`);
    expect(names(rest)).toEqual(['s1b', 's2', 's4', 'tls']);
    expect(
      (
        await api.refused(
          'GET',
          `${SECRETS}?resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`,
        )
      ).code,
    ).toBe(410);
  });

  it('ignores the limit for resourceVersion 0', async () => {
    const all = await list('limit=1&resourceVersion=0');
    expect(all.items.length).toBe(6);
    expect(all.metadata.continue).toBeUndefined();
  });
});

describe('selectors', () => {
  it.each([
    ['labelSelector=parity%3Deven', ['s0', 's4']],
    ['labelSelector=parity%3D%3Dodd', ['s1']],
    ['labelSelector=parity!%3Deven', ['s1', 's1b', 's2', 'tls']],
    ['labelSelector=n%20in%20(0,4),last', ['s4']],
    ['labelSelector=parity,!last', ['s0', 's1']],
    ['labelSelector=n%20notin%20(0)%2Cparity%3Deven', ['s4']],
    ['fieldSelector=metadata.name%3Ds0', ['s0']],
    ['fieldSelector=metadata.name!%3Ds0,type%3DOpaque', ['s1', 's1b', 's2', 's4']],
    ['fieldSelector=type%3Dkubernetes.io/tls', ['tls']],
  ])('%s', async (query, expected) => {
    expect(names(await list(query))).toEqual(expected);
  });

  it('page what they select, without a remaining count', async () => {
    const page = await list('labelSelector=parity&limit=2');
    expect([names(page), page.metadata.remainingItemCount]).toEqual([['s0', 's1'], undefined]);
    expect(names(await list(`labelSelector=parity&continue=${page.metadata.continue}`))).toEqual(['s4']);
  });

  it('of custom resources know the declared fields', async () => {
    await api.call('POST', REQUESTS, certificateRequest('r'));
    expect(names(await list('fieldSelector=spec.issuerRef.group%3Dcertmanager.onap.org', REQUESTS))).toEqual(['r']);
    expect(names(await list('fieldSelector=spec.issuerRef.name%3Dother', REQUESTS))).toEqual([]);
    expect(await api.refused('GET', `${REQUESTS}?fieldSelector=spec.duration%3Dx`)).toMatchObject({
      code: 400,
      message: expect.stringContaining('field label not supported'),
    });
  });
});

it.each([
  ['labelSelector=a%20b%20c', 400],
  ['fieldSelector=data.x%3D1', 400],
  ['fieldSelector=nonsense', 400],
  ['limit=many', 400],
  ['continue=nonsense', 400],
  ['resourceVersion=abc', 400],
  ['resourceVersionMatch=Exact', 422],
  ['resourceVersionMatch=Sometimes&resourceVersion=1', 422],
  ['resourceVersionMatch=Exact&resourceVersion=0', 422],
  ['sendInitialEvents=true', 422],
  ['resourceVersion=999999999', 504],
])('refuses %s with %i', async (query, code) => {
  expect((await api.refused('GET', `${SECRETS}?${query}`)).code).toBe(code);
});

it('leaves kind and apiVersion out of built-in items only', async () => {
  expect((await list('')).items[0]).not.toHaveProperty('kind');
  expect((await list('', REQUESTS)).items[0]).toHaveProperty('kind', 'CertificateRequest');
  expect(await list('')).toMatchObject({ kind: 'SecretList', apiVersion: 'v1' });
});
