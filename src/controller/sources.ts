import { CERTIFICATE_REQUEST, type CertificateRequest } from '../api/certificate-request.js';
import { CERTIFICATE_SIGNING_REQUEST, type CertificateSigningRequest } from '../api/certificate-signing-request.js';
import { CLUSTER_ISSUER, ISSUER, ISSUER_GROUP, type Issuer, isIssuerKind, withDefaults } from '../api/issuer.js';
import type { KubeObject, ResourceType } from '../api/meta.js';
import { SECRET, type Secret } from '../api/secret.js';
import { TRANSACTION, type Transaction } from '../api/transaction.js';
import type { KubeClient } from '../kube/client.js';
import { Reflector } from '../kube/reflector.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { AllRequests } from './all-requests.js';
import { viewCertificateRequest } from './certificate-requests.js';
import { viewCertificateSigningRequest } from './certificate-signing-requests.js';
import type { IssuerName } from './issuer-key.js';
import type { WatchSecret } from './secret-watches.js';
import { requestIndexes, type SigningRequest } from './signing-request.js';
import { type Source, Watched } from './watched.js';

export interface SourceDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

/** What is served. */
interface Served {
  /** Only these, and nothing of cluster scope; empty: everything. */
  readonly namespaces: readonly string[];
  /** CertificateSigningRequests as well: of cluster scope, so not together with namespaces. */
  readonly kubernetesCsrs: boolean;
}

/** What the controller watches all the time. */
export class Sources {
  /** Of every resource that is served. */
  readonly requests: Source<SigningRequest>;
  /** Of both scopes. */
  readonly issuers: readonly Watched<Issuer>[];
  /** Done without where the CRD is not installed (Helm does not add one to an old release), or RBAC forbids it. */
  readonly transactions: Watched<Transaction>;
  /** Whether issuers of this kind are served at all. */
  readonly serves: (kind: string) => boolean;
  readonly #find: (name: IssuerName) => Issuer | undefined;

  constructor({ namespaces, kubernetesCsrs }: Served, deps: SourceDeps) {
    const everything = namespaces.length === 0;
    const watchIssuers = (type: ResourceType) =>
      new Watched<Issuer>(
        namespaces,
        (place) => new Reflector<Issuer>({ ...deps, ...place, type, project: withDefaults }),
      );
    const namespaced = watchIssuers(ISSUER);
    const cluster = everything ? watchIssuers(CLUSTER_ISSUER) : undefined;
    this.serves = (kind) => kind === ISSUER.kind || (everything && isIssuerKind(kind));
    // Nothing of other people's is remembered.
    const served = (request: SigningRequest | undefined) =>
      request?.issuer !== undefined && this.serves(request.issuer.kind) ? request : undefined;
    this.issuers = cluster === undefined ? [namespaced] : [namespaced, cluster];
    this.#find = ({ kind, ...ref }) => (kind === 'CMPv2ClusterIssuer' ? cluster : namespaced)?.get(ref);
    const certificateRequests = new Watched<SigningRequest>(
      namespaces,
      (place) =>
        new Reflector<SigningRequest>({
          ...deps,
          ...place,
          type: CERTIFICATE_REQUEST,
          fieldSelector: `spec.issuerRef.group=${ISSUER_GROUP}`,
          project: (request: CertificateRequest) => served(viewCertificateRequest(request)),
          indexes: requestIndexes,
        }),
    );
    this.requests = kubernetesCsrs
      ? new AllRequests(certificateRequests, watchSigningRequests(deps))
      : certificateRequests;
    this.transactions = new Watched<Transaction>(
      namespaces,
      (place) =>
        new Reflector<Transaction>({
          ...deps,
          ...place,
          type: TRANSACTION,
          optional: true,
        }),
    );
  }

  findIssuer(name: IssuerName): Issuer | undefined {
    return this.#find(name);
  }

  /** Work until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((source) => source.run(signal)));
  }

  /** Resolves when every cache has been complete once; rejects when the signal aborts before. */
  async waitForSync(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((source) => source.waitForSync(signal)));
  }

  /** Which caches are not to be relied on, and why; undefined when all are. */
  get problem(): string | undefined {
    const problems = this.#all()
      .map((source) => source.problem)
      .filter((reason) => reason !== undefined);
    return problems.length === 0 ? undefined : problems.join('; ');
  }

  #all(): readonly Pick<Source<KubeObject>, 'run' | 'waitForSync' | 'problem'>[] {
    return [...this.issuers, this.requests, this.transactions];
  }
}

/** Everybody's, because the name of a signer can be selected in whole only. */
const watchSigningRequests = (deps: SourceDeps): Watched<SigningRequest> =>
  new Watched<SigningRequest>(
    [],
    () =>
      new Reflector<SigningRequest>({
        ...deps,
        type: CERTIFICATE_SIGNING_REQUEST,
        project: (request: CertificateSigningRequest) => {
          const view = viewCertificateSigningRequest(request);
          return view?.issuer === undefined ? undefined : view;
        },
        indexes: requestIndexes,
      }),
  );

/** Watches single Secrets; keeps which version there is, never what is in it. */
export const secretWatcher =
  (deps: SourceDeps): WatchSecret =>
  ({ namespace, name }, handler, signal) => {
    const reflector = new Reflector<Secret>({
      ...deps,
      type: SECRET,
      ...(namespace !== undefined && { namespace }),
      fieldSelector: `metadata.name=${name}`,
      project: ({ data: _contents, ...rest }: Secret) => rest,
    });
    reflector.addHandler(handler);
    void reflector.run(signal);
  };
