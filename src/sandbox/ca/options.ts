import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import type { Behaviour, BehaviourRegistry, BehaviourSelector, CertificateFault } from './behaviour.js';
import type { CertificateRequest, IssuedCertificate } from './issuing.js';
import type { KeyKind } from './key-kind.js';
import type { Ledger } from './ledger.js';
import type { MessageGate } from './message-gate.js';

export interface SandboxCaOptions {
  /** Keys of roots, intermediate and signer. Default `ec-p256`. */
  readonly keys?: KeyKind;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Serve HTTPS, with a certificate from a TLS root of its own (`tlsRootPem`). Default false. */
  readonly tls?: boolean;
  /** Shared secrets by reference value, beside the one that is always there. Text is used as UTF-8 octets. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** PEM of roots whose certificates may protect requests. Default: the CA's own root and issuing CA. */
  readonly clientRoots?: readonly string[];
  readonly behaviour?: Behaviour;
  /** Added to the behaviours that come with the CA (`standardBehaviours`). */
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  readonly selector?: BehaviourSelector;
  /** Life time of a certificate when the request asks for none, and the most it may ask for. Default 90 and 825 days. */
  readonly defaultValidityDays?: number;
  readonly maximumValidityDays?: number;
  /** Most transactions remembered at once, and for how long. Default 20,000 and 600 s. */
  readonly maximumTransactions?: number;
  readonly transactionLifetimeSeconds?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

interface Credentials {
  /** Reference value: senderKID, and the common name of the sender. */
  readonly reference: string;
  readonly secret: string;
}

/** A certificate with which a caller may protect its requests. All PEM. */
export interface ClientCertificate {
  readonly certificatePem: string;
  /** Issuers in order, without the root. */
  readonly chainPem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

interface ClientCertificateOptions {
  /** Default: the CA's own kind. */
  readonly keys?: KeyKind;
  /** `untrusted`: from a CA that this CA does not know. Default `trusted`. */
  readonly issuer?: 'trusted' | 'untrusted';
}

/** A running CMP CA. */
export interface SandboxCa {
  /** Base URL, e.g. `http://127.0.0.1:34567`. CMP is at `/pkix/`, `/cmp/BEHAVIOUR` and the paths of RFC 9811. */
  readonly url: string;
  readonly port: number;
  /** The root above the issuing CA and the CMP signer. */
  readonly rootPem: string;
  /** All roots the CA vouches for: the one above and an independent second one. */
  readonly roots: readonly string[];
  /** The issuing CA's certificate. */
  readonly chainPem: string;
  /** RFC 4514 text of the issuing CA's name, for `recipient`. */
  readonly caName: string;
  /** The same for `openssl cmp -recipient`: `/O=.../CN=...`. */
  readonly caNameSlashed: string;
  /** RFC 4514 text of the name that stands as sender in signed answers. */
  readonly signerName: string;
  readonly signerPem: string;
  readonly credentials: Credentials;
  readonly ledger: Ledger;
  readonly behaviours: BehaviourRegistry;
  /** Stops messages and answers on their way. */
  readonly gate: MessageGate;
  /** PEM of the root of the HTTPS certificate; undefined without TLS. */
  readonly tlsRootPem: string | undefined;
  issueClientCertificate(commonName: string, options?: ClientCertificateOptions): Promise<ClientCertificate>;
  /** Certifies without CMP, for what stands before the CA in its own right; the ledger knows nothing of it. */
  certify(request: CertificateRequest, fault?: CertificateFault): Promise<IssuedCertificate>;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}
