import { expect, it } from '@jest/globals';
import { AllRequests } from '../../../src/controller/all-requests.js';
import { BY_ISSUER, requestIndexes, type SigningRequest } from '../../../src/controller/signing-request.js';
import type { Source } from '../../../src/controller/watched.js';
import type { ObjectHandler } from '../../../src/kube/reflector-types.js';
import { IndexedStore, objectKey, objectRef } from '../../../src/kube/store.js';
import { request, signing, viewed } from './objects.js';

class Fixed extends IndexedStore<SigningRequest> implements Source<SigningRequest> {
  problem: string | undefined;
  ran = 0;

  constructor(...held: readonly SigningRequest[]) {
    super(requestIndexes);
    for (const one of held) this.set(one);
  }

  addHandler(handler: ObjectHandler<SigningRequest>): void {
    for (const one of this.values()) handler.added?.(one);
  }

  async run(): Promise<void> {
    this.ran++;
  }

  async waitForSync(): Promise<void> {}
}

const issuerRef = { group: 'certmanager.onap.org', kind: 'CMPv2ClusterIssuer', name: 'ca' };
const namespaced = viewed(request({ issuerRef, metadata: { name: 'node-1' } }));
const cluster = viewed(signing({ metadata: { name: 'node-1' } }));

it('tells requests of the same name apart, and has both', async () => {
  const [one, other] = [new Fixed(namespaced), new Fixed(cluster)];
  const all = new AllRequests(one, other);
  for (const held of [namespaced, cluster]) expect(all.get(objectRef(objectKey(held.metadata)))).toBe(held);
  expect([...all.values()]).toEqual([namespaced, cluster]);
  expect(all.byIndex(BY_ISSUER, 'CMPv2ClusterIssuer/ca')).toEqual([namespaced, cluster]);
  expect(all.size).toBe(2);
  const told: SigningRequest[] = [];
  all.addHandler({ added: (added) => void told.push(added) });
  expect(told).toEqual([namespaced, cluster]);
  await all.run(new AbortController().signal);
  expect([one.ran, other.ran]).toEqual([1, 1]);
});

it.each([
  ['the one', 'a', undefined],
  ['the other', undefined, 'b'],
])('is not to be relied on when %s is not', (_which, first, second) => {
  const [one, other] = [new Fixed(), new Fixed()];
  [one.problem, other.problem] = [first, second];
  expect(new AllRequests(one, other).problem).toBe(first ?? second);
});
