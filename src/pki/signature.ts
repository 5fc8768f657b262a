import {
  constants,
  sign as cryptoSign,
  verify as cryptoVerify,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import { unreachable } from '../runtime/unreachable.js';
import { algorithmName, type SignatureAlgorithm } from './algorithm.js';
import { PkiError } from './error.js';
import { HASH_LENGTH, type HashName, isWeakHash } from './hash.js';
import { describeKey, type KeyFamily, keyFamily, keyObjection, namedCurve, pssLimits } from './spki.js';

const KEY_FAMILIES: Readonly<Record<SignatureAlgorithm['scheme'], readonly KeyFamily[]>> = {
  'rsa-pkcs1': ['rsa'],
  'rsa-pss': ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
  ed448: ['ed448'],
};

function fits(algorithm: SignatureAlgorithm, key: KeyObject): boolean {
  if (!KEY_FAMILIES[algorithm.scheme].includes(keyFamily(key))) return false;
  if (algorithm.scheme !== 'rsa-pss') return true;
  const { hash, saltLength } = pssLimits(key);
  return (hash === undefined || hash === algorithm.hash) && saltLength <= algorithm.saltLength;
}

/** Why this algorithm must not be used with this key: weak hash, other key type, weak or unknown key. Undefined if all is well. */
export function algorithmObjection(algorithm: SignatureAlgorithm, key: KeyObject): string | undefined {
  if ('hash' in algorithm && isWeakHash(algorithm.hash)) return `${algorithmName(algorithm)} is too weak`;
  if (!fits(algorithm, key)) {
    return `${algorithmName(algorithm)} does not fit a ${describeKey(key)} key`;
  }
  return keyObjection(key);
}

/** RFC 5480 section 4: a hash as strong as the curve. SHA-256 where none is named. */
const CURVE_HASHES: Readonly<Record<string, HashName>> = {
  secp384r1: 'sha384',
  secp521r1: 'sha512',
  brainpoolP384r1: 'sha384',
  brainpoolP512r1: 'sha512',
};

/** What we sign with when nobody says otherwise. Throws PkiError `KeyUnsupported`. */
export function defaultSignatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  const objection = keyObjection(key);
  if (objection !== undefined) throw new PkiError('KeyUnsupported', objection);
  switch (keyFamily(key)) {
    case 'rsa':
      return { scheme: 'rsa-pkcs1', hash: 'sha256' };
    case 'rsa-pss': {
      // Such a key may prescribe its hash and a minimal salt.
      const { hash = 'sha256', saltLength } = pssLimits(key);
      const chosen = hash as HashName;
      return { scheme: 'rsa-pss', hash: chosen, saltLength: Math.max(HASH_LENGTH[chosen], saltLength) };
    }
    case 'ec':
      return { scheme: 'ecdsa', hash: CURVE_HASHES[namedCurve(key) ?? ''] ?? 'sha256' };
    case 'ed25519':
      return { scheme: 'ed25519' };
    case 'ed448':
      return { scheme: 'ed448' };
    case 'other':
      throw new PkiError('KeyUnsupported', `${describeKey(key)} cannot sign`);
  }
}

/**
 * Arguments of node:crypto for the algorithm. Where its defaults do, the key stands alone: Node.js 24 takes a quarter of
 * the time of a verification to look into an object around it. ECDSA signatures are DER by default, as in X.509 and CMP.
 */
function operation(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
): { readonly hash: string | null; readonly key: KeyObject | SignKeyObjectInput } {
  switch (algorithm.scheme) {
    case 'rsa-pkcs1':
      return { hash: algorithm.hash, key: { key, padding: constants.RSA_PKCS1_PADDING } };
    case 'rsa-pss':
      return {
        hash: algorithm.hash,
        key: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength },
      };
    case 'ecdsa':
      return { hash: algorithm.hash, key };
    case 'ed25519':
    case 'ed448':
      return { hash: null, key };
    default:
      return unreachable(algorithm);
  }
}

/** These sign in microseconds; everything else takes up to milliseconds and goes to the thread pool. */
function isFast(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ed25519' || namedCurve(key) === 'prime256v1';
}

/** Signs `data` with a private key. Throws PkiError `AlgorithmWeak` when key and algorithm must not be used together. */
export async function sign(key: KeyObject, algorithm: SignatureAlgorithm, data: Uint8Array): Promise<Uint8Array> {
  const objection = algorithmObjection(algorithm, key);
  if (objection !== undefined) throw new PkiError('AlgorithmWeak', objection);
  const { hash, key: input } = operation(algorithm, key);
  if (isFast(key)) return cryptoSign(hash, data, input);
  return new Promise((resolve, reject) => {
    cryptoSign(hash, data, input, (error, signature) => (error === null ? resolve(signature) : reject(error)));
  });
}

/**
 * Whether the signature is right; false as well when `algorithmObjection` has one, whatever the octets say.
 * `evenIfWeak` leaves that check out: only for questions that no trust hangs on.
 */
export function verify(
  key: KeyObject,
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
  { evenIfWeak = false }: { readonly evenIfWeak?: boolean } = {},
): boolean {
  if (evenIfWeak ? !fits(algorithm, key) : algorithmObjection(algorithm, key) !== undefined) return false;
  const { hash, key: input } = operation(algorithm, key);
  try {
    return cryptoVerify(hash, data, input, signature);
  } catch {
    // OpenSSL reports some malformed signatures as errors instead of as wrong.
    return false;
  }
}
