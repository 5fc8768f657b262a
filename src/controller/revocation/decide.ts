import type { EnrollmentError } from '../../enrollment/error.js';
import { printableResource } from '../issuer-key.js';
import type { IssuerView } from '../issuer-view.js';
import { annotatedReason, DEFAULT_REASON, type RevocationReason } from './reason.js';
import { type RevocationRecord, type RevocationStanding, wantedReason } from './record.js';

/** What is known of the Certificate that a certificate was issued for. */
export type OwnerView =
  /** There is none: nobody ever got the certificate. */
  | { readonly state: 'nobody' }
  /** Our copy of the Certificates is not complete. */
  | { readonly state: 'unknown' }
  | { readonly state: 'present'; readonly annotation: string | undefined }
  /** Our copy does not hold it, which proves nothing. */
  | { readonly state: 'missing' }
  /** The API server says so. `last`: what it was when it went, if we saw it go. */
  | { readonly state: 'gone'; readonly last?: { readonly annotation: string | undefined } };

/** The issuer of that name now. */
export type RevokingIssuer =
  | { readonly state: 'missing' }
  | {
      readonly state: 'present';
      readonly uid: string;
      /** Whether it has `revocation: OnDelete`. */
      readonly revokes: boolean;
      readonly view: IssuerView;
    };

/** The last try failed. */
export interface RevocationFailure {
  readonly retry: EnrollmentError['retry'];
  readonly message: string;
  /** Failures in a row, this one included. */
  readonly count: number;
  readonly notBefore: Date;
  /** Revision of the issuer that it failed with: another one may be tried at once. */
  readonly issuerRevision: string;
}

/** What to do about one certificate now. */
export type RevocationAction =
  /** Nothing, and nothing to wait for: if that changes, an event will tell. */
  | { readonly kind: 'keep' }
  /** Keep in mind what the annotation says now. */
  | { readonly kind: 'note'; readonly annotation: string | undefined }
  /** Ask the API server whether the Certificate is really gone. */
  | { readonly kind: 'confirm' }
  | { readonly kind: 'revoke'; readonly reason: RevocationReason }
  /** Say how it stands, and come back at `until` if that is given. */
  | { readonly kind: 'wait'; readonly standing: RevocationStanding; readonly until?: Date }
  /** There is nothing to revoke any more, or nobody wants it. */
  | { readonly kind: 'drop'; readonly because: 'revoked' | 'expired' | 'unwanted' };

/**
 * The whole policy about the certificates of deleted Certificates, and those nobody ever got: pure, so that its table test is the specification. In
 * doubt nothing is revoked: that cannot be taken back.
 */
export function decideRevocation(
  record: RevocationRecord,
  owner: OwnerView,
  issuer: RevokingIssuer,
  failure: RevocationFailure | undefined,
  now: Date,
): RevocationAction {
  if (record.notAfter <= now) return { kind: 'drop', because: 'expired' };
  switch (owner.state) {
    case 'nobody':
      return afterwards(record, undefined, issuer, failure, now);
    case 'unknown':
      return { kind: 'keep' };
    case 'present':
      return owner.annotation === record.annotation ? { kind: 'keep' } : { kind: 'note', annotation: owner.annotation };
    case 'missing':
      return { kind: 'confirm' };
    case 'gone':
      return afterwards(record, owner.last, issuer, failure, now);
  }
}

const wait = (phase: RevocationStanding['phase'], message: string, until?: Date): RevocationAction => ({
  kind: 'wait',
  standing: { phase, message: message.slice(0, 1_000) },
  ...(until !== undefined && { until }),
});

function afterwards(
  record: RevocationRecord,
  last: { readonly annotation: string | undefined } | undefined,
  issuer: RevokingIssuer,
  failure: RevocationFailure | undefined,
  now: Date,
): RevocationAction {
  const name = printableResource(record.issuer);
  // Another issuer may mean another CA, or a cluster that was restored from a backup, uids made anew and all.
  if (issuer.state === 'missing' || issuer.uid !== record.issuerUid) {
    const what = issuer.state === 'missing' ? 'does not exist any more' : 'is not the one that got the certificate';
    return wait('Held', `${name} ${what}: revoke it by hand (cmpv2-issuer revoke), then delete this object`);
  }
  if (!issuer.revokes) return { kind: 'drop', because: 'unwanted' };
  // Whoever deletes a Certificate may have annotated it the moment before.
  if (last !== undefined && last.annotation !== record.annotation) return { kind: 'note', annotation: last.annotation };
  const { view } = issuer;
  switch (view.state) {
    case 'missing':
    case 'unverified':
      return { kind: 'keep' };
    case 'notReady':
      return wait('Due', `${name} is not Ready: ${view.message}`);
    case 'ready': {
      const stands = failure?.issuerRevision === view.revision ? failure : undefined;
      if (stands?.retry === 'request') return wait('Refused', stands.message);
      if (stands !== undefined && stands.notBefore > now) return wait('Due', stands.message, stands.notBefore);
      return { kind: 'revoke', reason: annotatedReason(wantedReason(record) ?? '') ?? DEFAULT_REASON };
    }
  }
}
