import { integer, mapped, namedBits, optional, sequence, type TypeOf } from '../../asn1/index.js';
import { PKIFreeText } from './general.js';

/** PKIFailureInfo's named bits in order of their numbers (RFC 9810 section 5.2.3). */
export const PKI_FAILURE_INFO_NAMES = [
  'badAlg',
  'badMessageCheck',
  'badRequest',
  'badTime',
  'badCertId',
  'badDataFormat',
  'wrongAuthority',
  'incorrectData',
  'missingTimeStamp',
  'badPOP',
  'certRevoked',
  'certConfirmed',
  'wrongIntegrity',
  'badRecipientNonce',
  'timeNotAvailable',
  'unacceptedPolicy',
  'unacceptedExtension',
  'addInfoNotAvailable',
  'badSenderNonce',
  'badCertTemplate',
  'signerNotTrusted',
  'transactionIdInUse',
  'unsupportedVersion',
  'notAuthorized',
  'systemUnavail',
  'systemFailure',
  'duplicateCertReq',
] as const;
export type KnownFailureInfo = (typeof PKI_FAILURE_INFO_NAMES)[number];
/** A bit that no RFC names keeps its number, so that nothing a peer said is lost. */
export type PKIFailureInfoName = KnownFailureInfo | `bit${number}`;

const isKnown = (name: string): name is KnownFailureInfo =>
  (PKI_FAILURE_INFO_NAMES as readonly string[]).includes(name);

const bitOf = (name: PKIFailureInfoName): number =>
  isKnown(name) ? PKI_FAILURE_INFO_NAMES.indexOf(name) : Number(name.slice('bit'.length));

export const PKIFailureInfo = mapped(
  'PKIFailureInfo',
  namedBits,
  (bits): readonly PKIFailureInfoName[] => bits.map((bit) => PKI_FAILURE_INFO_NAMES[bit] ?? (`bit${bit}` as const)),
  (names) => names.map(bitOf),
);

/** PKIStatus by name, in order of their numbers (RFC 9810 section 5.2.3). */
export const PKI_STATUS_NAMES = [
  'accepted',
  'grantedWithMods',
  'rejection',
  'waiting',
  'revocationWarning',
  'revocationNotification',
  'keyUpdateWarning',
] as const;
export type PKIStatusName = (typeof PKI_STATUS_NAMES)[number];

export const PKIStatus = mapped(
  'PKIStatus',
  integer,
  (number): PKIStatusName => {
    const name = PKI_STATUS_NAMES[number];
    if (name === undefined) throw new RangeError(`PKIStatus ${number} does not exist`);
    return name;
  },
  (name) => PKI_STATUS_NAMES.indexOf(name),
);

/** PKIStatusInfo ::= SEQUENCE { status, statusString PKIFreeText OPTIONAL, failInfo PKIFailureInfo OPTIONAL } */
export const PKIStatusInfo = sequence('PKIStatusInfo', {
  status: PKIStatus,
  statusString: optional(PKIFreeText),
  failInfo: optional(PKIFailureInfo),
});
export type PKIStatusInfo = TypeOf<typeof PKIStatusInfo>;

/** ErrorMsgContent (RFC 9810 section 5.3.21). */
export const ErrorMsgContent = sequence('ErrorMsgContent', {
  pKIStatusInfo: PKIStatusInfo,
  errorCode: optional(integer),
  errorDetails: optional(PKIFreeText),
});
export type ErrorMsgContent = TypeOf<typeof ErrorMsgContent>;
