import { checkDer, DerError, type Element, oid, TAG, tlv } from '../asn1/index.js';
import { PkiError } from './error.js';
import { formatName, type Name } from './name.js';

/** The alternatives of GeneralName by tag number (RFC 5280 section 4.2.1.6), as people call them. */
const TYPES = ['otherName', 'email', 'dns', 'x400', 'directoryName', 'ediParty', 'uri', 'ip', 'registeredID'] as const;
export type GeneralNameType = (typeof TYPES)[number];

export interface GeneralName {
  readonly type: GeneralNameType;
  /** As received, tag included. */
  readonly der: Uint8Array;
  /** What is inside the tag, e.g. the octets of an address, or the DER of a directoryName's Name. */
  readonly content: Uint8Array;
  /** Readable value, without control characters; hexadecimal where the type has no text form. */
  readonly text: string;
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return hex(octets);
  const groups = Array.from({ length: 8 }, (_, i) => hex(octets.subarray(2 * i, 2 * i + 2))).join(':');
  // The WHATWG URL serialiser writes IPv6 as RFC 5952 wants it.
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}

/** IA5String content; anything that is not printable ASCII is shown as `\xx`. */
function asciiText(octets: Uint8Array): string {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(/[^\x20-\x7e]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function textOf(type: GeneralNameType, element: Element): string {
  switch (type) {
    case 'email':
    case 'dns':
    case 'uri':
      return asciiText(element.content);
    case 'ip':
      return addressText(element.content);
    case 'directoryName':
      return formatName(element.content);
    case 'registeredID':
      return oid.decode(element.retagged(TAG.objectIdentifier));
    case 'otherName':
    case 'x400':
    case 'ediParty':
      return hex(element.content);
  }
}

function readGeneralName(element: Element): GeneralName {
  const type = TYPES[element.tag & 0x1f];
  const constructed = type === 'otherName' || type === 'x400' || type === 'directoryName' || type === 'ediParty';
  if ((element.tag & 0xc0) !== 0x80 || type === undefined || element.constructed !== constructed) {
    throw new DerError('not a GeneralName', element.start);
  }
  return { type, der: element.der, content: element.content, text: textOf(type, element) };
}

/** The names in the DER of a GeneralNames (at least one), in order. Throws PkiError `DerInvalid`. */
export function parseGeneralNames(der: Uint8Array): GeneralName[] {
  try {
    const root = checkDer(der);
    if (root.tag !== TAG.sequence) throw new DerError('expected SEQUENCE OF GeneralName', 0);
    const names = root.children().map(readGeneralName);
    if (names.length === 0) throw new DerError('expected at least one GeneralName', 0);
    return names;
  } catch (error) {
    if (error instanceof DerError) throw new PkiError('DerInvalid', `general names: ${error.message}`, error);
    throw error;
  }
}

/** One GeneralName in DER. */
export function parseGeneralName(der: Uint8Array): GeneralName {
  const [name] = parseGeneralNames(tlv(TAG.sequence, der));
  if (name === undefined) throw new PkiError('DerInvalid', 'general name: empty');
  return name;
}

/** The GeneralName that carries a distinguished name: `[4]`, explicit because Name is a CHOICE. */
export function directoryName(name: Name): Uint8Array {
  return tlv(0xa4, name);
}

/** DNS names, IP addresses, URIs and e-mail addresses as `type:text`, e.g. `dns:www.example.com`; for comparing sets. */
export function generalNameKey({ type, der, text }: GeneralName): string {
  switch (type) {
    case 'dns':
      return `dns:${text.toLowerCase()}`;
    case 'email': {
      // Only the host part ignores case (RFC 5280 section 7.5).
      const at = text.lastIndexOf('@');
      return `email:${text.slice(0, at + 1)}${text.slice(at + 1).toLowerCase()}`;
    }
    case 'uri':
    case 'ip':
      return `${type}:${text}`;
    case 'directoryName':
    case 'registeredID':
    case 'otherName':
    case 'x400':
    case 'ediParty':
      return `${type}:${hex(der)}`;
  }
}
