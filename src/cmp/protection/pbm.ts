import { DerError, decodeDer, encodeDer } from '../../asn1/index.js';
import type { ReceivedMessage } from '../message.js';
import { OID } from '../oids.js';
import { type AlgorithmIdentifier, PBMParameter } from '../schema/index.js';
import { MAC_OID, type MacName, OWF_OID, type OwfName, owfByOid } from './algorithms.js';
import { macProtector, type PbmCredential } from './mac-protector.js';
import { MacReview } from './mac-review.js';
import type { PbmKeyParameters } from './pbm-key.js';
import type { Protector } from './protector.js';

export interface PbmParameters extends PbmKeyParameters {
  readonly mac: MacName;
}

/** What a peer may ask us to compute (RFC 4211 section 4.4 gives the lower bounds, denial of service the upper ones). */
export interface PbmPolicy {
  readonly owfs: readonly OwfName[];
  readonly macs: readonly MacName[];
  readonly minIterations: number;
  readonly maxIterations: number;
  readonly minSaltOctets: number;
  readonly maxSaltOctets: number;
}

/** HMAC-SHA1 is in, because OpenSSL and others send it whatever was asked; as a MAC it is not broken. SHA-1 as OWF is not. */
export const DEFAULT_PBM_POLICY: PbmPolicy = {
  owfs: ['sha224', 'sha256', 'sha384', 'sha512'],
  macs: ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
  minIterations: 100,
  maxIterations: 100_000,
  minSaltOctets: 8,
  maxSaltOctets: 1024,
};

export const LEGACY_PBM_POLICY: PbmPolicy = { ...DEFAULT_PBM_POLICY, owfs: ['sha1', ...DEFAULT_PBM_POLICY.owfs] };

const review = new MacReview('PasswordBasedMac');

const allowedOwf = (algorithm: AlgorithmIdentifier, { owfs }: PbmPolicy): OwfName => {
  const oid = review.plainOid(algorithm, 'one-way function');
  const owf = owfByOid(oid);
  if (owf !== undefined && owfs.includes(owf)) return owf;
  return review.refuse(
    owf === 'sha1'
      ? 'its one-way function is SHA-1; configure the CA for SHA-256, or use SHA-1 for our own messages to allow it'
      : `one-way function ${owf ?? oid} is not supported`,
  );
};

/** Reads the parameters of a PasswordBasedMac and holds them against the policy. Throws CmpError `ProtectionInvalid`. */
export function readPbmParameters(algorithm: AlgorithmIdentifier, policy: PbmPolicy): PbmParameters {
  let parameter: PBMParameter;
  try {
    parameter = decodeDer(PBMParameter, algorithm.parameters ?? new Uint8Array());
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return review.refuse(`its parameters cannot be read (${error.message})`);
  }
  review.between(parameter.salt.length, policy.minSaltOctets, policy.maxSaltOctets, 'length of the salt');
  return {
    salt: parameter.salt,
    owf: allowedOwf(parameter.owf, policy),
    iterationCount: review.between(
      parameter.iterationCount,
      policy.minIterations,
      policy.maxIterations,
      'iteration count',
    ),
    mac: review.allowedMac(parameter.mac, policy.macs),
  };
}

/** AlgorithmIdentifier of a PasswordBasedMac; hash and HMAC without parameters, as all known peers send them. */
export function pbmAlgorithm({ salt, owf, iterationCount, mac }: PbmParameters): AlgorithmIdentifier {
  return {
    algorithm: OID.passwordBasedMac,
    parameters: encodeDer(PBMParameter, {
      salt,
      owf: { algorithm: OWF_OID[owf] },
      iterationCount,
      mac: { algorithm: MAC_OID[mac] },
    }),
  };
}

/** Whether the message carries a PasswordBasedMac. */
export function isPasswordBasedMac({ header }: Pick<ReceivedMessage, 'header'>): boolean {
  return header.protectionAlg?.value.algorithm === OID.passwordBasedMac;
}

/** Protects with a shared secret. `parameters` stay the same for all messages: take a fresh salt for each transaction. */
export function pbmProtector({ keys, reference }: PbmCredential, parameters: PbmParameters): Protector {
  return macProtector(reference, {
    title: 'PasswordBasedMac',
    algorithm: pbmAlgorithm(parameters),
    mac: parameters.mac,
    key: () => keys.key(parameters),
  });
}
