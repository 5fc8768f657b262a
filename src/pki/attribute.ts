import { TAG } from '../asn1/index.js';

type StringTag = typeof TAG.printableString | typeof TAG.utf8String | typeof TAG.ia5String;

/** An attribute type of distinguished names: what it is called, and how its values are written. */
export interface AttributeType {
  /** As RFC 4514 section 3 or OpenSSL names it. */
  readonly name: string;
  readonly oid: string;
  /** String type for values we make (RFC 5280 appendix A.1). */
  readonly tag: StringTag;
}

const type = (name: string, oid: string, tag: StringTag = TAG.utf8String): AttributeType => ({ name, oid, tag });

const TYPES: readonly AttributeType[] = [
  type('CN', '2.5.4.3'),
  type('SN', '2.5.4.4'),
  type('serialNumber', '2.5.4.5', TAG.printableString),
  type('C', '2.5.4.6', TAG.printableString),
  type('L', '2.5.4.7'),
  type('ST', '2.5.4.8'),
  type('street', '2.5.4.9'),
  type('O', '2.5.4.10'),
  type('OU', '2.5.4.11'),
  type('title', '2.5.4.12'),
  type('businessCategory', '2.5.4.15'),
  type('postalCode', '2.5.4.17'),
  type('name', '2.5.4.41'),
  type('GN', '2.5.4.42'),
  type('initials', '2.5.4.43'),
  type('generationQualifier', '2.5.4.44'),
  type('dnQualifier', '2.5.4.46', TAG.printableString),
  type('pseudonym', '2.5.4.65'),
  type('organizationIdentifier', '2.5.4.97'),
  type('UID', '0.9.2342.19200300.100.1.1'),
  type('DC', '0.9.2342.19200300.100.1.25', TAG.ia5String),
  type('emailAddress', '1.2.840.113549.1.9.1', TAG.ia5String),
];

/** Other spellings that people use. */
const ALIASES: Readonly<Record<string, string>> = {
  commonname: 'cn',
  surname: 'sn',
  countryname: 'c',
  localityname: 'l',
  s: 'st',
  stateorprovincename: 'st',
  streetaddress: 'street',
  organizationname: 'o',
  organizationalunitname: 'ou',
  givenname: 'gn',
  userid: 'uid',
  domaincomponent: 'dc',
  email: 'emailaddress',
  e: 'emailaddress',
};

const BY_NAME = new Map(TYPES.map((known) => [known.name.toLowerCase(), known]));
const BY_OID = new Map(TYPES.map((known) => [known.oid, known]));

/** Case-insensitive, as RFC 4514 section 3 asks. */
export function attributeTypeByName(name: string): AttributeType | undefined {
  const lower = name.toLowerCase();
  return BY_NAME.get(ALIASES[lower] ?? lower);
}

export function attributeTypeByOid(oid: string): AttributeType | undefined {
  return BY_OID.get(oid);
}
