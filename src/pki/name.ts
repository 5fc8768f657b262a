import { any, type Codec, mapped, octetsEqual, oid, sequence, sequenceOf, TAG } from '../asn1/index.js';
import { attributeTypeByOid } from './attribute.js';
import { decodeObject, setOf } from './schema.js';

/** A distinguished name as the raw DER of its RDNSequence. Names are passed on as they came and never rebuilt. */
export type Name = Uint8Array;

/** One attribute of a name. */
export interface NameAttribute {
  /** Dotted OID. */
  readonly type: string;
  /** DER of the value, tag included. */
  readonly der: Uint8Array;
  /** The value if it is of a string type, else undefined. */
  readonly text: string | undefined;
}

/** The name without any RDN, which CMP uses for "unknown" (RFC 9810 section 5.1.1). */
export const NULL_DN: Name = Uint8Array.of(0x30, 0x00);

export function isNullName(name: Name): boolean {
  return octetsEqual(name, NULL_DN);
}

function universalText(content: Uint8Array): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let text = '';
  for (let at = 0; at < content.length; at += 4) {
    const point = view.getUint32(at);
    if (point > 0x10ffff) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}

const NUMERIC_STRING = 0x12;

function stringValue(der: Uint8Array): string | undefined {
  const [tag = 0, short = 0] = der;
  const content = der.subarray(short < 0x80 ? 2 : 2 + (short & 0x7f));
  switch (tag) {
    case TAG.utf8String:
      return Buffer.from(content).toString('utf8');
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.t61String:
    case NUMERIC_STRING:
      return Buffer.from(content).toString('latin1');
    case TAG.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    case TAG.universalString:
      return universalText(content);
    default:
      return undefined;
  }
}

const AttributeTypeAndValue: Codec<NameAttribute> = mapped(
  'AttributeTypeAndValue',
  sequence('AttributeTypeAndValue', { type: oid, value: any }),
  ({ type, value }) => ({ type, der: value, text: stringValue(value) }),
  ({ type, der }) => ({ type, value: der }),
);

/** RFC 5280 section 4.1.2.4. */
export const RDNSequence: Codec<readonly (readonly NameAttribute[])[]> = sequenceOf(setOf(AttributeTypeAndValue));

/** The same without the texts of the values, which are never an error. */
const RDNShape = sequenceOf(setOf(sequence('AttributeTypeAndValue', { type: oid, value: any })));

/** The RDNs of a name in the order of the DER, each with one attribute or more. Throws PkiError `DerInvalid`. */
export function nameAttributes(name: Name): readonly (readonly NameAttribute[])[] {
  return decodeObject(RDNSequence, name, 'name');
}

/** The same name, once it is sure that the functions of this file can read it. Throws PkiError `DerInvalid`. */
export function checkedName(name: Name, what: string): Name {
  decodeObject(RDNShape, name, what);
  return name;
}

function escapeValue(text: string): string {
  return PLAIN.test(text) ? text : escaped(text);
}

/** Most values: words with single blanks between them, nothing to escape. */
const PLAIN = /^[\w.@:/()-]+(?: [\w.@:/()-]+)*$/;

/** Characters that RFC 4514 section 2.4 wants escaped, and control characters, which no log line should meet. */
function escaped(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<!\\) $/, '\\ ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, (character) =>
      Buffer.from(character, 'utf8').toString('hex').toUpperCase().replace(/../g, '\\$&'),
    );
}

function formatAttribute({ type, der, text }: NameAttribute): string {
  const known = attributeTypeByOid(type);
  if (known === undefined || text === undefined) {
    return `${known?.name ?? type}=#${Buffer.from(der).toString('hex')}`;
  }
  return `${known.name}=${escapeValue(text)}`;
}

/** RFC 4514 text, last RDN first: `CN=leaf,O=CMP Lab`; empty for the NULL-DN. Throws PkiError `DerInvalid`. */
export function formatName(name: Name): string {
  return nameAttributes(name)
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .reverse()
    .join(',');
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/**
 * One text per RDN, in the order of the DER, that is the same for RDNs which count as equal: attributes are sorted, values
 * compared without regard to string type, case and repeated blanks (RFC 5280 section 7.1).
 */
export function canonicalRdns(name: Name): string[] {
  return nameAttributes(name).map((rdn) =>
    rdn
      .map(({ type, der, text }) =>
        JSON.stringify([type, text === undefined ? `#${Buffer.from(der).toString('hex')}` : fold(text)]),
      )
      .sort()
      .join('+'),
  );
}

/** A text that is the same for names which `namesEqual` takes for equal. */
function canonicalName(name: Name): string {
  return canonicalRdns(name).sort().join(',');
}

/**
 * Whether both name the same entity: equal octets, or the same RDNs in any order. CMP servers re-encode and reorder the
 * names they send in message headers, so RFC 5280's ordered comparison would refuse honest ones.
 * Throws PkiError `DerInvalid` when a name that must be looked into is malformed.
 */
export function namesEqual(a: Name, b: Name): boolean {
  return octetsEqual(a, b) || canonicalName(a) === canonicalName(b);
}
