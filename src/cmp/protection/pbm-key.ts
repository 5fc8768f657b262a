import { createHmac, createSecretKey, hash, type KeyObject, pbkdf2 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { MacName, OwfName } from './algorithms.js';

/** Iterations that run in one go, about a millisecond; above that the event loop gets its turn in between. */
const ITERATIONS_PER_TURN = 1_000;

const CACHED_KEYS = 32;

export interface PbmKeyParameters {
  readonly salt: Uint8Array;
  readonly owf: OwfName;
  /** How often the one-way function is applied in total, the first time included. */
  readonly iterationCount: number;
}

/** PBKDF2 (RFC 8018 section 5.2). */
export interface Pbkdf2Parameters {
  readonly salt: Uint8Array;
  readonly iterationCount: number;
  /** Octets. */
  readonly keyLength: number;
  /** Hash below the HMAC that is the pseudorandom function. */
  readonly prf: MacName;
}

/** Runs in a thread of its own, so that no parameters can hold up the event loop. */
const pbkdf2InThread = promisify(pbkdf2);

let lastTurn: Promise<unknown> = Promise.resolve();

/** However many keys are being derived, only one of them advances in each round of the event loop. */
function nextTurn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}

/**
 * BASEKEY of RFC 9810 section 5.1.3.1: OWF(secret || salt), then OWF over the result, iterationCount times in total.
 * For an HMAC all of it is the key.
 */
export async function derivePbmKey(secret: Uint8Array, parameters: PbmKeyParameters): Promise<Uint8Array> {
  const { salt, owf, iterationCount } = parameters;
  let key: Uint8Array = hash(owf, Buffer.concat([secret, salt]), 'buffer');
  for (let done = 1; done < iterationCount; ) {
    if (iterationCount > ITERATIONS_PER_TURN) await nextTurn();
    const stop = Math.min(iterationCount, done + ITERATIONS_PER_TURN);
    for (; done < stop; done++) key = hash(owf, key, 'buffer');
  }
  return key;
}

export function hmac(mac: MacName, key: KeyObject | Uint8Array, data: Uint8Array): Uint8Array {
  return createHmac(mac, key).update(data).digest();
}

/** A KeyObject does not show its octets in logs or dumps; the ones it was made of are wiped. */
export function toKeyObject(octets: Uint8Array): KeyObject {
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

  /** The key of a PasswordBasedMac. */
  key(parameters: PbmKeyParameters): Promise<KeyObject> {
    const { salt, owf, iterationCount } = parameters;
    return this.#remembered(`${owf}:${iterationCount}`, salt, () => derivePbmKey(this.#secret, parameters));
  }

  /** The key of a PBMAC1. */
  pbkdf2Key({ salt, iterationCount, keyLength, prf }: Pbkdf2Parameters): Promise<KeyObject> {
    return this.#remembered(`pbkdf2:${prf}:${iterationCount}:${keyLength}`, salt, () =>
      pbkdf2InThread(this.#secret, salt, iterationCount, keyLength, prf),
    );
  }

  #remembered(parameters: string, salt: Uint8Array, derive: () => Promise<Uint8Array>): Promise<KeyObject> {
    const name = `${parameters}:${Buffer.from(salt).toString('base64')}`;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const derived = derive().then(toKeyObject);
    this.#derived.set(name, derived);
    return derived;
  }
}
