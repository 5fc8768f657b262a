import { DerError } from './error.js';

/**
 * One TLV inside a larger input: a view, no copy. `tag` is the identifier octet; we only know the low-tag-number form,
 * because no type of CMP, CRMF or PKIX uses tag numbers above 30.
 */
export class Element {
  readonly source: Uint8Array;
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly start: number;
  /** Offset of the first content octet. */
  readonly contentStart: number;
  /** Offset just behind the last content octet. */
  readonly end: number;

  constructor(source: Uint8Array, tag: number, start: number, contentStart: number, end: number) {
    this.source = source;
    this.tag = tag;
    this.start = start;
    this.contentStart = contentStart;
    this.end = end;
  }

  get constructed(): boolean {
    return (this.tag & 0x20) !== 0;
  }

  get content(): Uint8Array {
    return this.source.subarray(this.contentStart, this.end);
  }

  /** The whole TLV. A view of the input, except after `retagged`, when the identifier octet differs and a copy is made. */
  get der(): Uint8Array {
    const octets = this.source.subarray(this.start, this.end);
    if (octets[0] === this.tag) return octets;
    // Not slice(): on a Buffer that would be a view, and the change below would reach the input.
    const copy = Uint8Array.from(octets);
    copy[0] = this.tag;
    return copy;
  }

  /** The same value under another identifier octet: how an IMPLICIT tag is taken off. */
  retagged(tag: number): Element {
    return new Element(this.source, tag, this.start, this.contentStart, this.end);
  }

  /** The elements inside a constructed one, in order. */
  children(): Element[] {
    const found: Element[] = [];
    for (let offset = this.contentStart; offset < this.end; ) {
      const child = readElement(this.source, offset, this.end);
      found.push(child);
      offset = child.end;
    }
    return found;
  }
}

/** Where the parts of a TLV lie. One object serves for any number of them, so that a walk leaves no garbage behind. */
export interface TlvBounds {
  /** Offset of the first content octet. */
  contentStart: number;
  /** Offset just behind the last content octet. */
  end: number;
}

/** Reads the TLV that begins at `offset` and must end at or before `limit`. Throws DerError as `readBounds` does. */
export function readElement(source: Uint8Array, offset: number, limit: number): Element {
  const bounds = { contentStart: 0, end: 0 };
  const tag = readBounds(source, offset, limit, bounds);
  return new Element(source, tag, offset, bounds.contentStart, bounds.end);
}

/**
 * Fills in the bounds of the TLV that begins at `offset` and must end at or before `limit`, and returns its identifier
 * octet. Refuses indefinite, padded and over-long lengths and the high-tag-number form (X.690 sections 8.1 and 10.1).
 */
export function readBounds(source: Uint8Array, offset: number, limit: number, bounds: TlvBounds): number {
  const tag = source[offset];
  if (tag === undefined || offset >= limit) throw new DerError('the input ends where a tag is expected', offset);
  if ((tag & 0x1f) === 0x1f) throw new DerError('tag numbers above 30 are not used by any type known here', offset);
  const first = source[offset + 1];
  if (first === undefined || offset + 1 >= limit)
    throw new DerError('the input ends where a length is expected', offset + 1);
  const long = first < 0x80 ? 0 : first & 0x7f;
  const length = first < 0x80 ? first : readLongLength(source, offset, long, limit);
  bounds.contentStart = offset + 2 + long;
  bounds.end = bounds.contentStart + length;
  if (bounds.end > limit) {
    throw new DerError(`a length of ${length} octets where only ${limit - bounds.contentStart} are left`, offset);
  }
  return tag;
}

/** The length in `octets` octets behind the first one of the TLV at `offset`. */
function readLongLength(source: Uint8Array, offset: number, octets: number, limit: number): number {
  if (octets === 0) throw new DerError('indefinite length', offset + 1);
  if (octets > 4) throw new DerError('a length of more than 4 octets', offset + 1);
  let length = 0;
  for (let i = 0; i < octets; i++) {
    const octet = source[offset + 2 + i];
    if (octet === undefined || offset + 2 + i >= limit)
      throw new DerError('the input ends inside a length', offset + 2 + i);
    length = length * 256 + octet;
  }
  const minimal = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  if (octets !== minimal) throw new DerError('a length in more octets than needed', offset + 1);
  return length;
}
