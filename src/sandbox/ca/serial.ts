import type { Random } from '../../runtime/random.js';

/** 16 octets, positive, no leading zero octet: within the 20 octets of RFC 5280 section 4.1.2.2, unguessable. */
export function randomSerial(random: Random): Uint8Array {
  const serial = Uint8Array.from(random(16));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
