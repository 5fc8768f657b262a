import {
  ISSUED_CERTIFICATE,
  type IssuedCertificateRecord,
  type IssuedCertificateSpec,
  REVOCATION_REASON_ANNOTATION,
} from '../../api/issued-certificate.js';
import type { Issuer } from '../../api/issuer.js';
import type { KubeObject, ObjectRef, OwnerReference } from '../../api/meta.js';
import { type IndexFunction, objectKey } from '../../kube/store.js';
import { Certificate, encodePem } from '../../pki/index.js';
import { type IssuerName, issuerKey } from '../issuer-key.js';
import { FIELD_MANAGER } from '../status-write.js';

/** As the CRD bounds them. The names are for people; the certificate itself has them in full. */
const MAX_REASON = 64;
const MAX_NAME = 4_096;

/** How the revocation of a certificate stands, for people. */
export type RevocationStanding = NonNullable<IssuedCertificateSpec['revocation']>;

/** Why nobody ever got a certificate. */
export type Orphaned = NonNullable<IssuedCertificateSpec['orphaned']>;

/** A certificate that is to be revoked once its Certificate is gone, or at once, as the controller thinks of it. */
export interface RevocationRecord {
  /** The object that keeps it. */
  readonly ref: ObjectRef;
  readonly issuer: IssuerName;
  readonly issuerUid: string;
  /** The Certificate; absent where nobody ever got it. */
  readonly owner: { readonly namespace: string; readonly name: string; readonly uid: string } | undefined;
  readonly orphaned: Orphaned | undefined;
  /** Key of the request. */
  readonly request: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** RFC 4514 text. */
  readonly issuedBy: string;
  readonly subject: string;
  readonly notAfter: Date;
  /** The annotation of the Certificate as last seen, whatever it says. */
  readonly annotation: string | undefined;
  /** The same of the request: it counts where the Certificate has none. */
  readonly requestAnnotation: string | undefined;
  readonly standing: RevocationStanding | undefined;
}

/** Finds records by the uid of the Certificate, by the issuer's key, and by the uid of the request that holds it. */
export const BY_OWNER = 'owner';
export const BY_ISSUER = 'issuer';
export const BY_REQUEST = 'request';

export const recordIndexes: Readonly<Record<string, IndexFunction<IssuedCertificateRecord>>> = {
  [BY_OWNER]: ({ spec }) => (spec.certificateRef === undefined ? [] : [spec.certificateRef.uid]),
  [BY_ISSUER]: (object) => [issuerKey(issuerOfRecord(object))],
  [BY_REQUEST]: ({ spec }) => (spec.certificateRef === undefined ? [] : [spec.requestRef.uid]),
};

export function issuerOfRecord({ metadata, spec: { issuerRef } }: IssuedCertificateRecord): IssuerName {
  const { kind, name } = issuerRef;
  return kind === 'CMPv2Issuer' && metadata.namespace !== undefined
    ? { kind, namespace: metadata.namespace, name }
    : { kind, name };
}

/** What is worth remembering: a cluster may hold tens of thousands. The certificate is read again when it is needed. */
export const projectRecord = (object: IssuedCertificateRecord): IssuedCertificateRecord => ({
  ...object,
  spec: { ...object.spec, certificate: '' },
});

/**
 * The record that an object keeps; undefined where the object is not where it belongs. Who may write in some namespace
 * must not have certificates revoked that were got with the credentials of another.
 */
export function readRecord(
  object: IssuedCertificateRecord,
  clusterResourceNamespace: string,
): RevocationRecord | undefined {
  const { spec, metadata } = object;
  const { namespace, name } = metadata;
  if (namespace === undefined) return undefined;
  const { issuerRef, certificateRef: owner, requestRef, orphaned } = spec;
  const home =
    issuerRef.kind === 'CMPv2ClusterIssuer' ? clusterResourceNamespace : (owner?.namespace ?? requestRef.namespace);
  if (namespace !== home || (owner === undefined) === (orphaned === undefined)) return undefined;
  return {
    ref: { namespace, name },
    issuer: issuerOfRecord(object),
    issuerUid: issuerRef.uid,
    owner,
    orphaned,
    request: objectKey({ ...requestRef, ...(owner && { namespace: owner.namespace }) }),
    serial: spec.serialNumber,
    issuedBy: spec.issuer,
    subject: spec.subject,
    notAfter: new Date(spec.notAfter),
    annotation: spec.reason,
    requestAnnotation: spec.requestReason,
    standing: spec.revocation,
  };
}

