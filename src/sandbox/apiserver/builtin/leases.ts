import { isJsonObject } from '../object.js';
import { type Cause, cause } from '../status.js';
import { AGE, builtIn, int32, microTime, NAME, object, string } from './define.js';

const positive = (spec: Record<string, unknown>, field: string, min: number, rule: string): Cause[] => {
  const value = spec[field];
  return typeof value === 'number' && value < min ? [cause.invalid(`spec.${field}`, value, rule)] : [];
};

/** coordination.k8s.io/v1 Lease. acquireTime and renewTime are MicroTime: exactly six fractional digits. */
export const leases = builtIn({
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  schema: object({
    spec: object({
      holderIdentity: string,
      leaseDurationSeconds: int32,
      acquireTime: microTime,
      renewTime: microTime,
      leaseTransitions: int32,
      strategy: string,
      preferredHolder: string,
    }),
  }),
  columns: [
    NAME,
    { name: 'Holder', type: 'string', value: (o) => (isJsonObject(o['spec']) ? o['spec']['holderIdentity'] : '') },
    AGE,
  ],
  rules: {
    conditionalUpdate: true,
    validate({ spec }) {
      if (!isJsonObject(spec)) return [];
      return [
        ...positive(spec, 'leaseDurationSeconds', 1, 'must be greater than 0'),
        ...positive(spec, 'leaseTransitions', 0, 'must be greater than or equal to 0'),
      ];
    },
  },
});
