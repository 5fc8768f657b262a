import { encodeDer, explicit, integer, nullValue, optional, sequence } from '../asn1/index.js';
import { unreachable } from '../runtime/unreachable.js';
import { PkiError } from './error.js';
import { type HashName, hashTitle } from './hash.js';
import { OID } from './oid.js';
import { AlgorithmIdentifier, decodeObject } from './schema.js';

/** A signature algorithm with everything that its AlgorithmIdentifier says. */
export type SignatureAlgorithm =
  | { readonly scheme: 'rsa-pkcs1'; readonly hash: HashName }
  /** MGF1 always uses the same hash; `saltLength` in octets. */
  | { readonly scheme: 'rsa-pss'; readonly hash: HashName; readonly saltLength: number }
  | { readonly scheme: 'ecdsa'; readonly hash: HashName }
  | { readonly scheme: 'ed25519' }
  | { readonly scheme: 'ed448' };

const RSA_PKCS1: Readonly<Record<HashName, string>> = {
  md5: OID.md5WithRSAEncryption,
  sha1: OID.sha1WithRSAEncryption,
  sha224: OID.sha224WithRSAEncryption,
  sha256: OID.sha256WithRSAEncryption,
  sha384: OID.sha384WithRSAEncryption,
  sha512: OID.sha512WithRSAEncryption,
};

const ECDSA: Readonly<Record<Exclude<HashName, 'md5'>, string>> = {
  sha1: OID.ecdsaWithSHA1,
  sha224: OID.ecdsaWithSHA224,
  sha256: OID.ecdsaWithSHA256,
  sha384: OID.ecdsaWithSHA384,
  sha512: OID.ecdsaWithSHA512,
};

const HASHES: Readonly<Record<HashName, string>> = {
  md5: OID.md5,
  sha1: OID.sha1,
  sha224: OID.sha224,
  sha256: OID.sha256,
  sha384: OID.sha384,
  sha512: OID.sha512,
};

const hashEntries = (table: Readonly<Partial<Record<HashName, string>>>) =>
  Object.entries(table) as [HashName, string][];
const HASH_OF_OID = new Map(hashEntries(HASHES).map(([hash, algorithm]) => [algorithm, hash]));

/** Algorithms whose identifier has no parameters that matter: absent and NULL mean the same (RFC 4055, RFC 5758). */
const WITHOUT_PARAMETERS = new Map<string, SignatureAlgorithm>([
  ...hashEntries(RSA_PKCS1).map(([hash, oid]) => [oid, { scheme: 'rsa-pkcs1', hash }] as const),
  ...hashEntries(ECDSA).map(([hash, oid]) => [oid, { scheme: 'ecdsa', hash }] as const),
  [OID.ed25519, { scheme: 'ed25519' }],
  [OID.ed448, { scheme: 'ed448' }],
]);

/** RFC 4055 section 3.1. Every field has a default, and the defaults mean SHA-1. */
const RSASSAPSSParams = sequence('RSASSA-PSS-params', {
  hashAlgorithm: optional(explicit(0, AlgorithmIdentifier)),
  maskGenAlgorithm: optional(explicit(1, AlgorithmIdentifier)),
  saltLength: optional(explicit(2, integer)),
  trailerField: optional(explicit(3, integer)),
});

const isNull = (der: Uint8Array | undefined) => der === undefined || (der.length === 2 && der[0] === 0x05);

function hashOf(algorithm: AlgorithmIdentifier | undefined, use: string): HashName {
  if (algorithm === undefined) return 'sha1';
  const hash = HASH_OF_OID.get(algorithm.algorithm);
  if (hash === undefined || !isNull(algorithm.parameters)) {
    throw new PkiError('AlgorithmUnsupported', `${use} ${algorithm.algorithm} is not supported`);
  }
  return hash;
}

