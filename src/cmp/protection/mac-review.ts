import { octetsEqual } from '../../asn1/index.js';
import { CmpError } from '../error.js';
import type { AlgorithmIdentifier } from '../schema/index.js';
import { type MacName, macByOid } from './algorithms.js';

const NULL = Uint8Array.of(0x05, 0x00);

/** Checks of the parameters of a MAC that somebody else chose. Everything throws CmpError `ProtectionInvalid`. */
export class MacReview {
  readonly #scheme: string;

  constructor(scheme: string) {
    this.#scheme = scheme;
  }

  refuse(what: string): never {
    throw new CmpError({
      code: 'ProtectionInvalid',
      message: `the answer's ${this.#scheme} is not acceptable: ${what}`,
    });
  }

  /** The algorithm's OID; parameters must be absent or NULL, as both are in use. */
  plainOid(algorithm: AlgorithmIdentifier, what: string): string {
    if (algorithm.parameters !== undefined && !octetsEqual(algorithm.parameters, NULL)) {
      this.refuse(`${what} ${algorithm.algorithm} has parameters`);
    }
    return algorithm.algorithm;
  }

  between(value: number, least: number, most: number, what: string): number {
    return value >= least && value <= most ? value : this.refuse(`${what} ${value} is not within ${least} to ${most}`);
  }

  /** One of the HMACs allowed. */
  allowedMac(algorithm: AlgorithmIdentifier, allowed: readonly MacName[], what = 'MAC'): MacName {
    const oid = this.plainOid(algorithm, what);
    const mac = macByOid(oid);
    return mac !== undefined && allowed.includes(mac) ? mac : this.refuse(`${what} ${mac ?? oid} is not supported`);
  }
}
