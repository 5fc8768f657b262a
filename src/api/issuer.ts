import type { IssuerSpec, IssuerStatus } from './generated/issuer-schema.js';
import type { KubeObject, ResourceType } from './meta.js';

export type { IssuerSpec } from './generated/issuer-schema.js';

/** The API group of our issuers: ONAP's, so that its objects and manifests keep working. */
export const ISSUER_GROUP = 'certmanager.onap.org';

export type IssuerKind = 'CMPv2Issuer' | 'CMPv2ClusterIssuer';

/** An issuer of either scope, as the API server returns it: every default is filled in. */
export interface Issuer extends KubeObject {
  readonly kind: IssuerKind;
  readonly spec: IssuerSpec;
  readonly status?: IssuerStatus;
}

export const ISSUER: ResourceType = {
  group: ISSUER_GROUP,
  version: 'v1',
  plural: 'cmpv2issuers',
  kind: 'CMPv2Issuer',
  namespaced: true,
};

export const CLUSTER_ISSUER: ResourceType = {
  group: ISSUER_GROUP,
  version: 'v1',
  plural: 'cmpv2clusterissuers',
  kind: 'CMPv2ClusterIssuer',
  namespaced: false,
};

export const ISSUER_TYPES: Readonly<Record<IssuerKind, ResourceType>> = {
  CMPv2Issuer: ISSUER,
  CMPv2ClusterIssuer: CLUSTER_ISSUER,
};

/**
 * The issuer with the defaults of our CRD. The API server has filled them in, unless it still has ONAP's CRD: Helm never
 * replaces one.
 */
export function withDefaults(issuer: Issuer): Issuer {
  const spec: Partial<IssuerSpec> = issuer.spec;
  return { ...issuer, spec: { caBundle: 'All', limits: {}, ...spec } };
}

/** Exactly one of our kinds; an empty kind is cert-manager's `Issuer`, not ours. */
export const isIssuerKind = (kind: string | undefined): kind is IssuerKind =>
  kind !== undefined && Object.hasOwn(ISSUER_TYPES, kind);
