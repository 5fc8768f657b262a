import type { PKIFailureInfoName, PKIStatusName } from '../../cmp/schema/index.js';
import type { BodyAttack, OctetAttack, PbmAttack, SignerAttack } from './attack.js';
import type { HttpFault } from './http-fault.js';
import type { NestingFault, Pbmac1Fault, RevocationFault, RootUpdateFault, SupportFault } from './service-faults.js';

/**
 * Kinds of answers: the final ip, cp, kup, rp or genp or an error in its place; `waiting` and pollRep; pkiconf or an error
 * in its place. For requests lost before they are read: ir, cr, kur, p10cr, rr and genm; pollReq; certConf.
 */
export type Stage = 'certificate' | 'poll' | 'confirmation';

/** How the CA makes its client wait. */
export interface Polling {
  readonly polls: number;
  readonly checkAfterSeconds: number;
  readonly reason?: string;
}

/** What the CA says when it says no. */
export interface Refusal {
  readonly failInfo: readonly PKIFailureInfoName[];
  readonly statusString?: string;
}

/** Ways to spoil a message that is right otherwise. Apart from the ones about protection, it is then protected as usual. */
export const MESSAGE_FAULTS = [
  'unprotected',
  'badProtection',
  'untrustedSigner',
  'wrongRecipNonce',
  'missingRecipNonce',
  'wrongTransactionID',
  'missingTransactionID',
  'shortSenderNonce',
  'missingSenderNonce',
  'repeatedSenderNonce',
  'wrongCertReqId',
  'wrongBodyType',
  'oldPvno',
  'staleMessageTime',
  'noExtraCerts',
] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

/**
 * How an issued certificate differs from what it should be: certifies a key of the CA's choice; is signed by a CA below a
 * root that nobody trusts (of the same name); carries a signature that does not verify; ended a day ago; begins in a day;
 * names somebody else; is a CA certificate.
 */
export const CERTIFICATE_FAULTS = [
  'wrongKey',
  'untrustedIssuer',
  'badSignature',
  'expired',
  'notYetValid',
  'wrongSubject',
  'certificateAuthority',
] as const;
export type CertificateFault = (typeof CERTIFICATE_FAULTS)[number];

/** PKIStatusInfo that contradicts what comes with it (RFC 9810 section 5.3.4 allows none of these). */
export const STATUS_CONTRADICTIONS = [
  'acceptedWithoutCertificate',
  'acceptedWithFailInfo',
  'rejectionWithCertificate',
  'waitingWithCertificate',
  'revocationWarning',
  'keyUpdateWarning',
  'noResponse',
  'twoResponses',
] as const;
export type StatusContradiction = (typeof STATUS_CONTRADICTIONS)[number];

/**
 * Everything in which the CA can be told to differ from its best manners. All fields are optional and independent;
 * `{}` is a well-behaved CA. Behaviours are merged field by field: the CA's own, the ones named in the URL path, the selector's.
 */
