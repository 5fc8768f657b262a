import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../pki/index.js';
import type { Random } from '../../runtime/random.js';
import { unreachable } from '../../runtime/unreachable.js';
import {
  MAC_OCTETS,
  type MacName,
  type OwfName,
  type PbmKeys,
  type Protector,
  pbmac1Protector,
  pbmProtector,
  signatureProtector,
} from '../protection/index.js';

/** What we protect our messages with. */
export type Credential =
  | {
      readonly kind: 'mac';
      /** Default `pbm`: PasswordBasedMac, which every CA knows. */
      readonly scheme?: 'pbm' | 'pbmac1';
      readonly reference: string;
      /** Verifies the answers as well. */
      readonly keys: PbmKeys;
      /** The one-way function of PasswordBasedMac; with PBMAC1 the hash below PBKDF2's HMAC. */
      readonly owf: OwfName;
      readonly mac: MacName;
      readonly iterationCount: number;
    }
  | SignatureCredential;

export interface SignatureCredential {
  readonly kind: 'signature';
  readonly certificate: Certificate;
  /** Its issuers in order, no self-signed root. */
  readonly issuers: readonly Certificate[];
  readonly privateKey: KeyObject;
}

const SALT_OCTETS = 16;

/** Signatures have no parameters that belong to one transaction. */
const signers = new WeakMap<SignatureCredential, Protector>();

/** A protector for the messages of one transaction. */
export function protectorFor(credential: Credential, random: Random): Protector {
  switch (credential.kind) {
    case 'mac': {
      const { owf, mac, iterationCount, scheme = 'pbm' } = credential;
      if (scheme === 'pbmac1') {
        const parameters = { salt: random(SALT_OCTETS), iterationCount, keyLength: MAC_OCTETS[mac], prf: owf, mac };
        return pbmac1Protector(credential, parameters);
      }
      return pbmProtector(credential, { salt: random(SALT_OCTETS), owf, mac, iterationCount });
    }
    case 'signature': {
      const protector = signers.get(credential) ?? signingWith(credential);
      signers.set(credential, protector);
      return protector;
    }
    default:
      return unreachable(credential);
  }
}

function signingWith({ certificate, issuers, privateKey }: SignatureCredential): Protector {
  return signatureProtector({
    certificates: [certificate, ...issuers].map(({ der }) => der),
    subject: certificate.subject,
    subjectKeyIdentifier: certificate.extensions.subjectKeyIdentifier,
    privateKey,
  });
}
