import { type Codec, codec } from './codec.js';
import { DerError } from './error.js';
import { TAG } from './tags.js';

/** A value together with the very octets it was read from, for whoever must verify or pass on what was received. */
export interface WithRaw<T> {
  readonly der: Uint8Array;
  readonly value: T;
}

/** ANY: one TLV of whatever type, kept as its octets. */
export const any: Codec<Uint8Array> = {
  name: 'ANY',
  tag: undefined,
  accepts: () => true,
  decode: (element) => element.der,
  encode: (value) => value,
};

/**
 * A type that is kept as the octets of its TLV and given a meaning elsewhere (a Certificate, a Name): nothing is parsed
 * before somebody asks, and nothing is ever re-encoded.
 */
export function opaque(name: string, tag: number = TAG.sequence): Codec<Uint8Array> {
  return codec(
    name,
    tag,
    (element) => element.der,
    (value) => {
      if (value[0] !== tag) throw new RangeError(`these octets are no ${name}`);
      return value;
    },
  );
}

/** The value and its octets. Writing takes the octets and never encodes anew. */
export function withRaw<T>(inner: Codec<T>): Codec<WithRaw<T>> {
  return {
    name: inner.name,
    tag: inner.tag,
    accepts: (tag) => inner.accepts(tag),
    decode: (element) => ({ der: element.der, value: inner.decode(element) }),
    encode: ({ der }) => der,
  };
}

/** A codec for another view of the same values. `read` throws RangeError for a value it does not know. */
export function mapped<Wire, T>(
  name: string,
  inner: Codec<Wire>,
  read: (wire: Wire) => T,
  write: (value: T) => Wire,
): Codec<T> {
  return {
    name,
    tag: inner.tag,
    accepts: (tag) => inner.accepts(tag),
    decode: (element) => {
      const wire = inner.decode(element);
      try {
        return read(wire);
      } catch (error) {
        throw error instanceof RangeError ? new DerError(error.message, element.start) : error;
      }
    },
    encode: (value) => inner.encode(write(value)),
  };
}
