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

/** Content octets of the OBJECT IDENTIFIER with this dotted text. Throws RangeError when the text is none. */
export function oidToOctets(text: string): Uint8Array {
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

/** Most messages repeat a handful of object identifiers; this spares the arithmetic for those. */
const decoded = new Map<string, string>();
const CACHE_LIMIT = 256;

export function decodeOid(content: Uint8Array, offset: number): string {
  if (content.length > 64) throw new DerError('an OBJECT IDENTIFIER of more than 64 octets', offset);
  const key = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
  const known = decoded.get(key);
  if (known !== undefined) return known;
  const text = oidToText(content);
  if (decoded.size < CACHE_LIMIT) decoded.set(key, text);
  return text;
}
