import { type Issuer, type IssuerKind, isIssuerKind } from '../api/issuer.js';
import type { ObjectRef } from '../api/meta.js';
import type { IssuerLabels } from '../ops/metrics.js';

/** Which issuer a request names: enough to find it. */
export interface IssuerName extends ObjectRef {
  readonly kind: IssuerKind;
}

export const issuerName = ({ kind, metadata: { namespace, name } }: Issuer): IssuerName =>
  namespace === undefined ? { kind, name } : { kind, namespace, name };

/** `CMPv2Issuer/namespace/name` or `CMPv2ClusterIssuer/name`: queue group and map key. Names hold no slash. */
export const issuerKey = ({ kind, namespace, name }: IssuerName): string =>
  namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;

/** The inverse of issuerKey. */
export function parseIssuerKey(key: string): IssuerName {
  const [kind, first, second] = key.split('/');
  if (!isIssuerKind(kind) || first === undefined) throw new RangeError(`"${key}" is no issuer key`);
  return second === undefined ? { kind, name: first } : { kind, namespace: first, name: second };
}

/** How messages name an issuer; the words are those of ONAP's provider. */
export const printableResource = ({ kind, namespace, name }: IssuerName): string =>
  namespace === undefined ? `${kind} resource ${name}` : `${kind} resource ${namespace}/${name}`;

export const issuerLabels = ({ kind, namespace, name }: IssuerName): IssuerLabels => ({
  kind,
  namespace: namespace ?? '',
  name,
});
