import type { Random } from './random.js';

/** A random UUID, version 4 (RFC 9562 section 5.4). */
export function randomUuid(random: Random): string {
  const octets = Buffer.from(random(16));
  octets.writeUInt8((octets.readUInt8(6) & 0x0f) | 0x40, 6);
  octets.writeUInt8((octets.readUInt8(8) & 0x3f) | 0x80, 8);
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
