import {
  type Codec,
  DerError,
  decodeDer,
  generalizedTime,
  nullValue,
  sequenceOf,
  utf8String,
} from '../../asn1/index.js';
import { OID } from '../../cmp/oids.js';
import {
  CaCertsValue,
  CertificateListSyntax,
  CertReqTemplateContent,
  CMPCertificate,
  CrlsValue,
  type InfoTypeAndValue,
  RootCaKeyUpdateContent,
  SignKeyPairTypesValue,
} from '../../cmp/schema/index.js';
import { printable } from '../../cmp/text.js';
import { formatName } from '../../pki/index.js';
import { oidName } from './algorithms.js';
import { type Description, hex, present, utc } from './description.js';
import { describeKeyAlgorithm } from './key-spec.js';
import { describeCertificate } from './pkix.js';
import { describeReqTemplate } from './template.js';

type Reader = (value: Uint8Array) => Description;

const as =
  <T>(codec: Codec<T>, describe: (value: T) => Description): Reader =>
  (value) =>
    describe(decodeDer(codec, value));

const crl = as(CertificateListSyntax, ({ tbsCertList: { value } }) =>
  present({
    issuer: formatName(value.issuer),
    thisUpdate: utc(value.thisUpdate),
    nextUpdate: value.nextUpdate && utc(value.nextUpdate),
    revokedCertificates: value.revokedCertificates?.length ?? 0,
  }),
);

/** Values by their infoType (RFC 9810 section 5.3.19); all others are shown as octets. */
const READERS: Readonly<Record<string, Reader>> = {
  [OID.implicitConfirm]: as(nullValue, () => null),
  [OID.confirmWaitTime]: as(generalizedTime, utc),
  [OID.certProfile]: as(sequenceOf(utf8String), (names) => names.map((name) => printable(name))),
  [OID.caCerts]: as(CaCertsValue, (list) => list.map(describeCertificate)),
  [OID.rootCaCert]: as(CMPCertificate, describeCertificate),
  [OID.rootCaKeyUpdate]: as(RootCaKeyUpdateContent, ({ newWithNew, newWithOld, oldWithNew }) =>
    present({
      newWithNew: describeCertificate(newWithNew),
      newWithOld: newWithOld && describeCertificate(newWithOld),
      oldWithNew: oldWithNew && describeCertificate(oldWithNew),
    }),
  ),
  [OID.certReqTemplate]: as(CertReqTemplateContent, describeReqTemplate),
  [OID.signKeyPairTypes]: as(SignKeyPairTypesValue, (list) => list.map(describeKeyAlgorithm)),
  [OID.currentCRL]: crl,
  [OID.crls]: as(CrlsValue, (list) => list.map(crl)),
};

/** InfoTypeAndValue in a header or in a support message. */
export function describeInfo({ infoType, infoValue }: InfoTypeAndValue): Description {
  return present({ infoType: oidName(infoType), infoValue: infoValue && describeValue(infoType, infoValue) });
}

function describeValue(infoType: string, value: Uint8Array): Description {
  const read = READERS[infoType] ?? hex;
  try {
    return read(value);
  } catch (error) {
    if (error instanceof DerError) return { unreadable: error.message, octets: hex(value) };
    throw error;
  }
}
