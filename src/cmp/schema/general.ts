import {
  any,
  choice,
  contextConstructed,
  contextPrimitive,
  explicit,
  oid,
  opaque,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
  utf8String,
} from '../../asn1/index.js';

/** PKIX types that CMP carries. Each is the octets of its TLV; `pki/` gives them a meaning. */
export const Certificate = opaque('Certificate');
export const CertificateList = opaque('CertificateList');
export const CertificationRequest = opaque('CertificationRequest');
export const Name = opaque('Name');
export const SubjectPublicKeyInfo = opaque('SubjectPublicKeyInfo');
export const Extension = opaque('Extension');
export const Extensions = sequenceOf(Extension, { min: 1 });

export { AlgorithmIdentifier } from '../../pki/index.js';

/** GeneralName (RFC 5280 section 4.2.1.6): directoryName is a CHOICE and therefore tagged explicitly. The others are kept as octets. */
export const GeneralName = choice('GeneralName', {
  directoryName: explicit(4, Name),
  otherName: opaque('otherName', contextConstructed(0)),
  rfc822Name: opaque('rfc822Name', contextPrimitive(1)),
  dNSName: opaque('dNSName', contextPrimitive(2)),
  x400Address: opaque('x400Address', contextConstructed(3)),
  ediPartyName: opaque('ediPartyName', contextConstructed(5)),
  uniformResourceIdentifier: opaque('uniformResourceIdentifier', contextPrimitive(6)),
  iPAddress: opaque('iPAddress', contextPrimitive(7)),
  registeredID: opaque('registeredID', contextPrimitive(8)),
});
export type GeneralName = TypeOf<typeof GeneralName>;

/** PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String: untrusted text for people. */
export const PKIFreeText = sequenceOf(utf8String, { min: 1 });
export type PKIFreeText = TypeOf<typeof PKIFreeText>;

/** InfoTypeAndValue ::= SEQUENCE { infoType OBJECT IDENTIFIER, infoValue ANY OPTIONAL } */
export const InfoTypeAndValue = sequence('InfoTypeAndValue', {
  infoType: oid,
  infoValue: optional(any),
});
export type InfoTypeAndValue = TypeOf<typeof InfoTypeAndValue>;

/** CMPCertificate ::= CHOICE { x509v3PKCert Certificate, ... }: the one alternative in use, untagged. */
export const CMPCertificate = Certificate;
