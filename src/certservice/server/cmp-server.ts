import type { MacProtection } from '../../enrollment/direct-config.js';

/** Shared secret and reference value of one CA. Shows neither when it is printed, logged or turned into JSON. */
export class Authentication {
  readonly #iak: string;
  readonly #rv: string;

  constructor(iak: string, rv: string) {
    this.#iak = iak;
    this.#rv = rv;
  }

  /** Initial authentication key: the shared secret. */
  get iak(): string {
    return this.#iak;
  }

  /** Reference value: becomes the senderKID. */
  get rv(): string {
    return this.#rv;
  }
}

/** TLS towards an https CMP server. */
export interface CmpServerTls {
  readonly tlsCaPem?: string;
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  readonly serverName?: string;
}

export interface CmpServerLimits {
  /** Enrolments at the same time; others wait for their turn. */
  readonly concurrency: number;
  readonly connectTimeoutMs: number;
  /** From sending one CMP message to the last octet of its answer. */
  readonly requestTimeoutMs: number;
  /** From taking a request to its certificate, waiting for a turn and polling included. */
  readonly enrollmentTimeoutMs: number;
}

/** One entry of `cmpServers.json`, checked, with every file it names already read and no default left open. */
export interface CmpServer {
  readonly caName: string;
  readonly url: string;
  /** RFC 4514 text. */
  readonly issuerDN: string;
  readonly authentication: Authentication;
  /**
   * PEM of the trust anchors. Absent, as in the files of ONAP: only answers under the shared secret are believed, and
   * the self-signed CA certificates in their caPubs vouch for the certificate in the same answer.
   */
  readonly trustPem?: string;
  readonly tls: CmpServerTls;
  readonly protection: Required<Pick<MacProtection, 'owf' | 'mac' | 'iterations'>>;
  readonly confirmation: 'Implicit' | 'Explicit';
  readonly responseProtection: 'AllowSignature' | 'Strict';
  /** Take names other than requested. */
  readonly acceptModifications: boolean;
  readonly ignoreKeyUsage: boolean;
  readonly limits: CmpServerLimits;
}

/** What `protection` is where an entry says nothing. */
export const STANDARD_PROTECTION = { owf: 'SHA256', mac: 'HMAC-SHA256', iterations: 1000 } as const;
/** What ONAP's CertService sent, for CAs that know nothing else. */
export const LEGACY_PROTECTION = { owf: 'SHA1', mac: 'HMAC-SHA1', iterations: 1000 } as const;
