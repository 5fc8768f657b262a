import type { KeyObject } from 'node:crypto';
import { decodeDer } from '../../asn1/index.js';
import {
  algorithmName,
  encodeSignatureAlgorithm,
  parseSignatureAlgorithm,
  type SignatureAlgorithm,
} from '../../pki/algorithm.js';
import { PkiError } from '../../pki/error.js';
import { algorithmObjection, defaultSignatureAlgorithm, sign, verify } from '../../pki/signature.js';
import { CmpError } from '../error.js';
import { assembleMessage, encodeBody, encodeHeader, protectedPart, type ReceivedMessage } from '../message.js';
import { AlgorithmIdentifier } from '../schema/index.js';
import { filledIn, type Protector } from './protector.js';

export interface SignatureCredential {
  /** DER, the protection certificate first, then its issuers in order, no self-signed root (RFC 9483 section 3.3). */
  readonly certificates: readonly Uint8Array[];
  /** DER of the Name in the protection certificate, octet for octet. */
  readonly subject: Uint8Array;
  /** keyIdentifier octets of the protection certificate, if it has them. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly privateKey: KeyObject;
  /** Absent: what suits the key. */
  readonly algorithm?: SignatureAlgorithm;
}

/** Protects with a signature (RFC 9810 section 5.1.3.3). Throws PkiError `KeyUnsupported`. */
export function signatureProtector(credential: SignatureCredential): Protector {
  const { certificates, subject, subjectKeyIdentifier, privateKey } = credential;
  const algorithm = credential.algorithm ?? defaultSignatureAlgorithm(privateKey);
  const der = encodeSignatureAlgorithm(algorithm);
  const identity = {
    sender: { type: 'directoryName', value: subject } as const,
    senderKID: subjectKeyIdentifier,
    protectionAlg: { der, value: decodeDer(AlgorithmIdentifier, der) },
  };
  return {
    kind: 'signature',
    title: algorithmName(algorithm),
    protect: async (header, body, extraCerts = []) => {
      const rawHeader = encodeHeader(filledIn(header, identity));
      const rawBody = encodeBody(body);
      const protection = await sign(privateKey, algorithm, protectedPart({ rawHeader, rawBody }));
      return assembleMessage({ rawHeader, rawBody, protection, extraCerts: [...certificates, ...extraCerts] });
    },
  };
}

/** The signature algorithm of a message's protection. Throws CmpError `ProtectionInvalid` if it is none that we know. */
export function protectionSignatureAlgorithm({ header }: Pick<ReceivedMessage, 'header'>): SignatureAlgorithm {
  if (header.protectionAlg === undefined) {
    throw new CmpError({ code: 'ProtectionMissing', message: 'the message names no protection algorithm' });
  }
  try {
    return parseSignatureAlgorithm(header.protectionAlg.der);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new CmpError({
      code: 'ProtectionInvalid',
      message: `the message is protected in a way that is not supported: ${error.message}`,
      cause: error,
    });
  }
}

/**
 * Verifies a message's signature with the key of its presumed signer, over the octets received.
 * Whether that signer is anybody we trust is another question. Throws CmpError `ProtectionInvalid`.
 */
export function verifySignature(message: ReceivedMessage, signerKey: KeyObject): void {
  const algorithm = protectionSignatureAlgorithm(message);
  const objection = algorithmObjection(algorithm, signerKey);
  if (objection !== undefined) {
    throw new CmpError({
      code: 'ProtectionInvalid',
      message: `the message's signature is not acceptable: ${objection}`,
    });
  }
  if (message.protection === undefined || !verify(signerKey, algorithm, protectedPart(message), message.protection)) {
    throw new CmpError({
      code: 'ProtectionInvalid',
      message:
        'the message carries a signature that does not verify: it was altered on its way, or somebody else signed it',
    });
  }
}
