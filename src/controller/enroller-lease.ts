import type { BackendKind } from '../enrollment/backend-config.js';
import type { Enroller } from '../enrollment/enroller.js';
import type { Logger } from '../runtime/logger.js';
import type { VerifiedIssuer } from './issuer-verifier.js';

/**
 * An Enroller of one issuer revision, shared by the requests that use it. Once retired it takes nobody in any more, and
 * closes when the last one is through: credentials of one revision never serve another, and nobody is cut off.
 */
export class EnrollerLease {
  readonly revision: string;
  readonly backend: BackendKind;
  readonly #enroller: Enroller;
  readonly #logger: Logger;
  #users = 0;
  #retired = false;

  constructor({ revision, backend, enroller }: VerifiedIssuer, logger: Logger) {
    this.revision = revision;
    this.backend = backend;
    this.#enroller = enroller;
    this.#logger = logger;
  }

  /** Runs `work` with the Enroller. Undefined when this revision is retired. */
  use<T>(work: (enroller: Enroller) => Promise<T>): Promise<T> | undefined {
    return this.#retired ? undefined : this.#run(work);
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#closeIfUnused();
  }

  async #run<T>(work: (enroller: Enroller) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this.#enroller);
    } finally {
      this.#users--;
      this.#closeIfUnused();
    }
  }

  #closeIfUnused(): void {
    if (!this.#retired || this.#users > 0) return;
    this.#enroller.close().catch((error: unknown) => {
      this.#logger.warn({ error, revision: this.revision }, 'connections to the CA did not close cleanly');
    });
  }
}
