import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { CmpError } from '../error.js';
import { protectedPart, type ReceivedMessage } from '../message.js';
import type { MacName } from './algorithms.js';
import { MacReview } from './mac-review.js';
import { isPasswordBasedMac, type PbmPolicy, readPbmParameters } from './pbm.js';
import { hmac, type PbmKeys } from './pbm-key.js';
import { DEFAULT_PBMAC1_POLICY, isPbmac1, type Pbmac1Policy, readPbmac1Parameters } from './pbmac1.js';

/** Whether a MAC protects the message that we can verify. */
export const isMac = (message: Pick<ReceivedMessage, 'header'>): boolean =>
  isPasswordBasedMac(message) || isPbmac1(message);

/** What peers may ask us to compute, scheme by scheme. */
export interface MacPolicies {
  readonly pbm: PbmPolicy;
  /** Default: `DEFAULT_PBMAC1_POLICY`. */
  readonly pbmac1?: Pbmac1Policy | undefined;
}

async function keyFor(
  { header }: ReceivedMessage,
  keys: PbmKeys,
  { pbm, pbmac1 = DEFAULT_PBMAC1_POLICY }: MacPolicies,
): Promise<{ readonly mac: MacName; readonly key: KeyObject } | undefined> {
  const algorithm = header.protectionAlg?.value;
  if (algorithm === undefined) return undefined;
  if (isPasswordBasedMac({ header })) {
    const parameters = readPbmParameters(algorithm, pbm);
    return { mac: parameters.mac, key: await keys.key(parameters) };
  }
  if (!isPbmac1({ header })) return undefined;
  const parameters = readPbmac1Parameters(algorithm, pbmac1);
  return { mac: parameters.mac, key: await keys.pbkdf2Key(parameters) };
}

/**
 * Verifies the PasswordBasedMac or PBMAC1 over the octets received; full length, in constant time.
 * Throws CmpError `ProtectionInvalid`; a wrong shared secret cannot be told from a forged message.
 */
export async function verifyMac(message: ReceivedMessage, keys: PbmKeys, policies: MacPolicies): Promise<void> {
  const review = new MacReview('MAC');
  const { protection } = message;
  const found = protection === undefined ? undefined : await keyFor(message, keys, policies);
  if (protection === undefined || found === undefined) return review.refuse('there is none');
  const expected = hmac(found.mac, found.key, protectedPart(message));
  if (expected.length !== protection.length) {
    return review.refuse(`it has ${protection.length} octets instead of ${expected.length}`);
  }
  if (!timingSafeEqual(expected, protection)) {
    throw new CmpError({
      code: 'ProtectionInvalid',
      message:
        "the answer's MAC does not verify: either the CA holds another shared secret for this reference value, or the answer was altered on its way; compare secret and reference value with those at the CA",
    });
  }
}
