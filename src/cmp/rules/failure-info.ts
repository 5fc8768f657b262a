import type { CmpRetryClass } from '../error.js';
import type { KnownFailureInfo, PKIFailureInfoName } from '../schema/index.js';

interface FailureInfo {
  readonly retry: CmpRetryClass;
  /** What it means, and what a person can do about it. */
  readonly advice: string;
  /** It says little: where a CA gives another reason as well, the advice about that one helps more. */
  readonly vague?: true;
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
  badRequest: {
    retry: 'request',
    advice: 'The CA does not take this kind of request, or not in this form; look into its log.',
    vague: true,
  },
  badTime: { retry: 'transaction', advice: 'The clocks of both sides differ too much; set them right.' },
  badCertId: {
    retry: 'request',
    advice: 'The CA does not know the certificate that the request is about; check its issuer and serial number.',
  },
  badDataFormat: {
    retry: 'request',
    advice: 'The CA cannot read the request, or a part of it; look into its log, and choose the profile of this CA.',
    vague: true,
  },
  wrongAuthority: {
    retry: 'request',
    advice: 'This CA does not serve the recipient that is configured; check the recipient.',
  },
  incorrectData: {
    retry: 'request',
    advice: 'The CA cannot use what the request says; look into its log.',
    vague: true,
  },
  missingTimeStamp: {
    retry: 'request',
    advice: 'The CA misses a time stamp, although messages carry their time here; look into its log.',
  },
  badPOP: {
    retry: 'request',
    advice:
      'The CA does not accept the proof of possession; grant raVerified to this RA, prove by Signature, or enroll with P10CR.',
  },
  certRevoked: {
    retry: 'request',
    advice: 'The certificate that the request is about is revoked; ask for a first one in its place.',
  },
  certConfirmed: {
    retry: 'transaction',
    advice: 'The CA holds the certificate for confirmed already; a fresh exchange is tried.',
  },
  wrongIntegrity: {
    retry: 'issuer',
    advice: 'The CA wants the other kind of protection (MAC or signature); change it.',
  },
  badRecipientNonce: {
    retry: 'transaction',
    advice:
      'The CA does not remember its last answer to us; a fresh exchange is tried. If it lasts, look for several servers behind one URL.',
  },
  timeNotAvailable: { retry: 'transient', advice: 'The CA does not know the time; the request is tried again later.' },
  unacceptedPolicy: {
    retry: 'request',
    advice: 'The CA does not accept a policy of this request; compare it with its profile.',
  },
  unacceptedExtension: {
    retry: 'request',
    advice: 'The CA does not accept an extension of this request; compare them with its profile.',
  },
  addInfoNotAvailable: {
    retry: 'transient',
    advice: 'The CA cannot get at something that it needs; the request is tried again later.',
  },
  badSenderNonce: { retry: 'transaction', advice: 'The CA does not accept our nonce; a fresh exchange is tried.' },
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
  unsupportedVersion: {
    retry: 'issuer',
    advice: 'The CA speaks neither version 2 nor version 3 of CMP; check the URL, and choose the profile of this CA.',
  },
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

/** The first piece of advice about these reasons; about the vague ones only if there is no other. */
export function adviceFor(failInfo: readonly PKIFailureInfoName[]): string | undefined {
  const reasons = failInfo.map(known).filter((reason) => reason !== undefined);
  return (reasons.find(({ vague }) => vague === undefined) ?? reasons[0])?.advice;
}
