import type { KeyObject } from 'node:crypto';
import { encodeDer, oidToOctets, TAG, tlv } from '../../asn1/index.js';
import { assembleMessage, encodeBody, encodeHeader, protectedPart } from '../message.js';
import { AlgorithmIdentifier } from '../schema/index.js';
import type { MacName } from './algorithms.js';
import { hmac, type PbmKeys } from './pbm-key.js';
import { filledIn, type Protector } from './protector.js';

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

/** How one scheme makes its MACs. */
interface MacScheme {
  readonly title: string;
  readonly algorithm: AlgorithmIdentifier;
  readonly mac: MacName;
  readonly key: () => Promise<KeyObject>;
}

/** Protects with a shared secret, whatever the scheme. */
export function macProtector(reference: string, { title, algorithm, mac, key }: MacScheme): Protector {
  const identity = {
    sender: referenceName(reference),
    senderKID: Buffer.from(reference, 'utf8'),
    protectionAlg: { der: encodeDer(AlgorithmIdentifier, algorithm), value: algorithm },
  };
  return {
    kind: 'mac',
    title,
    protect: async (header, body, extraCerts) => {
      const rawHeader = encodeHeader(filledIn(header, identity));
      const rawBody = encodeBody(body);
      const protection = hmac(mac, await key(), protectedPart({ rawHeader, rawBody }));
      return assembleMessage({ rawHeader, rawBody, protection, extraCerts });
    },
  };
}
