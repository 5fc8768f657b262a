import type { Clock } from '../runtime/clock.js';

/** TLS towards the API server; PEM. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** False only where the kubeconfig says `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean;
}

export interface Credentials {
  readonly tls: TlsMaterial;
  /** `Authorization`, and `Impersonate-User` where the kubeconfig says so. Secret. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where to find the API server and how to prove who we are. */
export interface KubeAccess {
  /** Base URL without a trailing slash, e.g. `https://10.0.0.1:443`. */
  readonly server: string;
  /** HTTP CONNECT proxy, if the kubeconfig names one. */
  readonly proxyUrl?: string;
  /**
   * Reads the credentials anew from wherever they are kept (files rotate). `refused`: the server did not take the
   * last ones, so what a plugin remembers is of no use either.
   */
  readonly read: (refused: boolean) => Promise<Credentials>;
}

/** Bound tokens rotate: the files are read again when the last reading is older than this. */
const MAX_AGE_MS = 60_000;

/** The newest credentials, read at most once a minute, or at once after the server refused them. */
export class CredentialCache {
  readonly #read: KubeAccess['read'];
  readonly #clock: Clock;
  #current: { readonly value: Promise<Credentials>; readonly readAt: number } | undefined;

  constructor(read: KubeAccess['read'], clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  get(): Promise<Credentials> {
    const now = this.#clock.monotonic();
    if (this.#current !== undefined && now - this.#current.readAt < MAX_AGE_MS) return this.#current.value;
    return this.#refresh(false, this.#current?.value);
  }

  /** Reads anew because the server refused `refused`. Many calls that fail together cause one reading. */
  async renew(refused: Credentials): Promise<Credentials> {
    const current = this.#current;
    if (current !== undefined && (await current.value) !== refused) return current.value;
    return this.#current === current ? this.#refresh(true) : this.get();
  }

  #refresh(refused: boolean, fallback?: Promise<Credentials>): Promise<Credentials> {
    // A file that is being replaced may be missing for a moment: the old credentials are worth another try.
    const value = fallback === undefined ? this.#read(refused) : this.#read(refused).catch(() => fallback);
    const current = { value, readAt: this.#clock.monotonic() };
    this.#current = current;
    value.catch(() => {
      if (this.#current === current) this.#current = undefined;
    });
    return value;
  }
}
