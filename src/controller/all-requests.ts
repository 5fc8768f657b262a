import type { ObjectRef } from '../api/meta.js';
import type { ObjectHandler } from '../kube/reflector-types.js';
import type { SigningRequest } from './signing-request.js';
import type { Source } from './watched.js';

/**
 * The requests of both resources as one. A CertificateRequest has a namespace, a CertificateSigningRequest has none: no
 * key can mean both.
 */
export class AllRequests implements Source<SigningRequest> {
  readonly #certificateRequests: Source<SigningRequest>;
  readonly #signingRequests: Source<SigningRequest>;

  constructor(certificateRequests: Source<SigningRequest>, signingRequests: Source<SigningRequest>) {
    this.#certificateRequests = certificateRequests;
    this.#signingRequests = signingRequests;
  }

  get size(): number {
    return this.#certificateRequests.size + this.#signingRequests.size;
  }

  get(ref: ObjectRef): SigningRequest | undefined {
    return (ref.namespace === undefined ? this.#signingRequests : this.#certificateRequests).get(ref);
  }

  *values(): IterableIterator<SigningRequest> {
    for (const source of this.#both()) yield* source.values();
  }

  byIndex(index: string, value: string): readonly SigningRequest[] {
    return this.#both().flatMap((source) => source.byIndex(index, value));
  }

  addHandler(handler: ObjectHandler<SigningRequest>): void {
    for (const source of this.#both()) source.addHandler(handler);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#both().map((source) => source.run(signal)));
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#both().map((source) => source.waitForSync(signal)));
  }

  get problem(): string | undefined {
    return this.#certificateRequests.problem ?? this.#signingRequests.problem;
  }

  #both(): readonly Source<SigningRequest>[] {
    return [this.#certificateRequests, this.#signingRequests];
  }
}
