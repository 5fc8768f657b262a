import {
  any,
  choice,
  explicit,
  integer,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
} from '../../asn1/index.js';
import { CertId, CertTemplate } from './crmf.js';
import { AlgorithmIdentifier, CertificateList, CMPCertificate, Extensions, PKIFreeText } from './general.js';
import { PKIStatusInfo } from './status.js';

/** CertOrEncCert ::= CHOICE { certificate [0] CMPCertificate, encryptedCert [1] EncryptedKey } */
export const CertOrEncCert = choice('CertOrEncCert', {
  certificate: explicit(0, CMPCertificate),
  encryptedCert: explicit(1, any),
});
export type CertOrEncCert = TypeOf<typeof CertOrEncCert>;

/** CertifiedKeyPair (RFC 9810 section 5.3.4). */
export const CertifiedKeyPair = sequence('CertifiedKeyPair', {
  certOrEncCert: CertOrEncCert,
  privateKey: optional(explicit(0, any)),
  publicationInfo: optional(explicit(1, any)),
});
export type CertifiedKeyPair = TypeOf<typeof CertifiedKeyPair>;

/** CertResponse ::= SEQUENCE { certReqId, status, certifiedKeyPair OPTIONAL, rspInfo OCTET STRING OPTIONAL } */
export const CertResponse = sequence('CertResponse', {
  certReqId: integer,
  status: PKIStatusInfo,
  certifiedKeyPair: optional(CertifiedKeyPair),
  rspInfo: optional(octetString),
});
export type CertResponse = TypeOf<typeof CertResponse>;

/** CertRepMessage ::= SEQUENCE { caPubs [1] SEQUENCE SIZE (1..MAX) OF CMPCertificate OPTIONAL, response SEQUENCE OF ... } */
export const CertRepMessage = sequence('CertRepMessage', {
  caPubs: optional(explicit(1, sequenceOf(CMPCertificate, { min: 1 }))),
  response: sequenceOf(CertResponse),
});
export type CertRepMessage = TypeOf<typeof CertRepMessage>;

/** RevReqContent (RFC 9810 section 5.3.9). */
export const RevReqContent = sequenceOf(
  sequence('RevDetails', { certDetails: CertTemplate, crlEntryDetails: optional(Extensions) }),
);
export type RevReqContent = TypeOf<typeof RevReqContent>;

/** RevRepContent (RFC 9810 section 5.3.10). */
export const RevRepContent = sequence('RevRepContent', {
  status: sequenceOf(PKIStatusInfo, { min: 1 }),
  revCerts: optional(explicit(0, sequenceOf(CertId, { min: 1 }))),
  crls: optional(explicit(1, sequenceOf(CertificateList, { min: 1 }))),
});
export type RevRepContent = TypeOf<typeof RevRepContent>;

/** CertStatus (RFC 9810 section 5.3.18); hashAlg only from version 3 on. */
export const CertStatus = sequence('CertStatus', {
  certHash: octetString,
  certReqId: integer,
  statusInfo: optional(PKIStatusInfo),
  hashAlg: optional(explicit(0, AlgorithmIdentifier)),
});
export type CertStatus = TypeOf<typeof CertStatus>;

/** CertConfirmContent ::= SEQUENCE OF CertStatus; empty rejects everything. */
export const CertConfirmContent = sequenceOf(CertStatus);
export type CertConfirmContent = TypeOf<typeof CertConfirmContent>;

/** PollReqContent ::= SEQUENCE OF SEQUENCE { certReqId INTEGER } (RFC 9810 section 5.3.22) */
export const PollReqContent = sequenceOf(sequence('PollReq', { certReqId: integer }));
export type PollReqContent = TypeOf<typeof PollReqContent>;

/** PollRepContent; checkAfter is in seconds. */
export const PollRepContent = sequenceOf(
  sequence('PollRep', { certReqId: integer, checkAfter: integer, reason: optional(PKIFreeText) }),
);
export type PollRepContent = TypeOf<typeof PollRepContent>;
