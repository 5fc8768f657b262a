import {
  any,
  type Codec,
  choice,
  codec,
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

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } (RFC 5280 section 4.1.1.2) */
export const AlgorithmIdentifier = sequence('AlgorithmIdentifier', {
  algorithm: oid,
  parameters: optional(any),
});
export type AlgorithmIdentifier = TypeOf<typeof AlgorithmIdentifier>;

/** An alternative of GeneralName that we pass on but never look into: its content octets. */
const unread = (name: string, tag: number): Codec<Uint8Array> => opaque(name, tag);

/** GeneralName (RFC 5280 section 4.2.1.6): directoryName is a CHOICE and therefore tagged explicitly. */
export const GeneralName = choice('GeneralName', {
  directoryName: explicit(4, Name),
  otherName: unread('otherName', contextConstructed(0)),
  rfc822Name: unread('rfc822Name', contextPrimitive(1)),
  dNSName: unread('dNSName', contextPrimitive(2)),
  x400Address: unread('x400Address', contextConstructed(3)),
  ediPartyName: unread('ediPartyName', contextConstructed(5)),
  uniformResourceIdentifier: unread('uniformResourceIdentifier', contextPrimitive(6)),
  iPAddress: unread('iPAddress', contextPrimitive(7)),
  registeredID: unread('registeredID', contextPrimitive(8)),
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

/** A body that we recognise and can show, but do not take part in. */
export const unprocessed = (number: number, name: string): Codec<Uint8Array> => {
  const tag = contextConstructed(number);
  return codec(
    name,
    tag,
    (element) => element.der,
    (value) => {
      if (value[0] !== tag) throw new RangeError(`these octets are no ${name}`);
      return value;
    },
  );
};
