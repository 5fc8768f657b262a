import { type Codec, codec, decodeElement } from './codec.js';
import { type Element, readElement } from './element.js';
import { DerError } from './error.js';
import { contextConstructed, TAG, tagName } from './tags.js';
import { tlv } from './writer.js';

/** A SEQUENCE component that may be absent. */
export interface Optional<T> {
  readonly optional: Codec<T>;
}

export const optional = <T>(inner: Codec<T>): Optional<T> => ({ optional: inner });

type Component = Codec<unknown> | Optional<unknown>;
type Components = Readonly<Record<string, Component>>;
type RequiredKeys<C extends Components> = { [K in keyof C]: C[K] extends Optional<unknown> ? never : K }[keyof C];
type OptionalKeys<C extends Components> = { [K in keyof C]: C[K] extends Optional<unknown> ? K : never }[keyof C];
type ComponentType<C> = C extends Optional<infer T> ? T : C extends Codec<infer T> ? T : never;
type SequenceType<C extends Components> = { readonly [K in RequiredKeys<C>]: ComponentType<C[K]> } & {
  readonly [K in OptionalKeys<C>]?: ComponentType<C[K]> | undefined;
};
/** Shows a composed type as one plain object in editors and error texts. */
type Plain<T> = { readonly [K in keyof T]: T[K] };

/**
 * SEQUENCE with named components, read by position: each component takes the next element if it accepts its tag,
 * an absent optional one is skipped, and anything left over (unknown, duplicate or out of order) is refused.
 */
export function sequence<C extends Components>(name: string, components: C): Codec<Plain<SequenceType<C>>> {
  const entries = Object.entries(components).map(([field, component]) =>
    'optional' in component
      ? { field, inner: component.optional, required: false }
      : { field, inner: component, required: true },
  );
  return codec(
    name,
    TAG.sequence,
    (element) => {
      const value: Record<string, unknown> = {};
      let offset = element.contentStart;
      let next = peek(element, offset);
      for (const { field, inner, required } of entries) {
        if (next !== undefined && mayBegin(inner, next.tag)) {
          try {
            value[field] = inner.decode(next);
          } catch (error) {
            throw error instanceof DerError ? error.within(field) : error;
          }
          offset = next.end;
          next = peek(element, offset);
        } else if (required) {
          throw new DerError(
            `expected ${inner.name}, found ${next === undefined ? 'the end' : tagName(next.tag)}`,
            offset,
            field,
          );
        }
      }
      if (next !== undefined) {
        throw new DerError(`${tagName(next.tag)} is unknown, repeated or out of order here`, next.start);
      }
      return value as Plain<SequenceType<C>>;
    },
    (value) => {
      const parts: Uint8Array[] = [];
      const given = value as Readonly<Record<string, unknown>>;
      for (const { field, inner, required } of entries) {
        const part = given[field];
        if (part !== undefined) parts.push(inner.encode(part));
        else if (required) throw new RangeError(`${name}.${field} is missing`);
      }
      return tlv(TAG.sequence, ...parts);
    },
  );
}

/** Most types have one identifier octet, which needs no call to compare. */
function mayBegin(inner: Codec<unknown>, tag: number): boolean {
  return inner.tag === undefined ? inner.accepts(tag) : inner.tag === tag;
}

function peek(parent: Element, offset: number): Element | undefined {
  return offset < parent.end ? readElement(parent.source, offset, parent.end) : undefined;
}

/** SEQUENCE OF; `min` is the lower bound of its SIZE constraint. */
export function sequenceOf<T>(inner: Codec<T>, { min = 0 }: { readonly min?: number } = {}): Codec<readonly T[]> {
  return codec(
    `SEQUENCE OF ${inner.name}`,
    TAG.sequence,
    (element) => {
      const items = decodeItems(inner, element);
      if (items.length < min) throw new DerError(`expected at least ${min} ${inner.name}`, element.start);
      return items;
    },
    (items) => {
      if (items.length < min) throw new RangeError(`expected at least ${min} ${inner.name}`);
      return tlv(TAG.sequence, ...items.map((item) => inner.encode(item)));
    },
  );
}

/** What a SEQUENCE OF or a SET OF holds, each read as a value of the type. */
export function decodeItems<T>(inner: Codec<T>, list: Element): T[] {
  const items: T[] = [];
  try {
    for (let offset = list.contentStart; offset < list.end; ) {
      const item = readElement(list.source, offset, list.end);
      items.push(decodeElement(inner, item));
      offset = item.end;
    }
  } catch (error) {
    throw error instanceof DerError ? error.within(`[${items.length}]`) : error;
  }
  return items;
}

/** `[number] EXPLICIT inner`. */
export function explicit<T>(number: number, inner: Codec<T>): Codec<T> {
  const tag = contextConstructed(number);
  return codec(
    `[${number}] ${inner.name}`,
    tag,
    (element) => {
      const child = peek(element, element.contentStart);
      if (child === undefined)
        throw new DerError(`an empty [${number}] where ${inner.name} is expected`, element.start);
      if (child.end !== element.end) throw new DerError(`more than one value inside [${number}]`, child.end);
      return decodeElement(inner, child);
    },
    (value) => tlv(tag, inner.encode(value)),
  );
}

/** `[number] IMPLICIT inner`. Not for a CHOICE or ANY, whose own tag carries meaning (X.680 section 31.2.7). */
export function implicit<T>(number: number, inner: Codec<T>): Codec<T> {
  const innerTag = inner.tag;
  if (innerTag === undefined) throw new TypeError(`${inner.name} has no tag of its own: tag it explicitly`);
  const tag = 0x80 | (innerTag & 0x20) | number;
  return codec(
    `[${number}] ${inner.name}`,
    tag,
    (element) => inner.decode(element.retagged(innerTag)),
    (value) => {
      // A copy, and not by slice(), which is a view on a Buffer: the caller's octets stay as they are.
      const encoded = Uint8Array.from(inner.encode(value));
      encoded[0] = tag;
      return encoded;
    },
  );
}

type Alternatives = Readonly<Record<string, Codec<unknown>>>;
type ChoiceType<A extends Alternatives> = {
  [K in keyof A & string]: { readonly type: K; readonly value: A[K] extends Codec<infer T> ? T : never };
}[keyof A & string];

/** CHOICE: the value says which alternative it is. Alternatives are told apart by their identifier octets. */
export function choice<A extends Alternatives>(name: string, alternatives: A): Codec<ChoiceType<A>> {
  const entries = Object.entries(alternatives);
  const byTag = Array.from({ length: 256 }, (_, tag) => entries.find(([, inner]) => inner.accepts(tag)));
  const find = (tag: number) => byTag[tag];
  return {
    name,
    tag: undefined,
    accepts: (tag) => find(tag) !== undefined,
    decode: (element) => {
      const found = find(element.tag);
      if (found === undefined) throw new DerError(`expected ${name}, found ${tagName(element.tag)}`, element.start);
      const [type, inner] = found;
      try {
        return { type, value: inner.decode(element) } as ChoiceType<A>;
      } catch (error) {
        throw error instanceof DerError ? error.within(type) : error;
      }
    },
    encode: ({ type, value }) => {
      const inner = alternatives[type];
      if (inner === undefined) throw new RangeError(`${name} has no alternative "${type}"`);
      return inner.encode(value);
    },
  };
}
