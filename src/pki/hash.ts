import { createHash } from 'node:crypto';

/** Hash functions this room knows; the first two only to recognise and refuse them. */
export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** Printable name, e.g. `SHA-256`. */
export function hashTitle(hash: HashName): string {
  return hash === 'md5' ? 'MD5' : `SHA-${hash.slice(3)}`;
}

export function isWeakHash(hash: HashName): boolean {
  return hash === 'md5' || hash === 'sha1';
}

/** Output length in octets. */
export const HASH_LENGTH: Readonly<Record<HashName, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

export function digest(hash: HashName, data: Uint8Array): Uint8Array {
  return createHash(hash).update(data).digest();
}
