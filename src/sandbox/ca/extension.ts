import {
  any,
  contextPrimitive,
  decodeDer,
  encodeDer,
  implicit,
  octetString,
  sequence,
  sequenceOf,
  tlv,
} from '../../asn1/index.js';
import { type Extension, ExtensionSyntax, OID } from '../../pki/index.js';

const AuthorityKeyIdentifier = sequence('AuthorityKeyIdentifier', { keyIdentifier: implicit(0, octetString) });
const GeneralNames = sequenceOf(any, { min: 1 });

/** DER of an Extension; `critical` is DEFAULT FALSE, hence absent or TRUE. */
export function encodeExtension(extnID: string, extnValue: Uint8Array, critical = false): Uint8Array {
  return encodeDer(ExtensionSyntax, critical ? { extnID, critical, extnValue } : { extnID, extnValue });
}

/** DER of the same extension, but critical. */
export const asCritical = ({ oid, value }: Extension): Uint8Array => encodeExtension(oid, value, true);

export const subjectKeyIdentifier = (keyIdentifier: Uint8Array): Uint8Array =>
  encodeExtension(OID.subjectKeyIdentifier, encodeDer(octetString, keyIdentifier));

export const authorityKeyIdentifier = (keyIdentifier: Uint8Array): Uint8Array =>
  encodeExtension(OID.authorityKeyIdentifier, encodeDer(AuthorityKeyIdentifier, { keyIdentifier }));

/** DER of the subjectAltName with one dNSName more; begins a new one if there is none. Throws DerError. */
export function withDnsName(subjectAltName: Extension | undefined, dnsName: string): Uint8Array {
  const names = subjectAltName === undefined ? [] : decodeDer(GeneralNames, subjectAltName.value);
  const added = tlv(contextPrimitive(2), Buffer.from(dnsName, 'latin1'));
  return encodeExtension(
    OID.subjectAltName,
    encodeDer(GeneralNames, [...names, added]),
    subjectAltName?.critical ?? false,
  );
}
