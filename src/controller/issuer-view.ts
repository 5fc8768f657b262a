import type { Issuer } from '../api/issuer.js';

/** Ready reasons of an issuer; the first four are ONAP's. */
export type IssuerReason = 'Verified' | 'ValidationFailed' | 'NotFound' | 'Error';

/** What the last verification of an issuer found. It speaks of one incarnation and one generation only. */
export interface IssuerVerdict {
  readonly uid: string;
  readonly generation: number;
  /** Changes with the issuer's uid, generation and the versions of all Secrets it was built from. */
  readonly revision: string;
  readonly ready: boolean;
  readonly reason: IssuerReason;
  readonly message: string;
}

/** An issuer as `decide` sees it. */
export type IssuerView =
  | { readonly state: 'missing' }
  /** There is one, but what it says now has not been verified yet. */
  | { readonly state: 'unverified' }
  | { readonly state: 'notReady'; readonly message: string }
  | {
      readonly state: 'ready';
      readonly uid: string;
      readonly revision: string;
      /** Present while no exchange may begin because the CA cannot be used: what people are told. */
      readonly outage?: string;
    };

/** Puts the object and the last verdict together; a verdict about another incarnation or an older generation is void. */
export function viewIssuer(issuer: Issuer | undefined, verdict: IssuerVerdict | undefined): IssuerView {
  if (issuer === undefined || issuer.metadata.deletionTimestamp !== undefined) return { state: 'missing' };
  const { uid, generation = 0 } = issuer.metadata;
  if (uid === undefined || verdict?.uid !== uid || verdict.generation < generation) return { state: 'unverified' };
  if (!verdict.ready) return { state: 'notReady', message: verdict.message };
  return { state: 'ready', uid, revision: verdict.revision };
}
