import type { Element } from './element.js';
import { DerError } from './error.js';
import { checkDer, type DerLimits } from './strict.js';
import { tagName } from './tags.js';

/**
 * A type of ASN.1: reads and writes its values. Codecs are built by the combinators of this room so that a schema reads
 * like the ASN.1 of its RFC and yields the TypeScript type as well (`TypeOf`).
 */
export interface Codec<T> {
  /** What errors call the type. */
  readonly name: string;
  /** The identifier octet of every value; undefined for a CHOICE and for ANY. */
  readonly tag: number | undefined;
  /** Whether a value may begin with this identifier octet. */
  accepts(tag: number): boolean;
  /** Reads a value whose identifier octet is accepted, out of input that passed `checkDer`. Throws DerError. */
  decode(element: Element): T;
  /** Writes a value as one TLV. Throws RangeError for a value that the type cannot hold. */
  encode(value: T): Uint8Array;
}

export type TypeOf<C> = C extends Codec<infer T> ? T : never;

/** Reads `input`, which must be the strict DER of exactly one value of the type. Throws DerError. */
export function decodeDer<T>(codec: Codec<T>, input: Uint8Array, limits?: DerLimits): T {
  const root = checkDer(input, limits);
  try {
    return decodeElement(codec, root);
  } catch (error) {
    throw error instanceof DerError ? error.within(codec.name) : error;
  }
}

/** Writes `value` in DER. */
export function encodeDer<T>(codec: Codec<T>, value: T): Uint8Array {
  return codec.encode(value);
}

/** Reads one element as a value of the type. For use by combinators. */
export function decodeElement<T>(codec: Codec<T>, element: Element): T {
  if (!codec.accepts(element.tag)) {
    throw new DerError(`expected ${codec.name}, found ${tagName(element.tag)}`, element.start);
  }
  return codec.decode(element);
}

/** A codec whose values all begin with one identifier octet. */
export function codec<T>(
  name: string,
  tag: number,
  decode: (element: Element) => T,
  encode: (value: T) => Uint8Array,
): Codec<T> {
  return { name, tag, accepts: (found) => found === tag, decode, encode };
}
