import type { CertificateFault } from '../ca/index.js';

/** What `/actuator/health` says. `DOWN`: 503; `missing`: 404, as if there were no actuator. */
export type Health = 'UP' | 'DOWN' | 'missing';

/** Ways to spoil the two lists of a successful answer. */
export const LIST_FAULTS = [
  'emptyLists',
  'emptyChain',
  'emptyTrusted',
  'missingLists',
  'nullLists',
  'chainNotPem',
  'trustedNotPem',
  'chainNotText',
  'endEntityTrusted',
  'rootInChain',
  'chainReversed',
  'chainWithoutIssuer',
  'rootNotTrusted',
  'twoBlocksInOneEntry',
] as const;
export type ListFault = (typeof LIST_FAULTS)[number];

/** A way in which the answer goes wrong as a whole. Whatever the request was, it is not looked at. */
export type AnswerFault =
  /** Another status, with Spring's default JSON body, an `errorMessage`, an HTML page as of a proxy, or nothing. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: 'spring' | 'html' | 'none' | { readonly errorMessage: string };
      readonly retryAfterSeconds?: number;
    }
  /** 200 with this text under this media type. */
  | { readonly type: 'text'; readonly contentType: string; readonly text: string }
  | { readonly type: 'redirect'; readonly status: 301 | 302 | 307 | 308; readonly location: string }
  /** 200 and this many octets of JSON white space, with their length declared or in chunks. */
  | { readonly type: 'oversized'; readonly octets: number; readonly declared?: boolean }
  /** Declares the whole length, sends half, closes. */
  | { readonly type: 'truncated' }
  /** Reads the request and never answers. */
  | { readonly type: 'silence' }
  /** Closes the connection instead of answering. */
  | { readonly type: 'reset' };

/**
 * Everything in which the stand-in can be told to differ from a CertService before a well-behaved CA. All fields are
 * optional and independent; `{}` is without fault.
 */
export interface CertServiceBehaviour {
  /** Milliseconds to wait before the answer. */
  readonly delayMilliseconds?: number;
  readonly answer?: AnswerFault;
  /** The CA says no: 500 `CMPv2 server returned following error: TEXT`. */
  readonly cmpError?: string;
  /** The same, but for key update requests (kur) alone. */
  readonly updateRefused?: string;
  /** The CMP client fails: 500 `Exception occurred during call to cmp client: TEXT`. */
  readonly cmpClientError?: string;
  readonly lists?: ListFault;
  /** How the issued certificate differs from what it should be. */
  readonly leaf?: CertificateFault;
  /**
   * What the CA sends beside its root, all of which ends up among the trusted certificates: its second root (default),
   * nothing, or another root's issuing CA, which is an intermediate.
   */
  readonly unrelated?: 'secondRoot' | 'none' | 'intermediate';
}

/** What a selector may look at. */
interface CertServiceRequestFacts {
  readonly endpoint: 'certificate' | 'certificate-update';
  readonly caName: string;
  /** commonName of the CSR; empty if there is none. */
  readonly commonName: string;
  /** How many requests came before, refused ones not counted. */
  readonly before: number;
}

/** Chooses what is different for this request; laid over what its caName stands for. */
export type CertServiceSelector = (request: CertServiceRequestFacts) => CertServiceBehaviour | undefined;
