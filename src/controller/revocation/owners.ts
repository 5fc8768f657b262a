import { CERTIFICATE, type Certificate } from '../../api/certificate.js';
import { isNotFound, isTypeMissing } from '../../kube/api-error.js';
import type { KubeClient } from '../../kube/client.js';
import type { ObjectStore } from '../../kube/store.js';
import type { OwnerView } from './decide.js';
import { type RevocationRecord, reasonAnnotation } from './record.js';

type Owner = NonNullable<RevocationRecord['owner']>;

export interface OwnersDeps {
  readonly client: KubeClient;
  /** Our copy of the Certificates. */
  readonly certificates: ObjectStore<Certificate>;
  /** Whether that copy has been complete. */
  readonly complete: () => boolean;
}

interface Departed {
  /** The API server was asked, and does not have it. */
  readonly confirmed: boolean;
  readonly last?: { readonly annotation: string | undefined };
}

/** What is known of the Certificates whose certificates we keep in mind. */
export class Owners {
  readonly #deps: OwnersDeps;
  /** By uid: the Certificates that are gone, as far as we know. */
  readonly #departed = new Map<string, Departed>();

  constructor(deps: OwnersDeps) {
    this.#deps = deps;
  }

  view(owner: Owner | undefined): OwnerView {
    if (owner === undefined) return { state: 'nobody' };
    const { uid, namespace, name } = owner;
    const { certificates, complete } = this.#deps;
    const found = certificates.get({ namespace, name });
    if (found?.metadata.uid === uid) return { state: 'present', annotation: reasonAnnotation(found) };
    const departed = this.#departed.get(uid);
    if (departed?.confirmed) return { state: 'gone', ...(departed.last && { last: departed.last }) };
    return { state: complete() ? 'missing' : 'unknown' };
  }

  /** Our copy of this Certificate went away; this is what it was. */
  departed(last: Certificate): void {
    const { uid } = last.metadata;
    if (uid !== undefined) this.#departed.set(uid, { confirmed: false, last: { annotation: reasonAnnotation(last) } });
  }

  /**
   * Asks the API server whether the Certificate is gone: our copy may be behind, or may never have held it. Without the
   * type nothing is known: whoever removed cert-manager may want it back. Throws what the client throws.
   */
  async confirm({ uid, namespace, name }: Owner, signal: AbortSignal): Promise<'gone' | 'present' | 'unknown'> {
    try {
      const found = await this.#deps.client.get<Certificate>(CERTIFICATE, { namespace, name }, { signal });
      if (found.metadata.uid === uid) return 'present';
    } catch (error) {
      if (isTypeMissing(error)) return 'unknown';
      if (!isNotFound(error)) throw error;
    }
    this.#departed.set(uid, { ...this.#departed.get(uid), confirmed: true });
    return 'gone';
  }

  /** Nothing is kept in mind for this Certificate any more. */
  forget(uid: string): void {
    this.#departed.delete(uid);
  }
}
