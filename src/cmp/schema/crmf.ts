import {
  any,
  bigInteger,
  choice,
  contextConstructed,
  contextPrimitive,
  explicit,
  implicit,
  integer,
  nullValue,
  octetAlignedBitString,
  oid,
  opaque,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
  time,
} from '../../asn1/index.js';
import { AlgorithmIdentifier, Extensions, GeneralName, Name, SubjectPublicKeyInfo } from './general.js';

// CRMF (RFC 4211): its module has IMPLICIT tags, only a CHOICE inside a tag (Name, Time) stays explicit.

/** OptionalValidity ::= SEQUENCE { notBefore [0] Time OPTIONAL, notAfter [1] Time OPTIONAL } */
export const OptionalValidity = sequence('OptionalValidity', {
  notBefore: optional(explicit(0, time)),
  notAfter: optional(explicit(1, time)),
});
export type OptionalValidity = TypeOf<typeof OptionalValidity>;

/** CertTemplate (RFC 4211 section 5). serialNumber, signingAlg and the unique ids are for CAs to fill, never for requests. */
export const CertTemplate = sequence('CertTemplate', {
  version: optional(implicit(0, integer)),
  serialNumber: optional(implicit(1, bigInteger)),
  signingAlg: optional(implicit(2, AlgorithmIdentifier)),
  issuer: optional(explicit(3, Name)),
  validity: optional(implicit(4, OptionalValidity)),
  subject: optional(explicit(5, Name)),
  publicKey: optional(implicit(6, SubjectPublicKeyInfo)),
  issuerUID: optional(opaque('issuerUID', contextPrimitive(7))),
  subjectUID: optional(opaque('subjectUID', contextPrimitive(8))),
  extensions: optional(implicit(9, Extensions)),
});
export type CertTemplate = TypeOf<typeof CertTemplate>;

/** AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }: CRMF's own, no SET as in X.501. */
export const AttributeTypeAndValue = sequence('AttributeTypeAndValue', { type: oid, value: any });
export type AttributeTypeAndValue = TypeOf<typeof AttributeTypeAndValue>;

/** CertId ::= SEQUENCE { issuer GeneralName, serialNumber INTEGER } */
export const CertId = sequence('CertId', { issuer: GeneralName, serialNumber: bigInteger });
export type CertId = TypeOf<typeof CertId>;

/** CertRequest ::= SEQUENCE { certReqId INTEGER, certTemplate CertTemplate, controls Controls OPTIONAL } */
export const CertRequest = sequence('CertRequest', {
  certReqId: integer,
  certTemplate: CertTemplate,
  controls: optional(sequenceOf(AttributeTypeAndValue, { min: 1 })),
});
export type CertRequest = TypeOf<typeof CertRequest>;

/** PKMACValue ::= SEQUENCE { algId AlgorithmIdentifier, value BIT STRING } */
export const PKMACValue = sequence('PKMACValue', { algId: AlgorithmIdentifier, value: octetAlignedBitString });

/** POPOSigningKeyInput (RFC 4211 section 4.1): only when the template lacks subject or public key. */
export const POPOSigningKeyInput = sequence('POPOSigningKeyInput', {
  authInfo: choice('authInfo', { sender: explicit(0, GeneralName), publicKeyMAC: PKMACValue }),
  publicKey: SubjectPublicKeyInfo,
});

/** POPOSigningKey ::= SEQUENCE { poposkInput [0] ... OPTIONAL, algorithmIdentifier, signature BIT STRING } */
export const POPOSigningKey = sequence('POPOSigningKey', {
  poposkInput: optional(implicit(0, POPOSigningKeyInput)),
  algorithmIdentifier: AlgorithmIdentifier,
  signature: octetAlignedBitString,
});
export type POPOSigningKey = TypeOf<typeof POPOSigningKey>;

/** ProofOfPossession (RFC 4211 section 4). The proofs for encryption and agreement keys are kept as they are. */
export const ProofOfPossession = choice('ProofOfPossession', {
  raVerified: implicit(0, nullValue),
  signature: implicit(1, POPOSigningKey),
  keyEncipherment: opaque('keyEncipherment', contextConstructed(2)),
  keyAgreement: opaque('keyAgreement', contextConstructed(3)),
});
export type ProofOfPossession = TypeOf<typeof ProofOfPossession>;

/** CertReqMsg ::= SEQUENCE { certReq CertRequest, popo ProofOfPossession OPTIONAL, regInfo ... OPTIONAL } */
export const CertReqMsg = sequence('CertReqMsg', {
  certReq: CertRequest,
  popo: optional(ProofOfPossession),
  regInfo: optional(sequenceOf(AttributeTypeAndValue, { min: 1 })),
});
export type CertReqMsg = TypeOf<typeof CertReqMsg>;

export const CertReqMessages = sequenceOf(CertReqMsg, { min: 1 });
export type CertReqMessages = TypeOf<typeof CertReqMessages>;
