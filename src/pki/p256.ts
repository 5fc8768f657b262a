import { createPublicKey, type KeyObject } from 'node:crypto';

/** SubjectPublicKeyInfo of every P-256 key with an uncompressed point (RFC 5480 section 2), up to the point's coordinates. */
const PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const COORDINATE_OCTETS = 32;
const Y = PREFIX.length + COORDINATE_OCTETS;
const END = Y + COORDINATE_OCTETS;

const keys = new WeakSet<KeyObject>();

/** Whether the key came out of `p256Key`. Asking the key object for its curve can take as long as a signature does. */
export const isP256 = (key: KeyObject): boolean => keys.has(key);

/** Whether a SubjectPublicKeyInfo has the usual form of a P-256 key; whether its point lies on the curve is not looked at. */
export const isP256Spki = (spki: Buffer): boolean =>
  spki.length === END && spki.compare(PREFIX, 0, PREFIX.length, 0, PREFIX.length) === 0;

/**
 * The key in a SubjectPublicKeyInfo, if it is the usual form of a P-256 key: most CSRs bring one that was never seen before,
 * and OpenSSL 3.0 takes twice as long to find out by itself what kind of key that is. Both ways make sure that the point
 * lies on the curve; throws the error of node:crypto when it does not.
 */
export function p256Key(spki: Buffer): KeyObject | undefined {
  if (!isP256Spki(spki)) return undefined;
  const x = spki.toString('base64url', PREFIX.length, Y);
  const y = spki.toString('base64url', Y, END);
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  keys.add(key);
  return key;
}
