import {
  any,
  boolean,
  contextPrimitive,
  decodeDer,
  encodeDer,
  implicit,
  integer,
  namedBits,
  octetString,
  oid,
  optional,
  sequence,
  sequenceOf,
  type TypeOf,
  tlv,
} from '../../asn1/index.js';
import { OID } from '../../pki/oid.js';
import { ExtensionSyntax, type ExtensionsSyntax } from '../../pki/schema.js';

/** An extension and its octets; what a client asked for is passed on as it came. */
export type Extension = TypeOf<typeof ExtensionsSyntax>[number];

function extension(extnID: string, extnValue: Uint8Array, critical = false): Extension {
  // DEFAULT FALSE: absent or TRUE.
  const value = critical ? { extnID, critical, extnValue } : { extnID, extnValue };
  return { der: encodeDer(ExtensionSyntax, value), value };
}

/** The same, but critical. */
export const asCritical = ({ value }: Extension): Extension => extension(value.extnID, value.extnValue, true);

const BasicConstraints = sequence('BasicConstraints', { cA: optional(boolean), pathLenConstraint: optional(integer) });
const AuthorityKeyIdentifier = sequence('AuthorityKeyIdentifier', { keyIdentifier: implicit(0, octetString) });
const ExtKeyUsageSyntax = sequenceOf(oid, { min: 1 });

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const;

export const keyUsage = (bits: readonly number[]): Extension =>
  extension(OID.keyUsage, encodeDer(namedBits, bits), true);

/** Throws DerError. */
export const readKeyUsage = ({ value }: Extension): readonly number[] => decodeDer(namedBits, value.extnValue);

export const extendedKeyUsage = (purposes: readonly string[]): Extension =>
  extension(OID.extendedKeyUsage, encodeDer(ExtKeyUsageSyntax, purposes));

export const basicConstraints = (cA: boolean): Extension =>
  extension(OID.basicConstraints, encodeDer(BasicConstraints, cA ? { cA } : {}), true);

/** Whether the extension asks for a CA certificate. Throws DerError. */
export const asksForCa = ({ value }: Extension): boolean => decodeDer(BasicConstraints, value.extnValue).cA === true;

export const subjectKeyIdentifier = (keyIdentifier: Uint8Array): Extension =>
  extension(OID.subjectKeyIdentifier, encodeDer(octetString, keyIdentifier));

export const authorityKeyIdentifier = (keyIdentifier: Uint8Array): Extension =>
  extension(OID.authorityKeyIdentifier, encodeDer(AuthorityKeyIdentifier, { keyIdentifier }));

const GeneralNames = sequenceOf(any, { min: 1 });

/** The subjectAltName with one dNSName more; begins a new one if there is none. Throws DerError. */
export function withDnsName(subjectAltName: Extension | undefined, dnsName: string): Extension {
  const names = subjectAltName === undefined ? [] : decodeDer(GeneralNames, subjectAltName.value.extnValue);
  const added = tlv(contextPrimitive(2), Buffer.from(dnsName, 'latin1'));
  return extension(OID.subjectAltName, encodeDer(GeneralNames, [...names, added]), subjectAltName?.value.critical);
}
