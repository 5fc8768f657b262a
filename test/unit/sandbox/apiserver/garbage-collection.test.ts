import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { settled } from '../../../support/manual-clock.js';
import { certificateRequest, type Harness, REQUESTS, SECRETS, secret, startHarness } from './harness.js';

let api: Harness;
beforeAll(async () => {
  api = await startHarness();
});
afterAll(() => api.server.close());

interface Owner {
  readonly name: string;
  readonly uid: string;
}

const reference = ({ name, uid }: Owner, kind = 'CertificateRequest') => ({
  apiVersion: 'cert-manager.io/v1',
  kind,
  name,
  uid,
});

async function owner(name: string): Promise<Owner> {
  const { body } = await api.call('POST', REQUESTS, certificateRequest(name));
  return { name, uid: body.metadata.uid ?? '' };
}

async function owned(name: string, ownerReferences: readonly object[]): Promise<void> {
  expect((await api.call('POST', SECRETS, secret(name, { metadata: { name, ownerReferences } }))).code).toBe(201);
}

const isThere = async (name: string): Promise<boolean> => {
  await settled();
  return (await api.call('GET', `${SECRETS}/${name}`)).code === 200;
};

describe('garbage collection', () => {
  it('removes what its only owner has left behind', async () => {
    const request = await owner('only');
    await owned('only-secret', [reference(request)]);
    await owned('foreign-secret', []);
    expect(await isThere('only-secret')).toBe(true);
    await api.call('DELETE', `${REQUESTS}/only`);
    expect(await isThere('only-secret')).toBe(false);
    expect(await isThere('foreign-secret')).toBe(true);
  });

  it('goes down the whole chain', async () => {
    const request = await owner('grandfather');
    const { body } = await api.call(
      'POST',
      SECRETS,
      secret('father', { metadata: { name: 'father', ownerReferences: [reference(request)] } }),
    );
    await owned('child', [{ apiVersion: 'v1', kind: 'Secret', name: 'father', uid: body.metadata.uid }]);
    await api.call('DELETE', `${REQUESTS}/grandfather`);
    await settled();
    expect(await isThere('child')).toBe(false);
  });

  it('leaves what has another owner still', async () => {
    const [first, second] = [await owner('first'), await owner('second')];
    await owned('shared', [reference(first), reference(second)]);
    await api.call('DELETE', `${REQUESTS}/first`);
    expect(await isThere('shared')).toBe(true);
    await api.call('DELETE', `${REQUESTS}/second`);
    expect(await isThere('shared')).toBe(false);
  });

  it('removes what is made for an owner that is gone, or was recreated under its name', async () => {
    const old = await owner('recreated');
    await api.call('DELETE', `${REQUESTS}/recreated`);
    await owner('recreated');
    await owned('late', [reference(old)]);
    expect(await isThere('late')).toBe(false);
  });

  it('leaves what names owners of a kind that is not served', async () => {
    await owned('unknown-owner', [reference({ name: 'certificate', uid: 'none' }, 'Certificate')]);
    expect(await isThere('unknown-owner')).toBe(true);
  });

  it('waits for finalizers', async () => {
    const request = await owner('slow');
    const metadata = { name: 'finalized', finalizers: ['example.com/later'], ownerReferences: [reference(request)] };
    await api.call('POST', SECRETS, secret('finalized', { metadata }));
    await api.call('DELETE', `${REQUESTS}/slow`);
    await settled();
    const { body } = await api.call('GET', `${SECRETS}/finalized`);
    expect(body.metadata.deletionTimestamp).toBeDefined();
  });

  it.each([
    ['Orphan', true],
    ['Background', false],
    ['Foreground', false],
  ])('follows the propagation policy %s', async (propagationPolicy, left) => {
    const name = propagationPolicy.toLowerCase();
    const request = await owner(name);
    await owned(`of-${name}`, [reference(request)]);
    await api.call('DELETE', `${REQUESTS}/${name}`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy });
    expect(await isThere(`of-${name}`)).toBe(left);
    if (left) expect((await api.call('GET', `${SECRETS}/of-${name}`)).body.metadata.ownerReferences).toBeUndefined();
  });

  it('knows no other policy', async () => {
    const request = await owner('policy');
    await owned('of-policy', [reference(request)]);
    const { message } = await api.refused('DELETE', `${REQUESTS}/policy?propagationPolicy=Sometimes`);
    expect(message).toMatch(/propagationPolicy/);
    expect(await isThere('of-policy')).toBe(true);
  });
});
