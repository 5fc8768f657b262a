import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { octetsEqual } from '../asn1/index.js';
import { PkiError } from './error.js';
import { isP256, p256Key } from './p256.js';
import { decodeObject, SubjectPublicKeyInfo } from './schema.js';

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** Curves that certificates are made for, by the names of node:crypto (RFC 5480, RFC 5639), and what people call them. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  brainpoolP256r1: 'BrainpoolP256r1',
  brainpoolP384r1: 'BrainpoolP384r1',
  brainpoolP512r1: 'BrainpoolP512r1',
};

const SUPPORTED = 'RSA, P-256, P-384, P-521, BrainpoolP256r1, P384r1 or P512r1, Ed25519 or Ed448';

/** Kinds of keys by what they can do here; `other` can do nothing. */
export type KeyFamily = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448' | 'other';

export function keyFamily({ asymmetricKeyType }: KeyObject): KeyFamily {
  switch (asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
    case 'ec':
    case 'ed25519':
    case 'ed448':
      return asymmetricKeyType;
    case 'dsa':
    case 'x25519':
    case 'x448':
    case undefined:
      return 'other';
    default:
      // Newer versions of Node.js know more kinds than the types say.
      return 'other';
  }
}

/** The curve of an EC key by OpenSSL's name; undefined where its parameters are explicit. */
export function namedCurve(key: KeyObject): string | undefined {
  return isP256(key) ? 'prime256v1' : key.asymmetricKeyDetails?.namedCurve;
}

/** What a person calls the key: `RSA-2048`, `P-256`, `Ed25519`. */
export function describeKey(key: KeyObject): string {
  switch (keyFamily(key)) {
    case 'rsa':
      return `RSA-${key.asymmetricKeyDetails?.modulusLength ?? '?'}`;
    case 'rsa-pss':
      return `RSA-PSS-${key.asymmetricKeyDetails?.modulusLength ?? '?'}`;
    case 'ec': {
      const curve = namedCurve(key);
      return CURVES[curve ?? ''] ?? `EC ${curve ?? 'with explicit parameters'}`;
    }
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    case 'other':
      return key.asymmetricKeyType ?? 'no asymmetric key';
  }
}

/** What an RSA-PSS key prescribes for its signatures (RFC 4055 section 3.1). `saltLength` in octets, at least. */
export interface PssLimits {
  /** By the name of node:crypto; absent: any. */
  readonly hash: string | undefined;
  readonly saltLength: number;
}

export function pssLimits({ asymmetricKeyDetails: details }: KeyObject): PssLimits {
  return { hash: details?.hashAlgorithm, saltLength: details?.saltLength ?? 0 };
}

function pssObjection({ asymmetricKeyDetails: details }: KeyObject, name: string): string | undefined {
  const { hashAlgorithm: hash, mgf1HashAlgorithm: maskHash } = details ?? {};
  if (hash === undefined) return undefined;
  if (hash !== maskHash) return `${name} prescribes ${hash} but MGF1 with ${maskHash}: both must be the same`;
  return STRONG_HASHES.includes(hash) ? undefined : `${name} prescribes ${hash}, which is not supported`;
}

const STRONG_HASHES: readonly string[] = ['sha224', 'sha256', 'sha384', 'sha512'];

/** Why this key may not be used for signatures, or undefined. */
export function keyObjection(key: KeyObject): string | undefined {
  const name = describeKey(key);
  switch (keyFamily(key)) {
    case 'rsa':
    case 'rsa-pss': {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      if (bits < MIN_RSA_BITS) return `${name} is too short: at least ${MIN_RSA_BITS} bits are needed`;
      if (bits > MAX_RSA_BITS) return `${name} is too long: at most ${MAX_RSA_BITS} bits are supported`;
      return pssObjection(key, name);
    }
    case 'ec':
      return (namedCurve(key) ?? '') in CURVES ? undefined : `${name} is not supported: use ${SUPPORTED}`;
    case 'ed25519':
    case 'ed448':
      return undefined;
    case 'other':
      return `${name} is not supported: use ${SUPPORTED}`;
  }
}

/** Throws PkiError `KeyUnsupported` unless the key is one we work with; `what` names its owner in the message. */
export function assertSupportedKey(key: KeyObject, what: string): void {
  const objection = keyObjection(key);
  if (objection !== undefined) throw new PkiError('KeyUnsupported', `${what}: ${objection}`);
}

/** The key in the DER of a SubjectPublicKeyInfo. Throws PkiError `KeyInvalid`. */
export function publicKeyFromSpki(spki: Uint8Array): KeyObject {
  try {
    const der = asBuffer(spki);
    return p256Key(der) ?? createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new PkiError('KeyInvalid', 'the public key is malformed or of an unknown algorithm', cause);
  }
}

/** DER of the SubjectPublicKeyInfo of a public key, or of the public half of a private one. */
export function spkiOf(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ type: 'spki', format: 'der' });
}

/**
 * Whether two SubjectPublicKeyInfo hold the same key. Octet equality decides at once; otherwise the algorithm's NULL and
 * absent parameters count as the same, since CAs re-encode them.
 */
export function samePublicKey(a: Uint8Array, b: Uint8Array): boolean {
  if (octetsEqual(a, b)) return true;
  const [left, right] = [a, b].map((der) => decodeObject(SubjectPublicKeyInfo, der, 'public key'));
  if (left === undefined || right === undefined) return false;
  return (
    left.algorithm.algorithm === right.algorithm.algorithm &&
    octetsEqual(left.algorithm.parameters ?? NULL_PARAMETERS, right.algorithm.parameters ?? NULL_PARAMETERS) &&
    octetsEqual(left.subjectPublicKey, right.subjectPublicKey)
  );
}

const NULL_PARAMETERS = Uint8Array.of(0x05, 0x00);

/** SHA-1 of the subjectPublicKey bits: the usual subjectKeyIdentifier (RFC 5280 section 4.2.1.2, method 1). */
export function subjectKeyIdentifierOf(spki: Uint8Array): Uint8Array {
  const { subjectPublicKey } = decodeObject(SubjectPublicKeyInfo, spki, 'public key');
  return createHash('sha1').update(subjectPublicKey).digest();
}

/** A Buffer over the same octets; some of node:crypto takes nothing else. */
export function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
