import { CERTIFICATE_REQUEST, type CertificateRequest } from '../../api/certificate-request.js';
import { ISSUED_CERTIFICATE, type IssuedCertificateRecord } from '../../api/issued-certificate.js';
import type { Issuer } from '../../api/issuer.js';
import type { KubeObject } from '../../api/meta.js';
import { isAlreadyExists, isForbidden, isInvalid, isNotFound } from '../../kube/api-error.js';
import type { KubeClient } from '../../kube/client.js';
import { type ObjectStore, objectKey, objectRef } from '../../kube/store.js';
import type { WorkItem } from '../../kube/work-queue.js';
import { decodeCertificates, PkiError } from '../../pki/index.js';
import type { Logger } from '../../runtime/logger.js';
import { type IssuerName, issuerKey } from '../issuer-key.js';
import { owningCertificate } from '../owning-certificate.js';
import type { SigningRequest } from '../signing-request.js';
import { FIELD_MANAGER } from '../status-write.js';
import { BY_REQUEST, recordObject } from './record.js';

export interface KeeperDeps {
  readonly client: KubeClient;
  readonly findIssuer: (name: IssuerName) => Issuer | undefined;
  readonly requests: Pick<ObjectStore<SigningRequest>, 'get'>;
  readonly records: ObjectStore<IssuedCertificateRecord>;
  readonly clusterResourceNamespace: string;
  readonly logger: Logger;
}

export const revokesOnDelete = ({ spec }: Issuer): boolean => spec.cmp?.revocation === 'OnDelete';

/**
 * Keeps in mind which certificates are to be revoked once their Certificates are gone: before they are published, so that
 * no crash can lose one; and, for those issued while it could not, from the requests that still hold them.
 */
export class Keeper {
  readonly #deps: KeeperDeps;
  /** By uid of the request, the name of the record that this process made: our copy of the records lags behind. */
  readonly #kept = new Map<string, string>();

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  /**
   * Must come before the certificate is published. Throws when the Kubernetes API must be asked again; where it refuses
   * for good, the certificate is published all the same, and kept in mind as soon as that is repaired.
   */
  async keep(request: KubeObject, name: IssuerName, [leaf]: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const { findIssuer, client, clusterResourceNamespace, logger } = this.#deps;
    const issuer = findIssuer(name);
    if (issuer === undefined || !revokesOnDelete(issuer) || leaf === undefined) return;
    const owner = owningCertificate(request.metadata);
    const { uid } = request.metadata;
    if (owner === undefined || uid === undefined) return;
    const record = recordObject({ request, requestUid: uid, issuer, leaf, clusterResourceNamespace }, owner);
    if (this.#kept.get(uid) === record.metadata.name) return;
    try {
      await client.create(ISSUED_CERTIFICATE, record, { fieldManager: FIELD_MANAGER, signal });
    } catch (error) {
      if (isForbidden(error) || isNotFound(error) || isInvalid(error)) {
        logger.error(
          { issuer: issuerKey(name), certificateRequest: objectKey(request.metadata), problem: String(error) },
          'a certificate is issued without a record, so that it would not be revoked: bind the role cmpv2-issuer-controller-revocation and install all CRDs',
        );
        return;
      }
      if (!isAlreadyExists(error)) throw error;
    }
    this.#kept.set(uid, record.metadata.name);
  }

  /** Whether the request holds a certificate that should be kept in mind, and is not. */
  misses({ metadata, issuer: name, state }: SigningRequest): boolean {
    if (state !== 'issued' || name === undefined || owningCertificate(metadata) === undefined) return false;
    const issuer = this.#deps.findIssuer(name);
    if (issuer === undefined || !revokesOnDelete(issuer)) return false;
    return !this.#kept.has(metadata.uid) && this.#deps.records.byIndex(BY_REQUEST, metadata.uid).length === 0;
  }

  /** The request is gone; the record is none of its business. */
  forget({ metadata }: SigningRequest): void {
    this.#kept.delete(metadata.uid);
  }

  /** Keeps the certificate that a request holds already. Throws when the Kubernetes API must be asked again. */
  async reconcile({ key }: WorkItem, signal: AbortSignal): Promise<void> {
    const known = this.#deps.requests.get(objectRef(key));
    if (known?.issuer === undefined || !this.misses(known)) return;
    try {
      const request = await this.#deps.client.get<CertificateRequest>(CERTIFICATE_REQUEST, objectRef(key), { signal });
      if (request.metadata.uid !== known.metadata.uid) return;
      const pem = Buffer.from(request.status?.certificate ?? '', 'base64').toString('utf8');
      await this.keep(
        request,
        known.issuer,
        decodeCertificates(pem).map(({ der }) => der),
        signal,
      );
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof PkiError)) throw error;
      this.#deps.logger.warn(
        { certificateRequest: key, problem: error.message },
        'a certificate cannot be kept in mind',
      );
    }
  }
}
