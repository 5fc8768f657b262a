import { type Element, readBounds, readElement, type TlvBounds } from './element.js';
import { DerError } from './error.js';
import { TAG, tagName } from './tags.js';

export interface DerLimits {
  /** Nesting levels; RFC-shaped messages stay below 20. */
  readonly maxDepth: number;
  /** TLVs in the whole input; a certificate has about 75. */
  readonly maxElements: number;
}

export const DEFAULT_DER_LIMITS: DerLimits = { maxDepth: 32, maxElements: 10_000 };

/**
 * Walks the whole input once and refuses everything that is not DER, before any schema or library looks at it:
 * BER lengths, trailing octets, non-minimal INTEGERs, odd BOOLEANs, constructed strings, dirty padding bits,
 * malformed OBJECT IDENTIFIERs (X.690 sections 8, 10 and 11), and more nesting or elements than the limits allow.
 * Lenient parsers behind this check then cannot see two meanings in one input.
 *
 * @returns the single top-level element
 * @throws DerError
 */
export function checkDer(input: Uint8Array, limits: DerLimits = DEFAULT_DER_LIMITS): Element {
  const root = readElement(input, 0, input.length);
  if (root.end !== input.length)
    throw new DerError(`${input.length - root.end} octets after the end of the value`, root.end);
  // Every answer passes here, with hundreds of TLVs: offsets only, no objects. `ends` are those of the open constructed
  // values, so that depth is bounded by the limit, never by the engine's call stack.
  const ends: number[] = [];
  const bounds: TlvBounds = { contentStart: 0, end: 0 };
  let elements = 0;
  let offset = 0;
  let limit = input.length;
  do {
    if (++elements > limits.maxElements) throw new DerError(`more than ${limits.maxElements} elements`, offset);
    const tag = readBounds(input, offset, limit, bounds);
    if (ends.length >= limits.maxDepth) throw new DerError(`nested deeper than ${limits.maxDepth} levels`, offset);
    const { contentStart, end } = bounds;
    if ((tag & 0xc0) === 0) checkUniversal(input, tag, offset, contentStart, end);
    if ((tag & 0x20) === 0) {
      offset = end;
    } else {
      ends.push(end);
      limit = end;
      offset = contentStart;
    }
    while (offset === limit && ends.length > 0) {
      ends.pop();
      limit = ends[ends.length - 1] ?? input.length;
    }
  } while (offset < input.length);
  return root;
}

function checkUniversal(source: Uint8Array, tag: number, start: number, contentStart: number, end: number): void {
  const length = end - contentStart;
  switch (tag) {
    case TAG.sequence:
    case TAG.set:
    case TAG.octetString:
      return;
    case TAG.boolean:
      if (length !== 1 || (source[contentStart] !== 0 && source[contentStart] !== 0xff)) {
        throw new DerError('a BOOLEAN must be the one octet 00 or FF', start);
      }
      return;
    case TAG.integer:
    case TAG.enumerated:
      checkInteger(source, start, contentStart, length);
      return;
    case TAG.bitString:
      checkBitString(source, start, contentStart, end);
      return;
    case TAG.null:
      if (length !== 0) throw new DerError('a NULL with content', start);
      return;
    case TAG.objectIdentifier:
      checkObjectIdentifier(source, start, contentStart, end);
      return;
    default:
      if ((tag & 0x20) !== 0) throw new DerError(`${tagName(tag & ~0x20)} in constructed form`, start);
      if (tag === 0) throw new DerError('an end-of-contents octet', start);
  }
}

function checkInteger(source: Uint8Array, start: number, contentStart: number, length: number): void {
  if (length === 0) throw new DerError('an INTEGER without content', start);
  if (length === 1) return;
  const first = source[contentStart];
  const positive = (source[contentStart + 1] ?? 0) < 0x80;
  if ((first === 0 && positive) || (first === 0xff && !positive)) {
    throw new DerError('an INTEGER in more octets than needed', start);
  }
}

function checkBitString(source: Uint8Array, start: number, contentStart: number, end: number): void {
  if (contentStart === end) throw new DerError('a BIT STRING without content', start);
  const unused = source[contentStart] ?? 0;
  if (unused === 0) return;
  const octets = end - contentStart - 1;
  if (unused > 7 || octets === 0) {
    throw new DerError(`a BIT STRING with ${unused} unused bits in ${octets} octets`, start);
  }
  if (((source[end - 1] ?? 0) & ((1 << unused) - 1)) !== 0)
    throw new DerError('a BIT STRING whose unused bits are not zero', start);
}

function checkObjectIdentifier(source: Uint8Array, start: number, contentStart: number, end: number): void {
  if (contentStart === end) throw new DerError('an OBJECT IDENTIFIER without content', start);
  if (((source[end - 1] ?? 0) & 0x80) !== 0) throw new DerError('an OBJECT IDENTIFIER that ends inside an arc', start);
  let atArcStart = true;
  for (let i = contentStart; i < end; i++) {
    const octet = source[i] ?? 0;
    if (atArcStart && octet === 0x80) throw new DerError('an OBJECT IDENTIFIER arc with leading zeros', start);
    atArcStart = (octet & 0x80) === 0;
  }
}
