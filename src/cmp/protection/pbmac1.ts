import type { KeyObject } from 'node:crypto';
import { DerError, decodeDer, encodeDer } from '../../asn1/index.js';
import type { ReceivedMessage } from '../message.js';
import { OID } from '../oids.js';
import { type AlgorithmIdentifier, PBKDF2Params, PBMAC1Params } from '../schema/index.js';
import { MAC_OCTETS, type MacName, PKCS5_MAC_OID } from './algorithms.js';
import { macProtector, type PbmCredential } from './mac-protector.js';
import { MacReview } from './mac-review.js';
import type { Pbkdf2Parameters } from './pbm-key.js';
import type { Protector } from './protector.js';

export interface Pbmac1Parameters extends Pbkdf2Parameters {
  readonly mac: MacName;
}

/** What a peer may ask us to compute. */
export interface Pbmac1Policy {
  /** HMACs, for the key and for the MAC alike. */
  readonly macs: readonly MacName[];
  readonly minIterations: number;
  /** Most HMACs in total: iterations times blocks of the key, which is what PBKDF2 costs. */
  readonly maxCost: number;
  /** Octets of the derived key. */
  readonly minKeyLength: number;
  readonly maxKeyLength: number;
  readonly minSaltOctets: number;
  readonly maxSaltOctets: number;
}

/** RFC 8018 section 4.2 wants 1,000 iterations at least; a million HMACs take about a quarter of a second of one thread. */
export const DEFAULT_PBMAC1_POLICY: Pbmac1Policy = {
  macs: ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
  minIterations: 1_000,
  maxCost: 1_000_000,
  minKeyLength: 16,
  maxKeyLength: 4_096,
  minSaltOctets: 8,
  maxSaltOctets: 1_024,
};

const review = new MacReview('PBMAC1');
const HMAC_SHA1: AlgorithmIdentifier = { algorithm: PKCS5_MAC_OID.sha1 };

/** Whether the message carries a PBMAC1. */
export function isPbmac1({ header }: Pick<ReceivedMessage, 'header'>): boolean {
  return header.protectionAlg?.value.algorithm === OID.pbmac1;
}

function decodeParameters(algorithm: AlgorithmIdentifier): { pbmac1: PBMAC1Params; pbkdf2: PBKDF2Params } {
  try {
    const pbmac1 = decodeDer(PBMAC1Params, algorithm.parameters ?? new Uint8Array());
    const { algorithm: kdf, parameters = new Uint8Array() } = pbmac1.keyDerivationFunc;
    if (kdf !== OID.pbkdf2) review.refuse(`key derivation ${kdf} is not PBKDF2`);
    return { pbmac1, pbkdf2: decodeDer(PBKDF2Params, parameters) };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return review.refuse(`its parameters cannot be read (${error.message})`);
  }
}

/**
 * Reads the parameters of a PBMAC1 and holds them against the policy. A missing keyLength means that of the MAC.
 * Throws CmpError `ProtectionInvalid`.
 */
export function readPbmac1Parameters(
  algorithm: AlgorithmIdentifier,
  policy: Pbmac1Policy = DEFAULT_PBMAC1_POLICY,
): Pbmac1Parameters {
  const { pbmac1, pbkdf2 } = decodeParameters(algorithm);
  const { salt, iterationCount } = pbkdf2;
  review.between(salt.length, policy.minSaltOctets, policy.maxSaltOctets, 'length of the salt');
  const prf = review.allowedMac(pbkdf2.prf ?? HMAC_SHA1, policy.macs, 'pseudorandom function');
  const mac = review.allowedMac(pbmac1.messageAuthScheme, policy.macs);
  const keyLength = pbkdf2.keyLength ?? MAC_OCTETS[mac];
  review.between(keyLength, policy.minKeyLength, policy.maxKeyLength, 'keyLength');
  const blocks = Math.ceil(keyLength / MAC_OCTETS[prf]);
  review.between(iterationCount, policy.minIterations, Math.floor(policy.maxCost / blocks), 'iteration count');
  return { salt, iterationCount, keyLength, prf, mac };
}

/** AlgorithmIdentifier of a PBMAC1, with keyLength and prf spelled out as RFC 9579 wants them. */
export function pbmac1Algorithm({ salt, iterationCount, keyLength, prf, mac }: Pbmac1Parameters): AlgorithmIdentifier {
  const hmacOf = (name: MacName): AlgorithmIdentifier => ({
    algorithm: PKCS5_MAC_OID[name],
    parameters: Uint8Array.of(0x05, 0x00),
  });
  const pbkdf2 = encodeDer(PBKDF2Params, { salt, iterationCount, keyLength, prf: hmacOf(prf) });
  return {
    algorithm: OID.pbmac1,
    parameters: encodeDer(PBMAC1Params, {
      keyDerivationFunc: { algorithm: OID.pbkdf2, parameters: pbkdf2 },
      messageAuthScheme: hmacOf(mac),
    }),
  };
}

/** Protects with PBMAC1. `parameters` stay the same for all messages: take a fresh salt for each transaction. */
export function pbmac1Protector({ keys, reference }: PbmCredential, parameters: Pbmac1Parameters): Protector {
  return macProtector(reference, {
    title: 'PBMAC1',
    algorithm: pbmac1Algorithm(parameters),
    mac: parameters.mac,
    key: (): Promise<KeyObject> => keys.pbkdf2Key(parameters),
  });
}
