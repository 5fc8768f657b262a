import { type Codec, codec } from './codec.js';
import { DerError } from './error.js';
import { decodeOid, knownOctets } from './oid.js';
import { TAG } from './tags.js';
import { tlv } from './writer.js';

/** An INTEGER of any size, e.g. a certificate's serial number. */
export const bigInteger: Codec<bigint> = codec(
  'INTEGER',
  TAG.integer,
  ({ content }) => BigInt.asIntN(content.length * 8, BigInt(`0x${Buffer.from(content).toString('hex')}`)),
  (value) => tlv(TAG.integer, integerOctets(value)),
);

/** An INTEGER that fits a JavaScript number exactly; anything larger is refused, not rounded. */
export const integer: Codec<number> = codec(
  'INTEGER',
  TAG.integer,
  ({ source, start, contentStart, end }) => {
    let value = ((source[contentStart] ?? 0) << 24) >> 24;
    for (let i = contentStart + 1; i < end; i++) value = value * 256 + (source[i] ?? 0);
    // What a number cannot hold exactly is rounded to something above the safe integers, or to infinity.
    if (!Number.isSafeInteger(value)) throw new DerError('an INTEGER larger than its use here allows', start);
    return value;
  },
  (value) => {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an INTEGER`);
    let octets = 1;
    while (value >= 2 ** (octets * 8 - 1) || value < -(2 ** (octets * 8 - 1))) octets++;
    const content = new Uint8Array(octets);
    for (let i = octets - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) content[i] = rest & 0xff;
    return tlv(TAG.integer, content);
  },
);

function integerOctets(value: bigint): Uint8Array {
  let octets = 1;
  while (BigInt.asIntN(octets * 8, value) !== value) octets++;
  const hex = BigInt.asUintN(octets * 8, value).toString(16);
  return Buffer.from(hex.padStart(octets * 2, '0'), 'hex');
}

export const boolean: Codec<boolean> = codec(
  'BOOLEAN',
  TAG.boolean,
  ({ source, contentStart }) => source[contentStart] === 0xff,
  (value) => tlv(TAG.boolean, Uint8Array.of(value ? 0xff : 0)),
);

export const nullValue: Codec<null> = codec(
  'NULL',
  TAG.null,
  () => null,
  () => tlv(TAG.null),
);

export const octetString: Codec<Uint8Array> = codec(
  'OCTET STRING',
  TAG.octetString,
  ({ content }) => content,
  (value) => tlv(TAG.octetString, value),
);

export const oid: Codec<string> = codec('OBJECT IDENTIFIER', TAG.objectIdentifier, decodeOid, (value) =>
  tlv(TAG.objectIdentifier, knownOctets(value)),
);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8String: Codec<string> = codec(
  'UTF8String',
  TAG.utf8String,
  ({ content, start }) => {
    try {
      return utf8.decode(content);
    } catch {
      throw new DerError('a UTF8String that is not UTF-8', start);
    }
  },
  (value) => tlv(TAG.utf8String, Buffer.from(value, 'utf8')),
);

/** BIT STRING of whole octets, as signatures and MACs are. */
export const octetAlignedBitString: Codec<Uint8Array> = codec(
  'BIT STRING of whole octets',
  TAG.bitString,
  ({ source, start, contentStart, end }) => {
    if (source[contentStart] !== 0)
      throw new DerError('a BIT STRING with unused bits where whole octets are expected', start);
    return source.subarray(contentStart + 1, end);
  },
  (value) => tlv(TAG.bitString, Uint8Array.of(0), value),
);

/**
 * BIT STRING with named bits (X.680 section 22): the numbers of the bits that are set, bit 0 first.
 * Trailing zero bits are tolerated on reading, as old servers send them, and never written.
 */
export const namedBits: Codec<readonly number[]> = codec(
  'BIT STRING of named bits',
  TAG.bitString,
  ({ content, start }) => {
    if (content.length > 17) throw new DerError('more than 128 named bits', start);
    const set: number[] = [];
    for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
      if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) set.push(bit);
    }
    return set;
  },
  (bits) => {
    const highest = Math.max(-1, ...bits);
    const content = new Uint8Array(1 + Math.ceil((highest + 1) / 8));
    content[0] = highest < 0 ? 0 : 7 - (highest & 7);
    for (const bit of bits) {
      const at = 1 + (bit >> 3);
      content[at] = (content[at] ?? 0) | (0x80 >> (bit & 7));
    }
    return tlv(TAG.bitString, content);
  },
);