export interface Behaviour {
  /** Answer `waiting` first, then `polls` times pollRep, then what the rest of the behaviour says. */
  readonly polling?: Polling;
  /** The same before pkiconf. */
  readonly confirmationPolling?: Polling;
  /** Answer ip, cp, kup or rp with status rejection, genm with an error. */
  readonly rejection?: Refusal;
  /** Answer with an error message instead of ip/cp. Protected like any answer, unless faults say `unprotected`. */
  readonly error?: Refusal;
  /** Issue with grantedWithMods: this dNSName is added to the subjectAltName. */
  readonly addDnsName?: string;
  readonly certificate?: CertificateFault;
  readonly contradiction?: StatusContradiction;
  /** What the CA does that means harm. Applies to answers of all stages, as far as it is about answers of their kind. */
  readonly attack?: {
    readonly pbm?: PbmAttack;
    readonly signer?: SignerAttack;
    readonly body?: BodyAttack;
    readonly octets?: OctetAttack;
  };
  /** Spoils answers of the `stages` (default: `certificate`). */
  readonly faults?: { readonly list: readonly MessageFault[]; readonly stages?: readonly Stage[] };
  /** Default `whenAsked` (if the CA allows it at all). `always` grants unasked too. */
  readonly implicitConfirm?: 'whenAsked' | 'never' | 'always';
  /** Answer certConf with this error message; the ledger keeps the certificate as `issued`. */
  readonly errorInsteadOfPkiConf?: Refusal;
  /** Whether later messages must repeat the nonce of our last answer. Default `check`. */
  readonly recipNonce?: 'check' | 'ignore';
  /** What a certConf meets when there is nothing left to confirm. Default `certConfirmed`. */
  readonly confirmedAgain?: 'certConfirmed' | 'pkiconf';
  /** Kind of protection of the answers. Default `same` as the request. */
  readonly responseProtection?: 'same' | 'mac' | 'signature';
  /** Which roots go into caPubs of ip and cp. Default `none`. */
  readonly caPubs?: 'none' | 'root' | 'allRoots';
  /** certReqId in answers to p10cr; RFC 9483 says -1, several products send 0. Default -1. */
  readonly p10crCertReqId?: -1 | 0;
  /**
   * Whether raVerified is good enough as proof of possession. `withOriginal`: only if the message of the end entity comes
   * along (origPKIMessage) and proves it. Default `accept`.
   */
  readonly raVerified?: 'accept' | 'refuse' | 'withOriginal';
  /** `nullDn` sends the NULL-DN as sender of MAC-protected answers, as OpenSSL does. Default: the name of the CA. */
  readonly macSender?: 'caName' | 'nullDn';
  /** Protect answers to requests that cannot be authenticated. Default `unprotected`, as most products do. */
  readonly authenticationErrors?: 'protected' | 'unprotected';
  /** Whose senderNonce the final answer after polling repeats: the last pollReq's (default) or the first request's. */
  readonly nonceAfterPolling?: 'poll' | 'original';
  /** Contradicts the rr that is answered. */
  readonly revocation?: RevocationFault;
  /** Status in rp. Default `accepted`. */
  readonly revocationStatus?: PKIStatusName;
  /** Contradicts the genm that is answered. */
  readonly support?: SupportFault;
  /** `none`: the root has no successor. Default: it has one. */
  readonly rootUpdate?: 'none' | RootUpdateFault;
  /** Protect answers with a PBMAC1 that no client should verify. */
  readonly pbmac1?: Pbmac1Fault;
  /** How nested messages are answered: `plain` without an envelope. Default: nested, and well. */
  readonly nesting?: 'plain' | NestingFault;
  /** Time to wait before every answer, in milliseconds. */
  readonly delayMilliseconds?: number;
  /** Spoils the HTTP answer. */
  readonly http?: {
    readonly fault: HttpFault;
    /** Default: all stages. */
    readonly stages?: readonly Stage[];
    /** Only this many answers are spoilt, then all is well. Counted per behaviour object. Default: every answer. */
    readonly times?: number;
    /** `true`: the request is lost before the CA reads it. `false` (default): the CA does its work, the answer is spoilt. */
    readonly before?: boolean;
  };
}

/** What a selector may look at. */
export interface RequestFacts {
  /** Body type: `ir`, `cr`, `p10cr`, ... */
  readonly body: string;
  /** commonName of the requested subject; empty if there is none. */
  readonly commonName: string;
  /** senderKID as UTF-8 text; empty if absent. With a MAC this is the reference value. */
  readonly senderKID: string;
  /** Path of the URL, without query. */
  readonly path: string;
}

/** Chooses what is different for this request. The choice holds for the whole transaction. */
export type BehaviourSelector = (request: RequestFacts) => Behaviour | undefined;

/** Named behaviours, for use in URL paths. */
export class BehaviourRegistry {
  readonly #named = new Map<string, Behaviour>();
  /** Applies to every request, below what the path and the selector say. */
  default: Behaviour = {};
  selector: BehaviourSelector | undefined;

  constructor(named: Readonly<Record<string, Behaviour>> = {}) {
    for (const [name, behaviour] of Object.entries(named)) this.set(name, behaviour);
  }

  /** Makes `behaviour` reachable as `/pkix/NAME`, `/cmp/NAME` and `/.well-known/cmp/p/NAME`. */
  set(name: string, behaviour: Behaviour): void {
    if (!/^[A-Za-z0-9._-]+$/.test(name)) {
      throw new RangeError(`behaviour name "${name}" must be made of letters, digits, dot, dash and underscore`);
    }
    this.#named.set(name, behaviour);
  }

  get(name: string): Behaviour | undefined {
    return this.#named.get(name);
  }

  names(): string[] {
    return [...this.#named.keys()].sort();
  }

  /** Behaviours that a URL path asks for (`/cmp/poll+two-roots`), or undefined if the CA does not serve that path. */
  forPath(path: string): Behaviour | undefined {
    const profile = PATH.exec(path);
    if (profile === null) return undefined;
    let merged: Behaviour = this.default;
    for (const name of (profile[1] ?? '').split('+').filter((part) => part !== '')) {
      const behaviour = this.#named.get(name);
      if (behaviour === undefined) return undefined;
      merged = { ...merged, ...behaviour };
    }
    return merged;
  }
}

/** `/`, the vendor paths `/pkix/` and `/cmp/`, and the ones of RFC 9811 section 3.4; the label, if any, names behaviours. */
const PATH = /^\/(?:(?:(?:pkix|cmp|\.well-known\/cmp\/p)(?:\/([A-Za-z0-9._+-]+))?|\.well-known\/cmp)\/?)?$/;
