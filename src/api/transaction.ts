import type { TransactionSpec } from './generated/transaction-schema.js';
import { ISSUER_GROUP } from './issuer.js';
import type { KubeObject, ResourceType } from './meta.js';

export type { TransactionSpec };

/** Our record of an exchange with a CA that must outlive the process. Named by the uid of its request. */
export interface Transaction extends KubeObject {
  readonly kind: 'CMPv2Transaction';
  readonly spec: TransactionSpec;
}

export const TRANSACTION: ResourceType = {
  group: ISSUER_GROUP,
  version: 'v1',
  plural: 'cmpv2transactions',
  kind: 'CMPv2Transaction',
  namespaced: true,
};
