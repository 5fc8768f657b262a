import { createHash, X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CmpError } from '../../cmp/error.js';
import type { ReceivedMessage } from '../../cmp/message.js';
import {
  isMac,
  isPbmac1,
  LEGACY_PBM_POLICY,
  type PbmCredential,
  PbmKeys,
  type Protector,
  pbmac1Protector,
  pbmProtector,
  protectionSignatureAlgorithm,
  readPbmac1Parameters,
  readPbmParameters,
  verifyMac,
  verifySignature,
} from '../../cmp/protection/index.js';
import { algorithmName } from '../../pki/index.js';
import { MessageRefused } from './refusal.js';

/** Who sent a request, proven by its protection. */
export type Requester = {
  /** The same for all messages of the same sender. */
  readonly identity: string;
  /** Printable name of the protection. */
  readonly protection: string;
} & (
  | {
      readonly kind: 'mac';
      readonly credential: PbmCredential;
      /** Protects answers the way the request was, but for the salt. */
      readonly protector: (salt: Uint8Array) => Protector;
    }
  /** DER of the certificate whose key signed. */
  | { readonly kind: 'signature'; readonly certificate: Uint8Array }
);

/** More certificates than this in a row cannot be a sensible chain. */
const LONGEST_CHAIN = 8;

/** Tells from a message's protection who sent it. */
export class Authenticator {
  readonly #secrets: ReadonlyMap<string, PbmCredential>;
  readonly #roots: readonly X509Certificate[];
  /** Signers whose chain was found good; their validity is looked at each time. */
  readonly #signers = new LRUCache<string, X509Certificate>({ max: 256 });

  constructor(secrets: Readonly<Record<string, string>>, roots: readonly Uint8Array[]) {
    this.#secrets = new Map(
      Object.entries(secrets).map(([reference, secret]) => [
        reference,
        { reference, keys: new PbmKeys(Buffer.from(secret, 'utf8')) },
      ]),
    );
    this.#roots = roots.map((der) => new X509Certificate(der));
  }

  /** The secret for a reference value. */
  credential(reference: string): PbmCredential | undefined {
    return this.#secrets.get(reference);
  }

  /** Throws MessageRefused. */
  async authenticate(message: ReceivedMessage, now: Date): Promise<Requester> {
    if (message.header.protectionAlg === undefined || message.protection === undefined) {
      throw new MessageRefused('badMessageCheck', 'the request is not protected');
    }
    try {
      return isMac(message) ? await this.#byMac(message) : this.#bySignature(message, now);
    } catch (error) {
      if (error instanceof CmpError) throw new MessageRefused('badMessageCheck', error.message);
      throw error;
    }
  }

  async #byMac(message: ReceivedMessage): Promise<Requester> {
    const reference = Buffer.from(message.header.senderKID ?? []).toString('utf8');
    const credential = this.#secrets.get(reference);
    if (credential === undefined || message.header.protectionAlg === undefined) {
      throw new MessageRefused('badMessageCheck', 'no secret is known for the senderKID of the request');
    }
    await verifyMac(message, credential.keys, { pbm: LEGACY_PBM_POLICY });
    const algorithm = message.header.protectionAlg.value;
    const who = { kind: 'mac', identity: `mac:${reference}`, credential } as const;
    if (isPbmac1(message)) {
      const parameters = readPbmac1Parameters(algorithm);
      return {
        ...who,
        protection: 'PBMAC1',
        protector: (salt) => pbmac1Protector(credential, { ...parameters, salt }),
      };
    }
    const parameters = readPbmParameters(algorithm, LEGACY_PBM_POLICY);
    return {
      ...who,
      protection: 'PasswordBasedMac',
      protector: (salt) => pbmProtector(credential, { ...parameters, salt }),
    };
  }

  #bySignature(message: ReceivedMessage, now: Date): Requester {
    const [der, ...issuers] = message.extraCerts;
    if (der === undefined) {
      throw new MessageRefused(
        'signerNotTrusted',
        'the request is signed, but extraCerts does not hold its certificate',
      );
    }
    const fingerprint = createHash('sha256').update(der).digest('hex');
    const signer = this.#signers.get(fingerprint) ?? this.#trustedSigner(der, issuers);
    this.#signers.set(fingerprint, signer);
    if (now < new Date(signer.validFrom) || now > new Date(signer.validTo)) {
      throw new MessageRefused('signerNotTrusted', 'the certificate that signed the request is not valid now');
    }
    verifySignature(message, signer.publicKey);
    const protection = algorithmName(protectionSignatureAlgorithm(message));
    return { kind: 'signature', identity: `certificate:${fingerprint}`, protection, certificate: der };
  }

  /** The first certificate, if a chain leads from it to a root. Throws MessageRefused. */
  #trustedSigner(der: Uint8Array, issuers: readonly Uint8Array[]): X509Certificate {
    const signer = read(der);
    const candidates = issuers.slice(0, LONGEST_CHAIN).map(read);
    let current = signer;
    for (let depth = 0; depth < LONGEST_CHAIN; depth++) {
      if (this.#roots.some((root) => issued(current, root))) return signer;
      const issuer = candidates.find((candidate) => candidate.ca && issued(current, candidate));
      if (issuer === undefined) break;
      current = issuer;
    }
    throw new MessageRefused('signerNotTrusted', 'the certificate that signed the request leads to no trusted root');
  }
}

const issued = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

function read(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new MessageRefused('signerNotTrusted', 'a certificate in extraCerts cannot be read');
  }
}
