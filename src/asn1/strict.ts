import { type Element, readElement } from './element.js';
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
  // An explicit stack: depth is bounded by the limit, never by the engine's call stack.
  const open = [{ element: root, depth: 1 }];
  let elements = 1;
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { element, depth } = entry;
    if (depth > limits.maxDepth) throw new DerError(`nested deeper than ${limits.maxDepth} levels`, element.start);
    checkElement(element);
    if (!element.constructed) continue;
    for (const child of element.children()) {
      if (++elements > limits.maxElements) throw new DerError(`more than ${limits.maxElements} elements`, child.start);
      open.push({ element: child, depth: depth + 1 });
    }
  }
  return root;
}

function checkElement(element: Element): void {
  if ((element.tag & 0xc0) !== 0) return;
  const { content } = element;
  switch (element.tag) {
    case TAG.sequence:
    case TAG.set:
    case TAG.octetString:
      return;
    case TAG.boolean:
      if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
        throw new DerError('a BOOLEAN must be the one octet 00 or FF', element.start);
      }
      return;
    case TAG.integer:
    case TAG.enumerated:
      checkInteger(element);
      return;
    case TAG.bitString:
      checkBitString(element);
      return;
    case TAG.null:
      if (content.length !== 0) throw new DerError('a NULL with content', element.start);
      return;
    case TAG.objectIdentifier:
      checkObjectIdentifier(element);
      return;
    default:
      if (element.constructed) throw new DerError(`${tagName(element.tag & ~0x20)} in constructed form`, element.start);
      if (element.tag === 0) throw new DerError('an end-of-contents octet', element.start);
  }
}

function checkInteger({ content, start }: Element): void {
  const [first, second] = content;
  if (first === undefined) throw new DerError('an INTEGER without content', start);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError('an INTEGER in more octets than needed', start);
  }
}

function checkBitString({ content, start }: Element): void {
  const [unused] = content;
  if (unused === undefined) throw new DerError('a BIT STRING without content', start);
  if (unused > 7 || (unused > 0 && content.length === 1)) {
    throw new DerError(`a BIT STRING with ${unused} unused bits in ${content.length - 1} octets`, start);
  }
  const last = content.at(-1) ?? 0;
  if (unused > 0 && (last & ((1 << unused) - 1)) !== 0)
    throw new DerError('a BIT STRING whose unused bits are not zero', start);
}

function checkObjectIdentifier({ content, start }: Element): void {
  if (content.length === 0) throw new DerError('an OBJECT IDENTIFIER without content', start);
  if (((content.at(-1) ?? 0) & 0x80) !== 0) throw new DerError('an OBJECT IDENTIFIER that ends inside an arc', start);
  let atArcStart = true;
  for (const octet of content) {
    if (atArcStart && octet === 0x80) throw new DerError('an OBJECT IDENTIFIER arc with leading zeros', start);
    atArcStart = (octet & 0x80) === 0;
  }
}
