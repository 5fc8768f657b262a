import { CERTIFICATE, type Certificate } from '../../api/certificate.js';
import {
  ISSUED_CERTIFICATE,
  type IssuedCertificateRecord,
  REVOCATION_REASON_ANNOTATION,
} from '../../api/issued-certificate.js';
import { ISSUER_GROUP } from '../../api/issuer.js';
import type { ResourceType } from '../../api/meta.js';
import { Reflector } from '../../kube/reflector.js';
import type { ReflectorObserver, ReflectorState } from '../../kube/reflector-types.js';
import type { SourceDeps } from '../sources.js';
import { Watched } from '../watched.js';
import { BY_OWNER, projectRecord, recordIndexes } from './record.js';

/** Why certificates of deleted Certificates are not revoked, for the issuer's status. */
export interface RevocationTrouble {
  readonly reason: 'Forbidden' | 'TypeMissing';
  readonly message: string;
}

const TROUBLES: Readonly<Record<'forbidden' | 'type-missing', (resource: string) => RevocationTrouble>> = {
  forbidden: (resource) => ({
    reason: 'Forbidden',
    message: `The controller may not watch ${resource}, so that nothing is revoked: bind the role cmpv2-issuer-controller-revocation`,
  }),
  'type-missing': (resource) => ({
    reason: 'TypeMissing',
    message: `There is no resource ${resource}, so that nothing is revoked: install its CustomResourceDefinition`,
  }),
};

/**
 * What revocation needs to watch: our records, and cert-manager's Certificates, of which little more is kept than their
 * names. Neither is watched before the first issuer wants it: nobody else need grant the permissions.
 */
export class RevocationSources {
  readonly records: Watched<IssuedCertificateRecord>;
  readonly certificates: Watched<Certificate>;
  readonly #stop = new AbortController();
  /** By resource: why it cannot be watched until a person does something. */
  readonly #troubles = new Map<string, RevocationTrouble>();
  readonly #troubleChanged: () => void;
  #state: 'idle' | 'filling' | 'filled' = 'idle';

  /** `troubleChanged`: what `trouble` says has changed. */
  constructor(
    namespaces: readonly string[],
    serves: (kind: string) => boolean,
    troubleChanged: () => void,
    deps: SourceDeps,
  ) {
    this.#troubleChanged = troubleChanged;
    const observer: ReflectorObserver = { stateChanged: (type, state) => this.#observe(type, state) };
    this.records = new Watched<IssuedCertificateRecord>(
      namespaces,
      (place) =>
        new Reflector<IssuedCertificateRecord>({
          ...deps,
          ...place,
          observer,
          type: ISSUED_CERTIFICATE,
          project: (record: IssuedCertificateRecord) =>
            serves(record.spec.issuerRef.kind) ? projectRecord(record) : undefined,
          indexes: recordIndexes,
        }),
    );
    this.certificates = new Watched<Certificate>(
      namespaces,
      (place) =>
        new Reflector<Certificate>({
          ...deps,
          ...place,
          observer,
          type: CERTIFICATE,
          project: (certificate: Certificate) => this.#project(certificate),
        }),
    );
  }

  /** Both caches have been complete. */
  get filled(): boolean {
    return this.#state === 'filled';
  }

  /** Why nothing is revoked until a person does something; undefined when all is well. */
  get trouble(): RevocationTrouble | undefined {
    return [...this.#troubles.values()][0];
  }

  /** Begins to watch, for good. `whenFilled` is called once. */
  start(whenFilled: () => void): void {
    if (this.#state !== 'idle') return;
    this.#state = 'filling';
    const { signal } = this.#stop;
    // Records first: they decide which Certificates are worth keeping.
    void this.records.run(signal);
    this.records
      .waitForSync(signal)
      .then(() => {
        void this.certificates.run(signal);
        return this.certificates.waitForSync(signal);
      })
      .then(
        () => {
          this.#state = 'filled';
          whenFilled();
        },
        () => {},
      );
  }

  stop(): void {
    this.#stop.abort();
  }

  #observe({ plural, group }: ResourceType, state: ReflectorState): void {
    const resource = `${plural}.${group}`;
    const before = this.#troubles.get(resource)?.reason;
    if (state === 'forbidden' || state === 'type-missing') {
      const trouble = TROUBLES[state](resource);
      this.#troubles.set(resource, trouble);
      if (trouble.reason !== before) this.#troubleChanged();
    } else if (state === 'watching' && this.#troubles.delete(resource)) this.#troubleChanged();
  }

  /** A Certificate that has moved on to another issuer still counts while certificates of ours are kept in mind for it. */
  #project({ apiVersion, kind, metadata, spec }: Certificate): Certificate | undefined {
    const { uid, name, namespace, resourceVersion, annotations } = metadata;
    const isOurs = spec.issuerRef?.group === ISSUER_GROUP;
    if (uid === undefined || !(isOurs || this.records.byIndex(BY_OWNER, uid).length > 0)) return undefined;
    const reason = annotations?.[REVOCATION_REASON_ANNOTATION];
    return {
      apiVersion,
      kind,
      metadata: {
        name,
        uid,
        ...(namespace !== undefined && { namespace }),
        ...(resourceVersion !== undefined && { resourceVersion }),
        ...(reason !== undefined && { annotations: { [REVOCATION_REASON_ANNOTATION]: reason } }),
      },
      spec: { secretName: '' },
    };
  }
}
