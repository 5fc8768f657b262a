import type { Element } from './element.js';
import { DerError } from './error.js';

/** Dotted text of an OBJECT IDENTIFIER's content octets, which must have passed `checkDer`. */
export function oidToText(content: Uint8Array): string {
  const arcs: string[] = [];
  // Arcs have no upper bound (X.660); a number would silently merge two different large ones.
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length === 0) {
      const root = arc < 40n ? 0n : arc < 80n ? 1n : 2n;
      arcs.push(root.toString(), (arc - root * 40n).toString());
    } else {
      arcs.push(arc.toString());
    }
    arc = 0n;
  }
  return arcs.join('.');
}

/** Most messages repeat a handful of object identifiers; these spare the arithmetic for those. */
const decoded = new Map<number, { readonly octets: Uint8Array; readonly text: string }>();
const encoded = new Map<string, Uint8Array>();
const CACHE_LIMIT = 256;

/** Content octets of the OBJECT IDENTIFIER with this dotted text. Throws RangeError when the text is none. */
export function oidToOctets(text: string): Uint8Array {
  return Uint8Array.from(knownOctets(text));
}

/** The same, shared with everybody: to be copied, not changed. */
export function knownOctets(text: string): Uint8Array {
  const known = encoded.get(text);
  if (known !== undefined) return known;
  const octets = textToOctets(text);
  if (encoded.size < CACHE_LIMIT) encoded.set(text, octets);
  return octets;
}

function textToOctets(text: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9]\d*))+$/.test(text)) throw new RangeError(`"${text}" is not an object identifier`);
  const [root = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  if (root < 2n && second > 39n)
    throw new RangeError(`"${text}" is not an object identifier: its second arc is above 39`);
  const octets: number[] = [];
  for (const arc of [root * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return Uint8Array.from(octets);
}

/** Dotted text of an OBJECT IDENTIFIER in `source`, whose content octets must have passed `checkDer`. */
export function decodeOid({ source, start, contentStart, end }: Element): string {
  if (end - contentStart > 64) throw new DerError('an OBJECT IDENTIFIER of more than 64 octets', start);
  const key = hashOf(source, contentStart, end);
  const known = decoded.get(key);
  if (known !== undefined && isAt(known.octets, source, contentStart, end)) return known.text;
  const octets = Uint8Array.from(source.subarray(contentStart, end));
  const text = oidToText(octets);
  if (known === undefined && decoded.size < CACHE_LIMIT) decoded.set(key, { octets, text });
  return text;
}

/** FNV-1a. Two identifiers of one hash are told apart by their octets. */
function hashOf(source: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (source[i] ?? 0), 0x01000193);
  return hash;
}

function isAt(octets: Uint8Array, source: Uint8Array, from: number, to: number): boolean {
  if (octets.length !== to - from) return false;
  for (let i = 0; i < octets.length; i++) if (octets[i] !== source[from + i]) return false;
  return true;
}
