import type { Condition } from '../api/conditions.js';
import type { KubeObject, ObjectMeta, ResourceType } from '../api/meta.js';
import type { TransactionSpec } from '../api/transaction.js';
import type { IndexFunction } from '../kube/store.js';
import { type IssuerName, issuerKey } from './issuer-key.js';
import { rememberedOwner } from './owning-certificate.js';
import type { RequestNews } from './request-news.js';

/** A request for a certificate, whichever resource it is made with: all that the controller knows of the object. */
export interface SigningRequest extends KubeObject {
  readonly kind: TransactionSpec['requestRef']['kind'];
  readonly metadata: ObjectMeta & { readonly uid: string };
  /** What it is made with. */
  readonly resource: RequestResource;
  /** The issuer of ours that it names; undefined if it is somebody else's. */
  readonly issuer: IssuerName | undefined;
  /** Unless `open`, no issuer may touch it any more; `issued` when it has what it asked for. */
  readonly state: 'open' | 'issued' | 'closed';
  /** What the approver says, who is never we. */
  readonly approval: 'none' | 'approved' | 'denied';
  /** As the API server has them, of whatever type. */
  readonly conditions: readonly Condition[];
  /** PEM; whether it is a CSR is for the backend to find out. */
  readonly csrPem: string;
  readonly usages: readonly string[];
  readonly isCA: boolean;
  /** Absent when it does not say. */
  readonly durationSeconds?: number;
  /** What is wrong with it, whatever issuer and CA say. */
  readonly flaw?: RequestFlaw;
}

/** With an issuer that its resource cannot use, a request is left alone; what it wants in vain is the end of it. */
export interface RequestFlaw {
  readonly kind: 'unsupportedIssuer' | 'invalidDuration';
  readonly message: string;
}

/** What one resource has of its own, besides how it is read. */
export interface RequestResource {
  readonly type: ResourceType;
  /** Whether its admission refuses a CSR whose signature does not verify with the key in it. */
  readonly verifiesCsr: boolean;
  /** Where a person corrects which issuer is named. */
  readonly issuerField: string;
  /** Why there is no private key where a request does not say so, and how there would be one. */
  readonly keylessBecause: string;
  /**
   * The status fields that are ours, complete: what server-side apply does not find in an intent, it removes.
   * `existing` are the conditions as last known, for their transition times. Undefined when the resource has no place
   * for such news.
   */
  status(news: RequestNews, existing: readonly Condition[], now: Date): RequestStatus | undefined;
}

interface RequestStatus {
  readonly conditions?: readonly Condition[];
}

/** Finds the open requests of an issuer by its key. */
export const BY_ISSUER = 'issuer';

export const requestIndexes: Readonly<Record<string, IndexFunction<SigningRequest>>> = {
  [BY_ISSUER]: ({ issuer, state }) => (issuer === undefined || state !== 'open' ? [] : [issuerKey(issuer)]),
};

/**
 * What is worth remembering of a request that is finished: that it is, and for which Certificate. A cluster may hold tens
 * of thousands of them.
 */
export function finishedRequest(
  { apiVersion, kind, metadata, resource, issuer }: Pick<SigningRequest, keyof KubeObject | 'resource' | 'issuer'>,
  state: 'issued' | 'closed',
): SigningRequest {
  const { name, namespace, uid, resourceVersion } = metadata;
  const owner = rememberedOwner(metadata);
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(owner !== undefined && { ownerReferences: owner }),
    },
    resource,
    issuer,
    state,
    approval: 'none',
    conditions: [],
    csrPem: '',
    usages: [],
    isCA: false,
  };
}
