import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { MacName, OwfName } from './algorithms.js';

/** Iterations that run in one go, about two milliseconds; above that the event loop gets its turn in between. */
const ITERATIONS_PER_TURN = 2_000;

const CACHED_KEYS = 32;

export interface PbmKeyParameters {
  readonly salt: Uint8Array;
  readonly owf: OwfName;
  /** How often the one-way function is applied in total, the first time included. */
  readonly iterationCount: number;
}

/**
 * BASEKEY of RFC 9810 section 5.1.3.1: OWF(secret || salt), then OWF over the result, iterationCount times in total.
 * For an HMAC all of it is the key.
 */
export async function derivePbmKey(secret: Uint8Array, parameters: PbmKeyParameters): Promise<Uint8Array> {
  const { salt, owf, iterationCount } = parameters;
  let key: Uint8Array = hash(owf, Buffer.concat([secret, salt]), 'buffer');
  for (let done = 1; done < iterationCount; ) {
    const stop = Math.min(iterationCount, done + ITERATIONS_PER_TURN);
    for (; done < stop; done++) key = hash(owf, key, 'buffer');
    if (done < iterationCount) await setImmediate();
  }
  return key;
}

export function hmac(mac: MacName, key: KeyObject | Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac(mac, key).update(data).digest();
}

/** A KeyObject does not show its octets in logs or dumps; the ones it was made of are wiped. */
function toKeyObject(octets: Uint8Array): KeyObject {
  const key = createSecretKey(octets);
  octets.fill(0);
  return key;
}

/** One shared secret and the keys lately derived from it, so that a transaction derives each only once. */
export class PbmKeys {
  readonly #secret: Uint8Array;
  readonly #derived = new LRUCache<string, Promise<KeyObject>>({ max: CACHED_KEYS });

  /** The secret's octets are used as they are: not trimmed, no terminator. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  key(parameters: PbmKeyParameters): Promise<KeyObject> {
    const { salt, owf, iterationCount } = parameters;
    const name = `${owf}:${iterationCount}:${Buffer.from(salt).toString('base64')}`;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const derived = derivePbmKey(this.#secret, parameters).then(toKeyObject);
    this.#derived.set(name, derived);
    return derived;
  }
}
