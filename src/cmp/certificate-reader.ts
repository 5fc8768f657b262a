import { LRUCache } from 'lru-cache';
import { octetsEqual } from '../asn1/index.js';
import { Certificate, PkiError } from '../pki/index.js';
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from './answer-limits.js';

const REMEMBERED_CERTIFICATES = 64;

type ReaderLimits = Pick<AnswerLimits, 'maxCertificates' | 'maxCertificateBytes'>;

/** Enough to find a certificate by, as its signature stands at the end; not enough to tell it from a forged one. */
function ending(der: Uint8Array): string {
  return Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1', Math.max(0, der.length - 24));
}

/**
 * Reads the certificate lists of answers (extraCerts, caPubs), and remembers what it read: a CA sends the same few
 * certificates with every message. Bounded in number and size; what it holds is trusted for nothing.
 */
export class CertificateReader {
  readonly #read = new LRUCache<string, Certificate>({ max: REMEMBERED_CERTIFICATES });
  readonly #limits: ReaderLimits;

  constructor(limits: ReaderLimits = DEFAULT_ANSWER_LIMITS) {
    this.#limits = limits;
  }

  /**
   * The readable certificates of a list, without repetition. One that cannot be read is left out, because it may be
   * meant for somebody else; whether the rest suffices shows in path building.
   */
  usable(list: readonly Uint8Array[]): Certificate[] {
    const found = new Set<Certificate>();
    const { maxCertificates, maxCertificateBytes } = this.#limits;
    for (const der of list.slice(0, maxCertificates)) {
      const certificate = der.length > maxCertificateBytes ? undefined : this.#certificate(der);
      if (certificate !== undefined) found.add(certificate);
    }
    return [...found];
  }

  #certificate(der: Uint8Array): Certificate | undefined {
    const key = ending(der);
    const known = this.#read.get(key);
    if (known !== undefined && octetsEqual(known.der, der)) return known;
    try {
      // A copy, so that the whole message is not kept alive by a part of it.
      const certificate = Certificate.parse(Buffer.from(der));
      this.#read.set(key, certificate);
      return certificate;
    } catch (error) {
      if (error instanceof PkiError) return undefined;
      throw error;
    }
  }
}
