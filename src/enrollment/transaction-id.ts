import { createHash } from 'node:crypto';

/** 128 bits, as RFC 9810 section 5.1.1 wants them. */
const ID_OCTETS = 16;

/** What is asked for: a first certificate, or its successor by kur. Both may be tried in one attempt, one after the other. */
export type ExchangeKind = 'enrollment' | 'keyUpdate';

/**
 * The transactionID of one attempt at one request. Whoever starts the same attempt anew, e.g. after a crash that left no
 * record, takes the same one, so that a CA which knows it already says transactionIdInUse instead of issuing twice.
 * `id` is a random UUID (the uid of a Kubernetes object), so that strangers cannot guess the result; freshness comes
 * from the nonces alone.
 */
export function transactionIdOf(id: string, attempt: number, kind: ExchangeKind): Uint8Array {
  const name = `cmpv2-issuer transaction ${kind} ${attempt} ${id}`;
  return createHash('sha256').update(name, 'utf8').digest().subarray(0, ID_OCTETS);
}
