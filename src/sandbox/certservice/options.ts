import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import type { Random } from '../../runtime/random.js';
import type { SandboxCa } from '../ca/index.js';
import type { CertServiceBehaviour, CertServiceSelector, Health } from './behaviour.js';
import type { Journal } from './journal.js';

export interface CertServiceStandInOptions {
  /** Issues what CertService would ask a CMP CA for. */
  readonly ca: SandboxCa;
  /** Names of CAs and how each behaves. Default: `RA`, without fault. Names are told apart by case. */
  readonly caNames?: Readonly<Record<string, CertServiceBehaviour>>;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A TLS client identity, all PEM. */
export interface TlsClient {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

/** `expired`: ended before now. `unknown`: from a CA that the stand-in does not know. Default `good`. */
export type TlsClientKind = 'good' | 'expired' | 'unknown';

/** What can be changed while it runs. */
export interface CertServiceState {
  selector: CertServiceSelector | undefined;
  health: Health;
  /** `false`: `/ready` says 503. The last configuration goes on serving. */
  ready: boolean;
  /** What `/reload` fails with; undefined: it works. A failed reload makes it unready, a good one ready. */
  reloadError: string | undefined;
}

/** A running stand-in for ONAP's CertService. */
export interface CertServiceStandIn {
  /** `https://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** PEM of the CA that vouches for the server's TLS certificate, and for the clients'. */
  readonly serverCaPem: string;
  issueTlsClient(commonName: string, kind?: TlsClientKind): Promise<TlsClient>;
  /**
   * Changes the server's TLS certificate and cuts every connection. `newCa`: the new one is from another CA, which stands
   * in `serverCaPem` from then on; client certificates of the old one stay good.
   */
  rotateTls(options?: { readonly newCa?: boolean }): Promise<void>;
  /** Adds a CA name, or changes how one behaves. */
  setBehaviour(caName: string, behaviour: CertServiceBehaviour): void;
  readonly state: CertServiceState;
  readonly journal: Journal;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}
