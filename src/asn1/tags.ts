/** Identifier octets of the universal types in use, DER form (X.680 section 8.6). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

const UNIVERSAL_NAMES = new Map<number, string>(Object.entries(TAG).map(([name, tag]) => [tag, name]));

/** Identifier octet of a constructed context-specific tag: EXPLICIT tags, and IMPLICIT ones over constructed types. */
export const contextConstructed = (number: number): number => 0xa0 | number;

/** Identifier octet of a primitive context-specific tag. */
export const contextPrimitive = (number: number): number => 0x80 | number;

/** How a person calls an identifier octet. */
export function tagName(tag: number): string {
  if ((tag & 0xc0) === 0x80) return `[${tag & 0x1f}]${(tag & 0x20) === 0 ? ' (primitive)' : ''}`;
  return UNIVERSAL_NAMES.get(tag) ?? `tag 0x${tag.toString(16).padStart(2, '0')}`;
}