/** The annotation of a Certificate, or of a request for it, as it goes into a record. */
export const reasonAnnotation = ({ metadata }: KubeObject): string | undefined =>
  metadata.annotations?.[REVOCATION_REASON_ANNOTATION]?.slice(0, MAX_REASON);

/** What a record is made of. */
export interface RecordSource {
  readonly request: KubeObject;
  readonly requestUid: string;
  readonly issuer: Issuer;
  /** DER. */
  readonly leaf: Uint8Array;
  readonly clusterResourceNamespace: string;
}

type Claim = Pick<IssuedCertificateSpec, 'issuerRef' | 'certificateRef' | 'orphaned' | 'requestRef'>;

const refOf = ({ kind, metadata: { name, uid = '' } }: Issuer) => ({ kind, name, uid });

/** The object that keeps the certificate of a Certificate in mind. */
export function recordObject(source: RecordSource, owner: OwnerReference): IssuedCertificateRecord {
  const { request, requestUid, issuer } = source;
  const { name, namespace = '' } = request.metadata;
  return claimed(source, {
    issuerRef: refOf(issuer),
    certificateRef: { namespace, name: owner.name, uid: owner.uid },
    requestRef: { name, uid: requestUid },
  });
}

/** The object that keeps a certificate in mind that nobody ever got. `issuerUid`: the incarnation that got it. */
export function orphanObject(source: RecordSource, orphaned: Orphaned, issuerUid?: string): IssuedCertificateRecord {
  const { request, requestUid, issuer } = source;
  const { name, namespace } = request.metadata;
  const kind = request.kind === 'CertificateSigningRequest' ? request.kind : 'CertificateRequest';
  return claimed(source, {
    issuerRef: { ...refOf(issuer), ...(issuerUid !== undefined && { uid: issuerUid }) },
    orphaned,
    requestRef: { kind, ...(namespace !== undefined && { namespace }), name, uid: requestUid },
  });
}

/**
 * Its name holds the request's uid and the certificate's fingerprint, so that
 * keeping it twice makes one object. It has no owner: it must outlive everything it speaks of.
 */
function claimed(source: RecordSource, claim: Claim): IssuedCertificateRecord {
  const { request, requestUid, issuer, leaf, clusterResourceNamespace } = source;
  const certificate = Certificate.parse(leaf);
  const requestReason = reasonAnnotation(request);
  return {
    apiVersion: `${ISSUED_CERTIFICATE.group}/${ISSUED_CERTIFICATE.version}`,
    kind: 'CMPv2IssuedCertificate',
    metadata: {
      name: `${requestUid}-${certificate.sha256.slice(0, 16)}`,
      namespace: issuer.metadata.namespace ?? clusterResourceNamespace,
      labels: { 'app.kubernetes.io/managed-by': FIELD_MANAGER },
    },
    spec: {
      ...claim,
      serialNumber: certificate.serialHex,
      issuer: certificate.issuerText.slice(0, MAX_NAME),
      subject: certificate.subjectText.slice(0, MAX_NAME),
      notAfter: certificate.notAfter.toISOString(),
      certificate: encodePem('CERTIFICATE', leaf),
      ...(requestReason !== undefined && { requestReason }),
    },
  };
}

/** What was annotated, where anything was. */
export const wantedReason = ({ annotation, requestAnnotation }: RevocationRecord): string | undefined =>
  annotation ?? requestAnnotation;

/** Facts for a log line. */
export const recordFacts = ({ ref, issuer, owner, orphaned, request, ...names }: RevocationRecord) => ({
  record: objectKey(ref),
  issuer: issuerKey(issuer),
  ...(owner && { certificate: objectKey(owner) }),
  ...(orphaned && { orphaned, request }),
  serial: names.serial,
  issuedBy: names.issuedBy,
  subject: names.subject,
  notAfter: names.notAfter.toISOString(),
});
