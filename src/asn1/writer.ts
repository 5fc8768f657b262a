/** One TLV: identifier octet, minimal definite length, then the parts one after the other. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6;
  const out = room(header + length);
  out[0] = tag;
  if (header === 2) {
    out[1] = length;
  } else {
    out[1] = 0x80 | (header - 2);
    for (let i = header - 1, rest = length; i > 1; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  }
  let offset = header;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** The engine keeps arrays up to this size with its objects; for larger ones it asks the system for memory each time. */
const SMALL = 64;

/** Room for octets, all of which will be written: out of Node.js's pool where that is cheaper. */
function room(length: number): Uint8Array {
  return length <= SMALL ? new Uint8Array(length) : Buffer.allocUnsafe(length);
}

export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Whether two octet strings are the same. Not for secrets: its time depends on the content. */
export function octetsEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
