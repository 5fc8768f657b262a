import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeDer, type TypeOf } from '../../asn1/index.js';
import { Certificate, type GeneralName, type Name, nameAttributes, OID, parseGeneralNames } from '../../pki/index.js';
import { CertificationRequestSyntax, ExtensionsSyntax } from '../../pki/schema.js';
import { decodeHeader, firstPemObject, hasCertificateLines } from './header.js';
import { ApiError } from './reply.js';

/** What CertService takes from CSR and PK. */
export interface CsrModel {
  readonly der: Uint8Array;
  readonly subject: Name;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Sorted by tag number and value, as text. */
  readonly sans: readonly GeneralName[];
}

/** What CertService takes from OLD_CERT and OLD_PK. */
export interface OldCertificateModel {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
  /** Certificates in the header; all but the first are ignored. */
  readonly count: number;
}

const BAD_CSR = 'Wrong certificate signing request (CSR) format';
const BAD_KEY = 'Wrong key (PK) format';
const BAD_CERTIFICATE = 'Wrong certificate format';

/** Throws ApiError 400; anything else it throws is what CertService does not catch either. */
export function readCsrModel(csrHeader: string, keyHeader: string): CsrModel {
  const der = orRefuse(BAD_CSR, () => pemObject(csrHeader));
  const { value: info } = orRefuse(BAD_CSR, () => decodeDer(CertificationRequestSyntax, der)).certificationRequestInfo;
  const publicKeyInfo = info.subjectPKInfo;
  const publicKey = orRefuse(BAD_KEY, () =>
    rsa(createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' })),
  );
  const privateKey = orRefuse(BAD_KEY, () => rsaPrivateKey(keyHeader));
  return {
    der,
    subject: info.subject,
    publicKeyInfo,
    publicKey,
    privateKey,
    sans: sorted(subjectAltNames(info.attributes ?? [])),
  };
}

/** Throws ApiError 400. */
export function readOldCertificateModel(certificateHeader: string, keyHeader: string): OldCertificateModel {
  const found = orRefuse(BAD_CERTIFICATE, () => {
    const text = decodeHeader(certificateHeader);
    if (text === undefined || !hasCertificateLines(text)) throw new TypeError('no certificate');
    const certificate = Certificate.parse(pemObject(certificateHeader));
    return { certificate, count: text.split('-----BEGIN CERTIFICATE-----').length - 1 };
  });
  return { ...found, privateKey: orRefuse(BAD_CERTIFICATE, () => rsaPrivateKey(keyHeader)) };
}

/** The commonName that stands last, empty if there is none. */
export function commonNameOf(subject: Name): string {
  const names = nameAttributes(subject)
    .flat()
    .filter(({ type }) => type === '2.5.4.3');
  return names.at(-1)?.text ?? '';
}

function orRefuse<T>(errorMessage: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new ApiError(400, errorMessage);
  }
}

function pemObject(header: string): Uint8Array {
  const der = firstPemObject(decodeHeader(header) ?? '');
  if (der === undefined) throw new TypeError('no PEM object');
  return der;
}

function rsa(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new TypeError('not an RSA key');
  return key;
}

/** PKCS#8; PKCS#1 too, which BouncyCastle reads where the JDK gives up. */
function rsaPrivateKey(header: string): KeyObject {
  const key = Buffer.from(pemObject(header));
  try {
    return rsa(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  } catch {
    // Newer versions of Node.js take any kind of key here, whatever the type says.
    return rsa(createPrivateKey({ key, format: 'der', type: 'pkcs1' }));
  }
}

type Attributes = NonNullable<
  TypeOf<typeof CertificationRequestSyntax>['certificationRequestInfo']['value']['attributes']
>;

/**
 * Only the first attribute is looked at, and taken for extensions whatever it is. Without a subjectAltName in it there is
 * no list to walk through: the one case in which a right request ends in Spring's default body.
 */
function subjectAltNames([first]: Attributes): GeneralName[] {
  if (first === undefined) return [];
  const [extensions] = first.values;
  if (extensions === undefined) throw new TypeError('an attribute without value');
  const found = decodeDer(ExtensionsSyntax, extensions).find(({ value }) => value.extnID === OID.subjectAltName);
  if (found === undefined) throw new TypeError('extensions without subjectAltName');
  return parseGeneralNames(found.value.extnValue);
}

function sorted(names: readonly GeneralName[]): GeneralName[] {
  const text = ({ der, text: value }: GeneralName): string => `${(der[0] ?? 0) & 0x1f}: ${value}`;
  return names.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}
