import { timingSafeEqual } from 'node:crypto';
import { DerError, decodeDer, encodeDer, octetsEqual, oidToOctets, TAG, tlv } from '../../asn1/index.js';
import { CmpError } from '../error.js';
import { assembleMessage, encodeBody, encodeHeader, protectedPart, type ReceivedMessage } from '../message.js';
import { OID } from '../oids.js';
import { AlgorithmIdentifier, PBMParameter } from '../schema/index.js';
import { MAC_OID, type MacName, macByOid, OWF_OID, type OwfName, owfByOid } from './algorithms.js';
import { hmac, type PbmKeyParameters, type PbmKeys } from './pbm-key.js';
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

const refuse = (what: string): never => {
  throw new CmpError({
    code: 'ProtectionInvalid',
    message: `the answer's PasswordBasedMac is not acceptable: ${what}`,
  });
};

const NULL = Uint8Array.of(0x05, 0x00);

/** The algorithm's OID; parameters must be absent or NULL, as both are in use. */
function plainOid(algorithm: AlgorithmIdentifier, what: string): string {
  if (algorithm.parameters !== undefined && !octetsEqual(algorithm.parameters, NULL)) {
    refuse(`${what} ${algorithm.algorithm} has parameters`);
  }
  return algorithm.algorithm;
}

const allowedOwf = (algorithm: AlgorithmIdentifier, { owfs }: PbmPolicy): OwfName => {
  const oid = plainOid(algorithm, 'one-way function');
  const owf = owfByOid(oid);
  if (owf !== undefined && owfs.includes(owf)) return owf;
  return refuse(
    owf === 'sha1'
      ? 'its one-way function is SHA-1; configure the CA for SHA-256, or use SHA-1 for our own messages to allow it'
      : `one-way function ${owf ?? oid} is not supported`,
  );
};

const allowedMac = (algorithm: AlgorithmIdentifier, { macs }: PbmPolicy): MacName => {
  const oid = plainOid(algorithm, 'MAC');
  const mac = macByOid(oid);
  return mac !== undefined && macs.includes(mac) ? mac : refuse(`MAC ${mac ?? oid} is not supported`);
};

function between(value: number, least: number, most: number, what: string): number {
  return value >= least && value <= most ? value : refuse(`${what} ${value} is not within ${least} to ${most}`);
}

/** Reads the parameters of a PasswordBasedMac and holds them against the policy. Throws CmpError `ProtectionInvalid`. */
export function readPbmParameters(algorithm: AlgorithmIdentifier, policy: PbmPolicy): PbmParameters {
  let parameter: PBMParameter;
  try {
    parameter = decodeDer(PBMParameter, algorithm.parameters ?? new Uint8Array());
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return refuse(`its parameters cannot be read (${error.message})`);
  }
  between(parameter.salt.length, policy.minSaltOctets, policy.maxSaltOctets, 'length of the salt');
  return {
    salt: parameter.salt,
    owf: allowedOwf(parameter.owf, policy),
    iterationCount: between(parameter.iterationCount, policy.minIterations, policy.maxIterations, 'iteration count'),
    mac: allowedMac(parameter.mac, policy),
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

/**
 * Verifies the PasswordBasedMac over the octets received; full length, in constant time.
 * Throws CmpError `ProtectionInvalid`; a wrong shared secret cannot be told from a forged message.
 */
export async function verifyPbm(message: ReceivedMessage, keys: PbmKeys, policy: PbmPolicy): Promise<void> {
  const { header, protection } = message;
  if (protection === undefined || header.protectionAlg === undefined || !isPasswordBasedMac(message)) {
    return refuse('there is none');
  }
  const parameters = readPbmParameters(header.protectionAlg.value, policy);
  const expected = hmac(parameters.mac, await keys.key(parameters), protectedPart(message));
  if (expected.length !== protection.length) {
    return refuse(`it has ${protection.length} octets instead of ${expected.length}`);
  }
  if (!timingSafeEqual(expected, protection)) {
    throw new CmpError({
      code: 'ProtectionInvalid',
      message:
        "the answer's MAC does not verify: either the CA holds another shared secret for this reference value, or the answer was altered on its way; compare secret and reference value with those at the CA",
    });
  }
}

export interface PbmCredential {
  readonly keys: PbmKeys;
  /** Reference value: senderKID, and the sender's common name (RFC 9483 section 3.1). */
  readonly reference: string;
}

/** GeneralName of a sender that has no certificate: directoryName with the reference value as its common name. */
export function referenceName(reference: string): { readonly type: 'directoryName'; readonly value: Uint8Array } {
  const commonName = tlv(
    TAG.sequence,
    tlv(TAG.objectIdentifier, oidToOctets('2.5.4.3')),
    tlv(TAG.utf8String, Buffer.from(reference, 'utf8')),
  );
  return { type: 'directoryName', value: tlv(TAG.sequence, tlv(TAG.set, commonName)) };
}

/** Protects with a shared secret. `parameters` stay the same for all messages: take a fresh salt for each transaction. */
export function pbmProtector({ keys, reference }: PbmCredential, parameters: PbmParameters): Protector {
  const value = pbmAlgorithm(parameters);
  const protectionAlg = { der: encodeDer(AlgorithmIdentifier, value), value };
  const identity = { sender: referenceName(reference), senderKID: Buffer.from(reference, 'utf8') };
  return {
    kind: 'mac',
    title: 'PasswordBasedMac',
    protect: async (header, body, extraCerts) => {
      const rawHeader = encodeHeader({ ...identity, ...header, protectionAlg });
      const rawBody = encodeBody(body);
      const protection = hmac(parameters.mac, await keys.key(parameters), protectedPart({ rawHeader, rawBody }));
      return assembleMessage({ rawHeader, rawBody, protection, extraCerts });
    },
  };
}
