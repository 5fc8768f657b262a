import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef, OwnerReference } from '../api/meta.js';
import { TRANSACTION, type Transaction, type TransactionSpec } from '../api/transaction.js';
import { isAlreadyExists, isConflict, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import type { ObjectStore } from '../kube/store.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { IssuerName } from './issuer-key.js';
import type { SuspendedExchange } from './request-record.js';
import type { SigningRequest } from './signing-request.js';
import { FIELD_MANAGER } from './status-write.js';

/** No CA is left alone for longer, so a record that says so is not to be believed. */
const LONGEST_WAIT_MS = 3_600_000;

export interface TransactionRecordsDeps {
  readonly client: KubeClient;
  /** What the API server holds, also of earlier processes. */
  readonly saved: ObjectStore<Transaction>;
  /** Where the records of cluster-scoped requests are kept. */
  readonly clusterResourceNamespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Suspended exchanges as CMPv2Transaction objects, one per request, so that another process can go on with them. The
 * object belongs to its request and goes with it.
 */
export class TransactionRecords {
  readonly #deps: TransactionRecordsDeps;
  /** What we wrote last, by uid of the request: our copy of the objects lags behind. */
  readonly #written = new Map<string, Transaction | 'removed'>();

  constructor(deps: TransactionRecordsDeps) {
    this.#deps = deps;
  }

  /** Whether there is a record to remove, as far as we know. */
  has(request: SigningRequest): boolean {
    return this.#known(request) !== undefined;
  }

  /** What an earlier process left. Undefined when there is nothing, or nothing that makes sense. */
  find(request: SigningRequest): SuspendedExchange | undefined {
    const saved = this.#known(request);
    if (saved === undefined) return undefined;
    try {
      const exchange = exchangeOf(saved.spec);
      const latest = new Date(this.#deps.clock.now().getTime() + LONGEST_WAIT_MS);
      const notBefore = exchange.notBefore > latest ? latest : exchange.notBefore;
      return { ...exchange, notBefore, ...(!vouchedFor(request) && { hearsay: true }) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#deps.logger.warn({ uid: request.metadata.uid }, 'the record of an exchange cannot be read: it begins anew');
      return undefined;
    }
  }

  /**
   * Writes the record, unless it says the same already. Resolves with the record of another attempt that it replaces, if
   * there was one that nobody knew of. Throws ApiError or TransportError.
   */
  async save(
    request: SigningRequest,
    issuer: IssuerName,
    exchange: SuspendedExchange,
    signal: AbortSignal,
  ): Promise<SuspendedExchange | undefined> {
    const { uid } = request.metadata;
    const object = transactionOf(request, this.#ref(request), issuer, exchange);
    const known = this.#known(request);
    if (known !== undefined && saysTheSame(known.spec, object.spec)) return undefined;
    const options = { fieldManager: FIELD_MANAGER, signal };
    const { client } = this.#deps;
    try {
      const written =
        known === undefined
          ? await client.create<Transaction>(TRANSACTION, object, options)
          : await client.update<Transaction>(TRANSACTION, following(known, object), options);
      this.#written.set(uid, written);
      return undefined;
    } catch (error) {
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
    }
    const found = await this.#read(this.#ref(request), signal);
    const written =
      found === undefined
        ? await client.create<Transaction>(TRANSACTION, object, options)
        : await client.update<Transaction>(TRANSACTION, following(found, object), options);
    this.#written.set(uid, written);
    return found === undefined || found.spec.attempt === exchange.attempt ? undefined : exchangeIfReadable(found.spec);
  }

  /** Throws ApiError or TransportError; there being none is fine. */
  async remove(request: SigningRequest, signal: AbortSignal): Promise<void> {
    if (!this.has(request)) return;
    try {
      await this.#deps.client.delete(TRANSACTION, this.#ref(request), { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#written.set(request.metadata.uid, 'removed');
  }

  /** The record is gone from the API server, which has told us so: what we know ourselves is not needed any more. */
  forget(uid: string): void {
    this.#written.delete(uid);
  }

  /** The one place where the record of a request can be: whoever may write elsewhere has no say. */
  #ref({ metadata: { namespace = this.#deps.clusterResourceNamespace, uid } }: SigningRequest): RecordRef {
    return { namespace, name: uid };
  }

  #known(request: SigningRequest): Transaction | undefined {
    const known = this.#written.get(request.metadata.uid) ?? this.#deps.saved.get(this.#ref(request));
    return known === 'removed' ? undefined : known;
  }

  async #read(ref: RecordRef, signal: AbortSignal): Promise<Transaction | undefined> {
    try {
      return await this.#deps.client.get<Transaction>(TRANSACTION, ref, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

type RecordRef = Required<ObjectRef>;

const IN_NAMESPACES: Readonly<Record<SigningRequest['kind'], boolean>> = {
  CertificateRequest: true,
  CertificateSigningRequest: false,
};

/** The request that a record belongs to: beside it, or of no namespace at all. */
export function requestOf({ metadata: { namespace }, spec: { requestRef } }: Transaction): ObjectRef {
  const { kind, name } = requestRef;
  return IN_NAMESPACES[kind] && namespace !== undefined ? { namespace, name } : { name };
}

function transactionOf(
  request: SigningRequest,
  ref: RecordRef,
  issuer: IssuerName,
  exchange: SuspendedExchange,
): Transaction {
  const { name } = request.metadata;
  const uid = ref.name;
  const owner: OwnerReference = { apiVersion: request.apiVersion, kind: request.kind, name, uid };
  const { attempt, state, issuerUid, notBefore, message, certificate } = exchange;
  return {
    apiVersion: `${TRANSACTION.group}/${TRANSACTION.version}`,
    kind: 'CMPv2Transaction',
    metadata: {
      ...ref,
      labels: { 'app.kubernetes.io/managed-by': FIELD_MANAGER },
      ownerReferences: [owner],
    },
    spec: {
      requestRef: { kind: request.kind, name, uid },
      issuerRef: { kind: issuer.kind, name: issuer.name, uid: issuerUid },
      attempt,
      waitingFor: certificate === undefined ? 'Decision' : 'Confirmation',
      notBefore: notBefore.toISOString(),
      ...(message !== '' && { message: message.slice(0, MAX_MESSAGE) }),
      ...(certificate && {
        certificate: {
          serialNumber: certificate.serial,
          issuer: certificate.issuer,
          subject: certificate.subject,
          notAfter: certificate.notAfter.toISOString(),
          ...(certificate.pem !== undefined && { pem: certificate.pem }),
        },
      }),
      state: JSON.stringify(state),
    },
  };
}

/** As the CRD bounds it. */
const MAX_MESSAGE = 1_000;

/** Throws SyntaxError when the state is no JSON object. */
function exchangeOf({ attempt, certificate, issuerRef, message = '', notBefore, state }: TransactionSpec) {
  const parsed: unknown = JSON.parse(state);
  if (typeof parsed !== 'object' || parsed === null) throw new SyntaxError('the state is no object');
  const exchange: SuspendedExchange = {
    attempt,
    state: parsed as SuspendedExchange['state'],
    issuerUid: issuerRef.uid,
    notBefore: new Date(notBefore),
    message,
    ...(certificate && {
      certificate: {
        serial: certificate.serialNumber,
        issuer: certificate.issuer,
        subject: certificate.subject,
        notAfter: new Date(certificate.notAfter),
        ...(certificate.pem !== undefined && { pem: certificate.pem }),
      },
    }),
  };
  return exchange;
}

/**
 * Whether the record is where the issuer's Secrets are: whoever may write there could have its certificates revoked anyway.
 * Those of a CMPv2ClusterIssuer lie beside the requests of everybody, except for requests that have no namespace.
 */
const vouchedFor = ({ metadata, issuer }: SigningRequest): boolean => metadata.namespace === issuer?.namespace;

function exchangeIfReadable(spec: TransactionSpec): SuspendedExchange | undefined {
  try {
    return { ...exchangeOf(spec), hearsay: true };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The object with what makes it the next version of `before`, and of no other. */
const following = ({ metadata }: Transaction, object: Transaction): Transaction => ({
  ...object,
  metadata: {
    ...object.metadata,
    ...(metadata.uid !== undefined && { uid: metadata.uid }),
    ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
  },
});

const saysTheSame = (a: TransactionSpec, b: TransactionSpec): boolean => isDeepStrictEqual({ ...a }, { ...b });
