import { createHash } from 'node:crypto';
import { parseSignatureAlgorithm } from './algorithm.js';
import type { Certificate } from './certificate.js';
import { PkiError } from './error.js';
import type { HashName } from './hash.js';

/** How certConf identifies a certificate (RFC 9810 section 5.3.18). */
export interface CertHash {
  readonly hash: HashName | 'shake256';
  /** Whether the signature algorithm names no hash, so that hashAlg must be sent, which needs pvno 3. */
  readonly explicit: boolean;
}

/**
 * The hash that goes with the signature algorithm of the issued certificate: its own where it has one, SHA-512 for
 * Ed25519 and SHAKE256 for Ed448 (RFC 9481 section 2.1), SHA-256 of our choice for algorithms unknown here.
 */
export function certHashAlgorithm(signatureAlgorithm: Uint8Array): CertHash {
  try {
    const algorithm = parseSignatureAlgorithm(signatureAlgorithm);
    if (algorithm.scheme === 'ed25519') return { hash: 'sha512', explicit: false };
    if (algorithm.scheme === 'ed448') return { hash: 'shake256', explicit: false };
    return { hash: algorithm.hash, explicit: false };
  } catch (error) {
    if (error instanceof PkiError && error.code === 'AlgorithmUnsupported') return { hash: 'sha256', explicit: true };
    throw error;
  }
}

/** The certHash field: hash of the whole certificate as received. */
export function certHash(certificate: Pick<Certificate, 'der' | 'signatureAlgorithm'>): Uint8Array {
  const { hash } = certHashAlgorithm(certificate.signatureAlgorithm);
  // SHAKE has no length of its own; RFC 9481 wants 512 bits.
  const options = hash === 'shake256' ? { outputLength: 64 } : undefined;
  return createHash(hash, options).update(certificate.der).digest();
}
