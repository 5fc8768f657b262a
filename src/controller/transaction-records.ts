import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, OwnerReference } from '../api/meta.js';
import { TRANSACTION, type Transaction, type TransactionSpec } from '../api/transaction.js';
import { isAlreadyExists, isConflict, isNotFound } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import type { IndexFunction, ObjectStore } from '../kube/store.js';
import type { Logger } from '../runtime/logger.js';
import type { IssuerName } from './issuer-key.js';
import type { SuspendedExchange } from './request-record.js';
import { FIELD_MANAGER } from './status-write.js';

/** Finds the record of a request by the request's uid. */
const BY_REQUEST = 'request';

export const transactionIndexes: Readonly<Record<string, IndexFunction<Transaction>>> = {
  [BY_REQUEST]: ({ spec }) => [spec.requestRef.uid],
};

export interface TransactionRecordsDeps {
  readonly client: KubeClient;
  /** What the API server holds, also of earlier processes. */
  readonly saved: ObjectStore<Transaction>;
  /** Where the records of cluster-scoped requests are kept. */
  readonly clusterResourceNamespace: string;
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
  has(uid: string): boolean {
    return this.#known(uid) !== undefined;
  }

  /** What an earlier process left. Undefined when there is nothing, or nothing that makes sense. */
  find(uid: string): SuspendedExchange | undefined {
    const saved = this.#known(uid);
    if (saved === undefined) return undefined;
    try {
      return exchangeOf(saved.spec);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#deps.logger.warn({ uid }, 'the record of an exchange cannot be read: it begins anew');
      return undefined;
    }
  }

  /**
   * Writes the record, unless it says the same already. Resolves with the record of another attempt that it replaces, if
   * there was one that nobody knew of. Throws ApiError or TransportError.
   */
  async save(
    request: KubeObject,
    uid: string,
    issuer: IssuerName,
    exchange: SuspendedExchange,
    signal: AbortSignal,
  ): Promise<SuspendedExchange | undefined> {
    const object = transactionOf(request, uid, issuer, exchange, this.#deps.clusterResourceNamespace);
    const known = this.#known(uid);
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
    const found = await this.#read(object, signal);
    const written =
      found === undefined
        ? await client.create<Transaction>(TRANSACTION, object, options)
        : await client.update<Transaction>(TRANSACTION, following(found, object), options);
    this.#written.set(uid, written);
    return found === undefined || found.spec.attempt === exchange.attempt ? undefined : exchangeIfReadable(found.spec);
  }

  /** Throws ApiError or TransportError; there being none is fine. */
  async remove(uid: string, signal: AbortSignal): Promise<void> {
    const known = this.#known(uid);
    if (known === undefined) return;
    try {
      const { name, namespace } = known.metadata;
      await this.#deps.client.delete(TRANSACTION, namespace === undefined ? { name } : { namespace, name }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#written.set(uid, 'removed');
  }

  /** The record is gone from the API server, which has told us so: what we know ourselves is not needed any more. */
  forget(uid: string): void {
    this.#written.delete(uid);
  }

  #known(uid: string): Transaction | undefined {
    const known = this.#written.get(uid) ?? this.#deps.saved.byIndex(BY_REQUEST, uid)[0];
    return known === 'removed' ? undefined : known;
  }

  async #read({ metadata: { name, namespace } }: Transaction, signal: AbortSignal): Promise<Transaction | undefined> {
    try {
      const ref = namespace === undefined ? { name } : { namespace, name };
      return await this.#deps.client.get<Transaction>(TRANSACTION, ref, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function transactionOf(
  request: KubeObject,
  uid: string,
  issuer: IssuerName,
  exchange: SuspendedExchange,
  clusterResourceNamespace: string,
): Transaction {
  const { name, namespace = clusterResourceNamespace } = request.metadata;
  const owner: OwnerReference = { apiVersion: request.apiVersion, kind: request.kind, name, uid };
  const { attempt, state, issuerUid, notBefore, message, certificate } = exchange;
  return {
    apiVersion: `${TRANSACTION.group}/${TRANSACTION.version}`,
    kind: 'CMPv2Transaction',
    metadata: {
      name: uid,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': FIELD_MANAGER },
      ownerReferences: [owner],
    },
    spec: {
      requestRef: { kind: request.kind as TransactionSpec['requestRef']['kind'], name, uid },
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
      },
    }),
  };
  return exchange;
}

function exchangeIfReadable(spec: TransactionSpec): SuspendedExchange | undefined {
  try {
    return exchangeOf(spec);
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
