import {
  choice,
  contextConstructed,
  explicit,
  generalizedTime,
  integer,
  nullValue,
  octetAlignedBitString,
  octetString,
  opaque,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
  withRaw,
} from '../../asn1/index.js';
import { CertReqMessages } from './crmf.js';
import {
  AlgorithmIdentifier,
  CertificationRequest,
  CMPCertificate,
  GeneralName,
  InfoTypeAndValue,
  PKIFreeText,
} from './general.js';
import {
  CertConfirmContent,
  CertRepMessage,
  PollRepContent,
  PollReqContent,
  RevRepContent,
  RevReqContent,
} from './response.js';
import { ErrorMsgContent } from './status.js';

// CMP's own module has EXPLICIT tags throughout (RFC 9810 appendix F).

/** PKIHeader (RFC 9810 section 5.1.1). Octet strings are raw octets, messageTime is UTC. */
export const PKIHeader = sequence('PKIHeader', {
  pvno: integer,
  sender: GeneralName,
  recipient: GeneralName,
  messageTime: optional(explicit(0, generalizedTime)),
  protectionAlg: optional(explicit(1, withRaw(AlgorithmIdentifier))),
  senderKID: optional(explicit(2, octetString)),
  recipKID: optional(explicit(3, octetString)),
  transactionID: optional(explicit(4, octetString)),
  senderNonce: optional(explicit(5, octetString)),
  recipNonce: optional(explicit(6, octetString)),
  freeText: optional(explicit(7, PKIFreeText)),
  generalInfo: optional(explicit(8, sequenceOf(InfoTypeAndValue, { min: 1 }))),
});
export type PKIHeader = TypeOf<typeof PKIHeader>;

/** A body that we recognise and can show, but do not take part in. */
const unprocessed = (number: number, name: string) => opaque(name, contextConstructed(number));

/** GenMsgContent and GenRepContent: SEQUENCE OF InfoTypeAndValue (RFC 9810 section 5.3.19). */
const GenContent = sequenceOf(InfoTypeAndValue);

/**
 * PKIMessages of a nested body (RFC 9810 section 5.1.3.4) or of origPKIMessage, each kept as its octets: its own protection
 * covers those.
 */
export const PKIMessages = sequenceOf(opaque('PKIMessage'), { min: 1 });

/** PKIBody (RFC 9810 section 5.1.2). Alternatives kept as octets are recognised and shown, never acted upon. */
export const PKIBody = choice('PKIBody', {
  ir: explicit(0, CertReqMessages),
  ip: explicit(1, CertRepMessage),
  cr: explicit(2, CertReqMessages),
  cp: explicit(3, CertRepMessage),
  p10cr: explicit(4, CertificationRequest),
  popdecc: unprocessed(5, 'popdecc'),
  popdecr: unprocessed(6, 'popdecr'),
  kur: explicit(7, CertReqMessages),
  kup: explicit(8, CertRepMessage),
  krr: unprocessed(9, 'krr'),
  krp: unprocessed(10, 'krp'),
  rr: explicit(11, RevReqContent),
  rp: explicit(12, RevRepContent),
  ccr: unprocessed(13, 'ccr'),
  ccp: unprocessed(14, 'ccp'),
  ckuann: unprocessed(15, 'ckuann'),
  cann: unprocessed(16, 'cann'),
  rann: unprocessed(17, 'rann'),
  crlann: unprocessed(18, 'crlann'),
  pkiconf: explicit(19, nullValue),
  nested: explicit(20, PKIMessages),
  genm: explicit(21, GenContent),
  genp: explicit(22, GenContent),
  error: explicit(23, ErrorMsgContent),
  certConf: explicit(24, CertConfirmContent),
  pollReq: explicit(25, PollReqContent),
  pollRep: explicit(26, PollRepContent),
});
export type PKIBody = TypeOf<typeof PKIBody>;
export type PKIBodyType = PKIBody['type'];

/** PKIMessage's two last components, under their tags. */
export const protectionComponent = explicit(0, octetAlignedBitString);
export const extraCertsComponent = explicit(1, sequenceOf(CMPCertificate, { min: 1 }));

/** PKIMessage (RFC 9810 section 5.1). Header and body keep their octets: protection is computed over those. */
export const PKIMessage = sequence('PKIMessage', {
  header: withRaw(PKIHeader),
  body: withRaw(PKIBody),
  protection: optional(protectionComponent),
  extraCerts: optional(extraCertsComponent),
});
export type PKIMessage = TypeOf<typeof PKIMessage>;
