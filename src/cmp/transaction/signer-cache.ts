import { LRUCache } from 'lru-cache';
import type { Certificate } from '../../pki/index.js';

const REMEMBERED_SIGNERS = 16;
const REMEMBERED_MS = 60_000;

/**
 * Signers found trustworthy lately, so that not every message of a busy issuer has the same chain validated again.
 * One cache belongs to one set of anchors and one policy.
 */
export class SignerCache {
  readonly #until = new LRUCache<string, number>({ max: REMEMBERED_SIGNERS });

  has(signer: Certificate, now: Date): boolean {
    return now.getTime() < (this.#until.get(signer.sha256) ?? 0);
  }

  add(signer: Certificate, now: Date): void {
    this.#until.set(signer.sha256, Math.min(now.getTime() + REMEMBERED_MS, signer.notAfter.getTime()));
  }
}
