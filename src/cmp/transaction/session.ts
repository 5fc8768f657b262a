import type { Certificate, Name } from '../../pki/index.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import type { AnswerLimits } from '../answer-limits.js';
import type { CertificateReader } from '../certificate-reader.js';
import type { CmpProfile } from '../profile.js';
import type { Pbmac1Policy, PbmPolicy } from '../protection/index.js';
import type { CertificatePolicy, ResponseProtection, SignerPin } from '../rules/index.js';
import type { EnrollmentBody, ProofKind } from '../template.js';
import type { HttpTransport } from '../transfer/index.js';
import type { Credential, SignatureCredential } from './credential.js';
import type { SignerCache } from './signer-cache.js';

/** Sees every message of every transaction in DER, e.g. to record it. */
export type MessageObserver = (direction: 'request' | 'response', der: Uint8Array) => void;

/** All that transactions with one CA share: who we are, whom we trust, how we talk. Safe for concurrent use. */
export interface CmpSession {
  readonly transport: HttpTransport;
  /** The server's ways. Default: `PROFILES.default`. */
  readonly profile?: CmpProfile;
  readonly credential: Credential;
  /** Name for the header's recipient; the NULL-DN if unknown. */
  readonly recipient: Name;
  /** Trust anchors of the operator's, for signers and issued certificates alike; at least one unless `trustCaPubs`. */
  readonly anchors: readonly Certificate[];
  /**
   * Let the self-signed CA certificates in caPubs of an answer under our MAC vouch for the certificate in that very
   * answer, as RFC 9810 section 5.3.2 allows: who holds the shared secret is the CA. Never for signed answers. Default false.
   */
  readonly trustCaPubs?: boolean;
  readonly enrollment: EnrollmentBody;
  readonly proofOfPossession: ProofKind;
  /** Whether to ask the CA to do without certConf. */
  readonly implicitConfirm: boolean;
  /** Name sent as id-it-certProfile; absent: none. */
  readonly certProfile?: string;
  readonly responseProtection: ResponseProtection;
  readonly pbmPolicy: PbmPolicy;
  /** Default: `DEFAULT_PBMAC1_POLICY`. */
  readonly pbmac1Policy?: Pbmac1Policy;
  /** The one certificate whose signature counts, by its fingerprint. It must chain to an anchor all the same. */
  readonly expectedSigner?: SignerPin;
  /** Wrap our messages in nested ones under this signature, as an RA does (RFC 9483 section 5.2.2.1). */
  readonly envelope?: SignatureCredential;
  /** Bounds on answers. Default: `DEFAULT_ANSWER_LIMITS`; those on MACs are in the two policies. */
  readonly limits?: AnswerLimits;
  /** Accept signers whose keyUsage lacks digitalSignature. */
  readonly ignoreKeyUsage: boolean;
  /** How far messageTime may lie from our clock, in milliseconds; absent: it is not looked at. */
  readonly messageTimeWindowMs?: number;
  readonly policy: CertificatePolicy;
  /** From the first message to the certificate, in milliseconds. */
  readonly maxPollingMs: number;
  readonly signers: SignerCache;
  readonly certificates: CertificateReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onMessage?: MessageObserver;
  /** Told when the CA wants time for an exchange that is waited out, and its reason if it gives one; milliseconds. */
  readonly onWait?: (milliseconds: number, reason: string) => void;
}
