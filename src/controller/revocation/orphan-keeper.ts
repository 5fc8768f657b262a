import { ISSUED_CERTIFICATE, type IssuedCertificateRecord } from '../../api/issued-certificate.js';
import type { Issuer } from '../../api/issuer.js';
import { isAlreadyExists, isForbidden, isInvalid, isNotFound } from '../../kube/api-error.js';
import type { KubeClient } from '../../kube/client.js';
import { objectKey } from '../../kube/store.js';
import type { WorkItem, WorkQueue } from '../../kube/work-queue.js';
import type { OrphanFate } from '../../ops/metrics.js';
import { type Certificate, decodeCertificates, PkiError, parseCsr, samePublicKey } from '../../pki/index.js';
import type { Logger } from '../../runtime/logger.js';
import { type IssuerName, issuerKey } from '../issuer-key.js';
import type { SigningRequest } from '../signing-request.js';
import { FIELD_MANAGER } from '../status-write.js';
import { revokesOnDelete } from './keeper.js';
import { type Orphaned, orphanObject } from './record.js';

export interface OrphanKeeperDeps {
  readonly client: KubeClient;
  readonly findIssuer: (name: IssuerName) => Issuer | undefined;
  readonly clusterResourceNamespace: string;
}

/** A certificate that nobody ever got, as far as it matters here. */
export interface UnusedCertificate {
  readonly fate: OrphanFate;
  /** Without PEM nothing is revoked. */
  readonly certificate?: { readonly pem?: string };
  /** The incarnation of the issuer that got it; the one of now if absent. */
  readonly issuerUid?: string;
}

interface Pending {
  readonly record: IssuedCertificateRecord;
  readonly logger: Logger;
}

/** What the CA took note of it revokes itself. */
const ORPHANED: Readonly<Record<OrphanFate, Orphaned | undefined>> = {
  rejected: undefined,
  undelivered: 'Undelivered',
  unknown: 'Unused',
};

/**
 * Keeps in mind which certificates nobody ever got, so that they are revoked: as lastingly as those of deleted
 * Certificates, and by the same records. Until one could be written this process remembers it, whatever becomes of the
 * request.
 */
export class OrphanKeeper {
  readonly #deps: OrphanKeeperDeps;
  readonly #queue: Pick<WorkQueue, 'add'>;
  /** By key of the record. */
  readonly #pending = new Map<string, Pending>();

  constructor(deps: OrphanKeeperDeps, queue: Pick<WorkQueue, 'add'>) {
    this.#deps = deps;
    this.#queue = queue;
  }

  /** Whether it is going to be revoked. */
  keep(unused: UnusedCertificate, request: SigningRequest, name: IssuerName, logger: Logger): boolean {
    const { findIssuer, clusterResourceNamespace } = this.#deps;
    const issuer = findIssuer(name);
    const orphaned = ORPHANED[unused.fate];
    const pem = unused.certificate?.pem;
    if (issuer === undefined || !revokesOnDelete(issuer) || orphaned === undefined || pem === undefined) return false;
    const certificate = certificateFor(request, pem);
    if (certificate === undefined) {
      logger.warn({}, 'the certificate is not revoked: its key does not tell that it was made for this request');
      return false;
    }
    const source = {
      request,
      requestUid: request.metadata.uid,
      issuer,
      leaf: certificate.der,
      clusterResourceNamespace,
    };
    const record = orphanObject(source, orphaned, unused.issuerUid);
    const key = objectKey(record.metadata);
    this.#pending.set(key, { record, logger });
    this.#queue.add(issuerKey(name), key);
    return true;
  }

  /** Writes one record. Throws when the Kubernetes API must be asked again. */
  async reconcile({ key }: WorkItem, signal: AbortSignal): Promise<void> {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    const { record, logger } = pending;
    try {
      await this.#write(record, signal);
    } catch (error) {
      if (!isForbidden(error) && !isNotFound(error) && !isInvalid(error)) throw error;
      logger.error(
        { serial: record.spec.serialNumber, issuedBy: record.spec.issuer, problem: String(error) },
        'a certificate that nobody got cannot be recorded and is not revoked: revoke it by hand, bind the role cmpv2-issuer-controller-revocation and install all CRDs',
      );
    }
    this.#pending.delete(key);
  }

  async #write(record: IssuedCertificateRecord, signal: AbortSignal): Promise<void> {
    const options = { fieldManager: FIELD_MANAGER, signal };
    try {
      await this.#deps.client.create(ISSUED_CERTIFICATE, record, options);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // It was to be published, so it stands there as one of its Certificate.
      const { orphaned, requestRef } = record.spec;
      const body = { spec: { certificateRef: null, orphaned, requestRef } };
      await this.#deps.client.patch(ISSUED_CERTIFICATE, record.metadata, { kind: 'merge', body }, options);
    }
  }
}

/**
 * The certificate, if it holds the key that the request asked for. A CA that mixes up its customers must not have us revoke
 * the certificate of another one.
 */
function certificateFor({ csrPem }: SigningRequest, pem: string): Certificate | undefined {
  try {
    const [certificate] = decodeCertificates(pem);
    return certificate !== undefined && samePublicKey(certificate.spki, parseCsr(csrPem).spki)
      ? certificate
      : undefined;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}
