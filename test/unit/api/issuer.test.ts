import { expect, it } from '@jest/globals';
import { type Issuer, withDefaults } from '../../../src/api/issuer.js';

const read = (spec: object): Issuer => ({
  apiVersion: 'certmanager.onap.org/v1',
  kind: 'CMPv2Issuer',
  metadata: { name: 'ca' },
  // An API server with ONAP's CRD fills nothing in.
  spec: spec as Issuer['spec'],
});

it.each([
  [{}, { caBundle: 'All', limits: {} }],
  [{ caBundle: 'Root' }, { caBundle: 'Root', limits: {} }],
  [
    { caBundle: 'None', limits: { concurrency: 2 } },
    { caBundle: 'None', limits: { concurrency: 2 } },
  ],
])('%j has the defaults of our CRD', (spec, expected) => expect(withDefaults(read(spec)).spec).toEqual(expected));
