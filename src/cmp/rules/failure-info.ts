import type { CmpRetryClass } from '../error.js';
import type { KnownFailureInfo, PKIFailureInfoName } from '../schema/index.js';

interface FailureInfo {
  readonly retry: CmpRetryClass;
  /** What a person can do about it. */
  readonly advice?: string;
}

/** What each reason of a CA (PKIFailureInfo, RFC 9810 section 5.2.3) means for the next step. */
export const FAILURE_INFO: Readonly<Record<KnownFailureInfo, FailureInfo>> = {
  badAlg: {
    retry: 'request',
    advice:
      'The CA does not accept an algorithm of the request or of its protection; use another key type or other protection parameters.',
  },
  badMessageCheck: {
    retry: 'issuer',
    advice:
      'The CA could not verify our protection; compare shared secret and reference value, or have our certificate trusted there.',
  },
  badRequest: { retry: 'request' },
  badTime: { retry: 'transaction', advice: 'The clocks of both sides differ too much; set them right.' },
  badCertId: { retry: 'request' },
  badDataFormat: { retry: 'request' },
  wrongAuthority: {
    retry: 'request',
    advice: 'This CA does not serve the recipient that is configured; check the recipient.',
  },
  incorrectData: { retry: 'request' },
  missingTimeStamp: { retry: 'request' },
  badPOP: {
    retry: 'request',
    advice:
      'The CA does not accept the proof of possession; grant raVerified to this RA, prove by Signature, or enroll with P10CR.',
  },
  certRevoked: { retry: 'request' },
  certConfirmed: { retry: 'transaction' },
  wrongIntegrity: {
    retry: 'issuer',
    advice: 'The CA wants the other kind of protection (MAC or signature); change it.',
  },
  badRecipientNonce: { retry: 'transaction' },
  timeNotAvailable: { retry: 'transient' },
  unacceptedPolicy: {
    retry: 'request',
    advice: 'The CA does not accept a policy of this request; compare it with its profile.',
  },
  unacceptedExtension: {
    retry: 'request',
    advice: 'The CA does not accept an extension of this request; compare them with its profile.',
  },
  addInfoNotAvailable: { retry: 'transient' },
  badSenderNonce: { retry: 'transaction' },
  badCertTemplate: {
    retry: 'request',
    advice: 'The CA does not accept names, usages or lifetime of this request; compare them with its profile.',
  },
  signerNotTrusted: {
    retry: 'issuer',
    advice: 'The CA does not trust our protection certificate; have its issuer trusted there.',
  },
  transactionIdInUse: {
    retry: 'transaction',
    advice: 'The CA has seen this transaction already; a fresh one is tried.',
  },
  unsupportedVersion: { retry: 'issuer' },
  notAuthorized: {
    retry: 'issuer',
    advice: 'The CA does not let us ask for this; grant the right to our credentials there.',
  },
  systemUnavail: { retry: 'transient', advice: 'The CA is not available; the request is tried again later.' },
  systemFailure: {
    retry: 'transient',
    advice: 'The CA failed; look into its log. The request is tried again later.',
  },
  duplicateCertReq: { retry: 'request', advice: 'The CA holds a certificate for this request already.' },
};

/** Where a CA gives several reasons, the gravest decides: credentials that fail would make everything else fail, too. */
export const GRAVEST_FIRST: readonly CmpRetryClass[] = ['issuer', 'request', 'transaction', 'transient'];

/** Undefined for a bit that no RFC names. */
const known = (name: PKIFailureInfoName): FailureInfo | undefined =>
  (FAILURE_INFO as Readonly<Partial<Record<PKIFailureInfoName, FailureInfo>>>)[name];

/** What a rejection by the authenticated CA means for the next step; without a known reason it is final. */
export function retryAfterRejection(failInfo: readonly PKIFailureInfoName[]): CmpRetryClass {
  const classes = new Set(failInfo.map((name) => known(name)?.retry));
  return GRAVEST_FIRST.find((retry) => classes.has(retry)) ?? 'request';
}

/** The first piece of advice about these reasons. */
export function adviceFor(failInfo: readonly PKIFailureInfoName[]): string | undefined {
  return failInfo.map((name) => known(name)?.advice).find((text) => text !== undefined);
}