function parsePss(parameters: Uint8Array | undefined): SignatureAlgorithm {
  if (parameters === undefined) throw new PkiError('AlgorithmUnsupported', 'RSASSA-PSS without parameters');
  const params = decodeObject(RSASSAPSSParams, parameters, 'RSASSA-PSS parameters');
  const hash = hashOf(params.hashAlgorithm, 'RSASSA-PSS hash');
  const mask = params.maskGenAlgorithm;
  if (mask !== undefined && (mask.algorithm !== OID.mgf1 || mask.parameters === undefined)) {
    throw new PkiError('AlgorithmUnsupported', `RSASSA-PSS mask generation ${mask.algorithm} is not supported`);
  }
  const maskHash = hashOf(
    mask?.parameters && decodeObject(AlgorithmIdentifier, mask.parameters, 'MGF1 parameters'),
    'MGF1 hash',
  );
  if (maskHash !== hash) {
    throw new PkiError(
      'AlgorithmUnsupported',
      `RSASSA-PSS with ${hashTitle(hash)} but MGF1 with ${hashTitle(maskHash)}: both must be the same`,
    );
  }
  const saltLength = params.saltLength ?? 20;
  if (saltLength < 0 || saltLength > 512 || (params.trailerField ?? 1) !== 1) {
    throw new PkiError('AlgorithmUnsupported', 'RSASSA-PSS with an unusable salt length or trailer field');
  }
  return { scheme: 'rsa-pss', hash, saltLength };
}

/**
 * Reads the DER of an AlgorithmIdentifier. Weak algorithms are recognised, not refused: `algorithmObjection` does that.
 * Throws PkiError `AlgorithmUnsupported` or `DerInvalid`.
 */
export function parseSignatureAlgorithm(der: Uint8Array): SignatureAlgorithm {
  const { algorithm, parameters } = decodeObject(AlgorithmIdentifier, der, 'signature algorithm');
  if (algorithm === OID.rsassaPss) return parsePss(parameters);
  const known = WITHOUT_PARAMETERS.get(algorithm);
  if (known === undefined) {
    throw new PkiError('AlgorithmUnsupported', `signature algorithm ${algorithm} is not supported`);
  }
  if (!isNull(parameters)) {
    throw new PkiError('AlgorithmUnsupported', `${algorithmName(known)} with parameters, which it must not have`);
  }
  return known;
}

/** The AlgorithmIdentifier of a hash: parameters absent (RFC 5754 section 2). */
export function hashAlgorithmIdentifier(hash: HashName): Uint8Array {
  return encodeDer(AlgorithmIdentifier, { algorithm: HASHES[hash] });
}

/** DER of the AlgorithmIdentifier: NULL for RSA PKCS#1 (RFC 4055 section 5), all fields for PSS, absent for the others. */
export function encodeSignatureAlgorithm(algorithm: SignatureAlgorithm): Uint8Array {
  switch (algorithm.scheme) {
    case 'rsa-pkcs1':
      return encodeDer(AlgorithmIdentifier, {
        algorithm: RSA_PKCS1[algorithm.hash],
        parameters: encodeDer(nullValue, null),
      });
    case 'rsa-pss': {
      const hashAlgorithm = { algorithm: HASHES[algorithm.hash] };
      const parameters = encodeDer(RSASSAPSSParams, {
        hashAlgorithm,
        maskGenAlgorithm: { algorithm: OID.mgf1, parameters: encodeDer(AlgorithmIdentifier, hashAlgorithm) },
        saltLength: algorithm.saltLength,
      });
      return encodeDer(AlgorithmIdentifier, { algorithm: OID.rsassaPss, parameters });
    }
    case 'ecdsa': {
      if (algorithm.hash === 'md5') throw new PkiError('AlgorithmUnsupported', 'there is no ECDSA with MD5');
      return encodeDer(AlgorithmIdentifier, { algorithm: ECDSA[algorithm.hash] });
    }
    case 'ed25519':
      return encodeDer(AlgorithmIdentifier, { algorithm: OID.ed25519 });
    case 'ed448':
      return encodeDer(AlgorithmIdentifier, { algorithm: OID.ed448 });
    default:
      return unreachable(algorithm);
  }
}

/** Printable name, e.g. `ECDSA with SHA-256`. */
export function algorithmName(algorithm: SignatureAlgorithm): string {
  switch (algorithm.scheme) {
    case 'rsa-pkcs1':
      return `RSA with ${hashTitle(algorithm.hash)}`;
    case 'rsa-pss':
      return `RSASSA-PSS with ${hashTitle(algorithm.hash)}`;
    case 'ecdsa':
      return `ECDSA with ${hashTitle(algorithm.hash)}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    default:
      return unreachable(algorithm);
  }
}
