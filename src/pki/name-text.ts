import { any, encodeDer, TAG, tlv } from '../asn1/index.js';
import { type AttributeType, attributeTypeByName, attributeTypeByOid } from './attribute.js';
import { PkiError } from './error.js';
import { type Name, type NameAttribute, RDNSequence } from './name.js';
import { decodeObject } from './schema.js';

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const DOTTED_OID = /^[0-2](\.(0|[1-9]\d*))+$/;

/** A piece of text between separators, with escapes undone. */
interface Piece {
  /** The separator in front of it; empty for the first. */
  readonly separator: string;
  readonly type: string;
  /** UTF-8 octets of the value. */
  readonly value: Buffer;
  /** Whether the value began with an unescaped `#`: hexadecimal DER (RFC 4514 section 2.4). */
  readonly hexadecimal: boolean;
}

const invalid = (text: string, reason: string) =>
  new PkiError('NameInvalid', `distinguished name "${text}": ${reason}`);

/** Takes `type=value` pieces off a name whose pieces `separators` part. Blanks around separators do not count. */
class Scanner {
  readonly #text: string;
  readonly #separators: string;
  readonly #forbidden: string;
  #at: number;

  constructor(text: string, start: number, separators: string, forbidden: string) {
    this.#text = text;
    this.#at = start;
    this.#separators = separators;
    this.#forbidden = forbidden;
  }

  pieces(): Piece[] {
    const found: Piece[] = [];
    for (let separator = ''; ; ) {
      const type = this.#type();
      this.#skipBlanks();
      const hexadecimal = this.#text[this.#at] === '#';
      found.push({ separator, type, hexadecimal, value: this.#value() });
      const next = this.#text[this.#at++];
      if (next === undefined) return found;
      separator = next;
    }
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #type(): string {
    const equals = this.#text.indexOf('=', this.#at);
    const type = equals < 0 ? '' : this.#text.slice(this.#at, equals).trim();
    if (!/^[A-Za-z0-9.-]+$/.test(type)) {
      throw invalid(this.#text, `expected TYPE=VALUE at "${this.#text.slice(this.#at, this.#at + 20)}"`);
    }
    this.#at = equals + 1;
    return type;
  }

  #value(): Buffer {
    const octets: Buffer[] = [];
    // Trailing blanks are dropped, unless they are escaped or quoted.
    let kept = 0;
    let quoted = false;
    for (let character = this.#character(); character !== ''; character = this.#character()) {
      if (character === '"' && (quoted || octets.length === 0)) {
        quoted = !quoted;
        if (!quoted) kept = octets.length;
        this.#at++;
      } else if (!quoted && this.#separators.includes(character)) {
        break;
      } else if (!quoted && this.#forbidden.includes(character)) {
        throw invalid(this.#text, `"${character}" must be written as "\\${character}"`);
      } else if (character === '\\') {
        octets.push(this.#escape());
        kept = octets.length;
      } else {
        octets.push(Buffer.from(character, 'utf8'));
        if (quoted || character !== ' ') kept = octets.length;
        this.#at += character.length;
      }
    }
    if (quoted) throw invalid(this.#text, 'a quotation is not closed');
    return Buffer.concat(octets.slice(0, kept));
  }

  #character(): string {
    const point = this.#text.codePointAt(this.#at);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  #escape(): Buffer {
    const hex = /^[0-9A-Fa-f]{2}/.exec(this.#text.slice(this.#at + 1, this.#at + 3));
    if (hex !== null) {
      this.#at += 3;
      return Buffer.from(hex[0], 'hex');
    }
    this.#at++;
    const character = this.#character();
    if (character === '') throw invalid(this.#text, 'it ends with a lone backslash');
    this.#at += character.length;
    return Buffer.from(character, 'utf8');
  }
}

function attributeTypeOf(piece: Piece, text: string): AttributeType {
  if (DOTTED_OID.test(piece.type)) {
    return attributeTypeByOid(piece.type) ?? { name: piece.type, oid: piece.type, tag: TAG.utf8String };
  }
  const known = attributeTypeByName(piece.type);
  if (known === undefined) {
    throw invalid(text, `attribute type "${piece.type}" is unknown; write it as a dotted OID`);
  }
  return known;
}

function attributeOf(piece: Piece, text: string): NameAttribute {
  const { oid: type, name, tag } = attributeTypeOf(piece, text);
  if (piece.hexadecimal) {
    const digits = piece.value.subarray(1).toString('latin1');
    if (!/^(?:[0-9A-Fa-f]{2})+$/.test(digits)) throw invalid(text, `the value of ${name} is not hexadecimal`);
    const der = Buffer.from(digits, 'hex');
    decodeObject(any, der, `distinguished name "${text}", value of ${name}`);
    return { type, der, text: undefined };
  }
  const value = piece.value.toString('utf8');
  if (value === '') throw invalid(text, `the value of ${name} is empty`);
  if (!Buffer.from(value, 'utf8').equals(piece.value)) throw invalid(text, `the value of ${name} is not UTF-8`);
  if (tag === TAG.printableString && !PRINTABLE.test(value)) {
    throw invalid(text, `the value of ${name} may only hold letters, digits, blanks and '()+,-./:=?`);
  }
  if (type === '2.5.4.6' && value.length !== 2) throw invalid(text, 'the value of C must be a two-letter country code');

  if (tag === TAG.ia5String && /\P{ASCII}/u.test(value)) throw invalid(text, `the value of ${name} must be ASCII`);
  return { type, der: tlv(tag, piece.value), text: value };
}

/**
 * Reads a distinguished name as people write it: RFC 4514 (`CN=x,O=y`, most specific first, `\,` and `\2C` escapes,
 * `+` for multi-valued RDNs, `#hex` values, also "quoted values"), or OpenSSL's slash form (`/O=y/CN=x`, in DER order).
 * The empty text and `/` give the NULL-DN. Throws PkiError `NameInvalid`.
 */
export function parseName(text: string): Name {
  // Blanks at the end are the scanner's business: an escaped one counts.
  const trimmed = text.trimStart().replace(/[\t\r\n]+$/, '');
  const slash = trimmed.startsWith('/');
  const rdns: NameAttribute[][] = [];
  if (trimmed !== '' && trimmed !== '/') {
    const scanner = slash ? new Scanner(trimmed, 1, '/+', '') : new Scanner(trimmed, 0, ',+', '";<>');
    for (const piece of scanner.pieces()) {
      const attribute = attributeOf(piece, trimmed);
      if (piece.separator === '+') rdns.at(-1)?.push(attribute);
      else rdns.push([attribute]);
    }
  }
  try {
    return encodeDer(RDNSequence, slash ? rdns : rdns.reverse());
  } catch (error) {
    throw error instanceof RangeError ? invalid(trimmed, error.message) : error;
  }
}
