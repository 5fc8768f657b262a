import { DerError, decodeDer } from '../../asn1/index.js';
import {
  Certificate,
  describeKey as describePublicKey,
  ExtensionSyntax,
  PkiError,
  parseCsr,
  publicKeyFromSpki,
  SubjectPublicKeyInfo,
} from '../../pki/index.js';
import { type Description, hex, utc } from './description.js';

/** What the reader finds, or why it cannot read it: an unreadable certificate does not hide the rest of a message. */
function readable(read: () => Description): Description {
  try {
    return read();
  } catch (error) {
    if (error instanceof PkiError || error instanceof DerError) return { unreadable: error.message };
    throw error;
  }
}

export const describeCertificate = (der: Uint8Array): Description =>
  readable(() => {
    const certificate = Certificate.parse(der);
    const names = certificate.extensions.subjectAltNames ?? [];
    return {
      subject: certificate.subjectText,
      issuer: certificate.issuerText,
      serialNumber: certificate.serialHex,
      validity: `${utc(certificate.notBefore)} to ${utc(certificate.notAfter)}`,
      key: describeKey(certificate.spki),
      ...(certificate.isCA && { ca: true }),
      ...(names.length > 0 && { subjectAltNames: names.map(({ type, text }) => `${type}:${text}`) }),
    };
  });

export const describeRequest = (der: Uint8Array): Description =>
  readable(() => {
    const request = parseCsr(der);
    const names = request.extensions.subjectAltNames ?? [];
    return {
      subject: request.subjectText,
      key: describeKey(request.spki),
      ...(names.length > 0 && { subjectAltNames: names.map(({ type, text }) => `${type}:${text}`) }),
    };
  });

/** An empty key in a template asks the CA to generate one (RFC 9810 section 5.3.4). */
export const describeKey = (spki: Uint8Array): Description =>
  readable(() =>
    decodeDer(SubjectPublicKeyInfo, spki).subjectPublicKey.length === 0
      ? 'empty: the CA is to generate it'
      : describePublicKey(publicKeyFromSpki(spki)),
  );

const EXTENSION_NAMES = new Map([
  ['2.5.29.14', 'subjectKeyIdentifier'],
  ['2.5.29.15', 'keyUsage'],
  ['2.5.29.17', 'subjectAltName'],
  ['2.5.29.19', 'basicConstraints'],
  ['2.5.29.21', 'reasonCode'],
  ['2.5.29.35', 'authorityKeyIdentifier'],
  ['2.5.29.37', 'extKeyUsage'],
]);

export const describeExtension = (der: Uint8Array): Description =>
  readable(() => {
    const { extnID, critical, extnValue } = decodeDer(ExtensionSyntax, der);
    return {
      extnID: EXTENSION_NAMES.get(extnID) ?? extnID,
      ...(critical === true && { critical: true }),
      extnValue: hex(extnValue),
    };
  });
