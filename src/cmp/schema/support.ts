import {
  bigInteger,
  choice,
  contextConstructed,
  explicit,
  integer,
  octetAlignedBitString,
  opaque,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
  time,
  withRaw,
} from '../../asn1/index.js';
import { AttributeTypeAndValue, CertTemplate } from './crmf.js';
import { AlgorithmIdentifier, CertificateList, CMPCertificate, Extensions, GeneralName, Name } from './general.js';

// Values of support messages (RFC 9810 section 5.3.19). What the infoType promises is what the value must be.

/** id-it-caCerts: SEQUENCE SIZE (1..MAX) OF CMPCertificate. */
export const CaCertsValue = sequenceOf(CMPCertificate, { min: 1 });

/** id-it-signKeyPairTypes: SEQUENCE SIZE (1..MAX) OF AlgorithmIdentifier. */
export const SignKeyPairTypesValue = sequenceOf(AlgorithmIdentifier, { min: 1 });

/** RootCaKeyUpdateContent (RFC 9810 section 5.3.19.15). */
export const RootCaKeyUpdateContent = sequence('RootCaKeyUpdateContent', {
  newWithNew: CMPCertificate,
  newWithOld: optional(explicit(0, CMPCertificate)),
  oldWithNew: optional(explicit(1, CMPCertificate)),
});
export type RootCaKeyUpdateContent = TypeOf<typeof RootCaKeyUpdateContent>;

/** CertReqTemplateContent (RFC 9810 section 5.3.19.16): `keySpec` says which keys the CA takes. */
export const CertReqTemplateContent = sequence('CertReqTemplateContent', {
  certTemplate: CertTemplate,
  keySpec: optional(sequenceOf(AttributeTypeAndValue, { min: 1 })),
});
export type CertReqTemplateContent = TypeOf<typeof CertReqTemplateContent>;

/** DistributionPointName (RFC 5280 section 4.2.1.13), kept as octets but for its tag. */
const DistributionPointName = choice('DistributionPointName', {
  fullName: opaque('fullName', contextConstructed(0)),
  nameRelativeToCRLIssuer: opaque('nameRelativeToCRLIssuer', contextConstructed(1)),
});

/** CRLSource ::= CHOICE { dpn [0] DistributionPointName, issuer [1] GeneralNames } */
const CRLSource = choice('CRLSource', {
  dpn: explicit(0, DistributionPointName),
  issuer: explicit(1, sequenceOf(GeneralName, { min: 1 })),
});

/** CRLStatus ::= SEQUENCE { source CRLSource, thisUpdate Time OPTIONAL }: the CRL wanted, and how old ours is. */
export const CRLStatus = sequence('CRLStatus', { source: CRLSource, thisUpdate: optional(time) });
export type CRLStatus = TypeOf<typeof CRLStatus>;

/** id-it-crlStatusList: SEQUENCE SIZE (1..MAX) OF CRLStatus. */
export const CrlStatusListValue = sequenceOf(CRLStatus, { min: 1 });

/** RFC 5280 section 5.1. */
export const TBSCertList = sequence('TBSCertList', {
  version: optional(integer),
  signature: AlgorithmIdentifier,
  issuer: Name,
  thisUpdate: time,
  nextUpdate: optional(time),
  revokedCertificates: optional(
    sequenceOf(
      sequence('revokedCertificate', {
        userCertificate: bigInteger,
        revocationDate: time,
        crlEntryExtensions: optional(Extensions),
      }),
    ),
  ),
  crlExtensions: optional(explicit(0, Extensions)),
});

/** CertificateList (RFC 5280 section 5.1), read to see that it is one and for whom. */
export const CertificateListSyntax = sequence('CertificateList', {
  tbsCertList: withRaw(TBSCertList),
  signatureAlgorithm: withRaw(AlgorithmIdentifier),
  signatureValue: octetAlignedBitString,
});

/** id-it-crls: SEQUENCE SIZE (1..MAX) OF CertificateList. */
export const CrlsValue = sequenceOf(CertificateList, { min: 1 });
