import { type Condition, findCondition } from '../api/conditions.js';
import { ISSUER_TYPES, type Issuer } from '../api/issuer.js';
import type { BackendConfig } from '../enrollment/backend-config.js';
import { type ConfiguredCertificate, configuredCertificates } from '../enrollment/configured-certificates.js';
import type { KubeClient } from '../kube/client.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import type { WorkItem, WorkQueue } from '../kube/work-queue.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import { type BackoffPolicy, fullJitter, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { expiryCondition, expiryTimes } from './credential-expiry.js';
import { EnrollerLease } from './enroller-lease.js';
import { issuerConditions, issuerEvent, revocationCondition } from './issuer-conditions.js';
import { type IssuerName, issuerKey, issuerLabels, issuerName, parseIssuerKey } from './issuer-key.js';
import { IssuerProblem } from './issuer-problem.js';
import { secretNames } from './issuer-secrets.js';
import { type CreateEnroller, verifyIssuer } from './issuer-verifier.js';
import { type IssuerVerdict, type IssuerView, viewIssuer } from './issuer-view.js';
import type { IssuerDirectory } from './request-exchange.js';
import { bounded } from './request-news.js';
import type { RevocationTrouble } from './revocation/sources.js';
import type { SecretWatches } from './secret-watches.js';
import { writeStatus } from './status-write.js';
import { TRUST_CONDITION } from './trust-condition.js';
import type { TrustRefresh } from './trust-refresh.js';

export interface IssuerControllerDeps {
  readonly client: KubeClient;
  /** The issuer as the cache has it. */
  readonly find: (name: IssuerName) => Issuer | undefined;
  readonly createEnroller: CreateEnroller;
  /** Where the Secrets of a CMPv2ClusterIssuer live. */
  readonly clusterResourceNamespace: string;
  readonly watches: Pick<SecretWatches, 'set'>;
  readonly trust: Pick<TrustRefresh, 'watch' | 'condition' | 'forget'>;
  /** Why certificates of this issuer would not be revoked, though it wants that. */
  readonly revocationTrouble: (issuer: Issuer) => RevocationTrouble | undefined;
  /** What `view` says about this issuer has changed. */
  readonly changed: (key: string) => void;
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

/** What is known of one issuer. */
interface IssuerState {
  readonly verdict: IssuerVerdict;
  /** Present when ready. */
  readonly lease?: EnrollerLease;
  readonly concurrency?: number;
  /** When the CA was asked last, on the monotonic clock. */
  readonly probedAt: number;
  /** Verifications in a row that found it not ready. */
  readonly failures: number;
  /** What it is configured with, as far as it can be read. */
  readonly credentials: readonly ConfiguredCertificate[];
  /** The conditions last written for this uid: our copy of the object lags behind. */
  readonly written?: readonly Condition[];
}

const NOT_READY_BACKOFF: BackoffPolicy = { initialMs: 2_000, maxMs: 60_000 };
/** A ready issuer is looked at again this often: its CA may be gone, or the watch of a Secret not permitted. */
const RESYNC_MS = 600_000;

/** Verifies issuers, keeps the way to the CA of each ready one, and says in its status what is wrong with the others. */
export class IssuerController implements IssuerDirectory {
  readonly #deps: IssuerControllerDeps;
  readonly #queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>;
  readonly #states = new Map<string, IssuerState>();

  constructor(deps: IssuerControllerDeps, queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>) {
    this.#deps = deps;
    this.#queue = queue;
  }

  view(name: IssuerName): IssuerView {
    return viewIssuer(this.#deps.find(name), this.#states.get(issuerKey(name))?.verdict);
  }

  lease(name: IssuerName, revision: string): EnrollerLease | undefined {
    const lease = this.#states.get(issuerKey(name))?.lease;
    return lease?.revision === revision ? lease : undefined;
  }

  /** How many exchanges the issuer allows at a time; undefined when it does not say. */
  concurrency(key: string): number | undefined {
    return this.#states.get(key)?.concurrency;
  }

  /** The issuer, or a Secret that it mentions, is new, has changed or is gone. */
  touched(key: string): void {
    this.#queue.add(key, key);
  }

  /** Closes every way to a CA once nobody uses it. */
  retireAll(): void {
    for (const { lease } of this.#states.values()) lease?.retire();
  }

  /** Throws when the Kubernetes API must be asked again. */
  async reconcile({ key }: WorkItem, signal: AbortSignal): Promise<void> {
    const name = parseIssuerKey(key);
    const issuer = this.#deps.find(name);
    if (issuer?.metadata.uid === undefined || issuer.metadata.deletionTimestamp !== undefined) {
      this.#drop(key, name);
      return;
    }
    const namespace = issuer.metadata.namespace ?? this.#deps.clusterResourceNamespace;
    this.#deps.watches.set(
      key,
      secretNames(issuer.spec).map((secret) => ({ namespace, name: secret })),
    );
    const state = await this.#verify(key, issuer, issuer.metadata.uid, namespace, signal);
    if (signal.aborted) return;
    this.#adopt(key, name, state);
    if (state.lease !== undefined) this.#deps.trust.watch(key, issuer, namespace, state.lease);
    await this.#report(key, issuer, state, signal);
    this.#queue.forget(key);
    const retryMs = state.verdict.ready
      ? RESYNC_MS
      : fullJitter(NOT_READY_BACKOFF, state.failures - 1, this.#deps.uniform);
    this.#queue.addAfter(key, key, retryMs);
  }

  async #verify(
    key: string,
    issuer: Issuer,
    uid: string,
    namespace: string,
    signal: AbortSignal,
  ): Promise<IssuerState> {
    const before = this.#states.get(key);
    const sameObject = before?.verdict.uid === uid;
    const base = { uid, generation: issuer.metadata.generation ?? 0 };
    const probedAt = this.#deps.clock.monotonic();
    const written = sameObject && before.written !== undefined ? { written: before.written } : {};
    let credentials = sameObject ? before.credentials : [];
    const onConfig = (config: BackendConfig) => {
      credentials = configuredCertificates(config);
    };
    try {
      const due = before !== undefined && probedAt - before.probedAt >= RESYNC_MS;
      const known = before?.lease && {
        revision: before.lease.revision,
        ...(due && { probe: (limit: AbortSignal) => before.lease?.use((enroller) => enroller.probe(limit)) }),
      };
      const verified = await verifyIssuer({ ...this.#deps, onConfig }, issuer, namespace, known, signal);
      if (verified === 'unchanged' && before !== undefined) return due ? { ...before, probedAt } : before;
      if (verified === 'unchanged') throw new TypeError(`${key} cannot be unchanged: it was never verified`);
      const { concurrency } = issuer.spec.limits;
      return {
        verdict: {
          ...base,
          revision: verified.revision,
          ready: true,
          reason: 'Verified',
          message: `${issuer.kind} verified and ready to sign certificates`,
        },
        lease: new EnrollerLease(verified, this.#deps.logger.child({ issuer: key })),
        ...(concurrency !== undefined && { concurrency }),
        probedAt,
        failures: 0,
        credentials,
        ...written,
      };
    } catch (error) {
      if (!(error instanceof IssuerProblem)) throw error;
      return {
        verdict: { ...base, revision: '', ready: false, reason: error.reason, message: bounded(error.message) },
        probedAt,
        failures: (sameObject ? before.failures : 0) + 1,
        credentials,
        ...written,
      };
    }
  }

  /** Makes the state the one that counts. Requests hear of it when it means something new to them. */
  #adopt(key: string, name: IssuerName, state: IssuerState): void {
    const before = this.#states.get(key);
    if (before === state) return;
    this.#states.set(key, state);
    if (before?.lease !== state.lease) before?.lease?.retire();
    const { verdict } = state;
    this.#deps.metrics.issuerReady(issuerLabels(name), verdict.ready);
    this.#deps.metrics.credentialsEnd(issuerLabels(name), expiryTimes(state.credentials));
    if (
      before?.verdict.uid === verdict.uid &&
      before.verdict.generation === verdict.generation &&
      before.verdict.revision === verdict.revision &&
      before.verdict.ready === verdict.ready &&
      before.verdict.message === verdict.message
    )
      return;
    const facts = { issuer: key, reason: verdict.reason, generation: verdict.generation };
    if (verdict.ready) this.#deps.logger.info(facts, 'issuer is ready');
    else this.#deps.logger.warn({ ...facts, problem: verdict.message }, 'issuer is not ready');
    this.#deps.changed(key);
  }

  async #report(key: string, issuer: Issuer, state: IssuerState, signal: AbortSignal): Promise<void> {
    const { clock, recorder, trust, revocationTrouble } = this.#deps;
    const { ready, reason, message, generation } = state.verdict;
    const existing = state.written ?? issuer.status?.conditions;
    const wanted = [
      { type: 'Ready', status: ready ? 'True' : 'False', reason, message, observedGeneration: generation } as const,
      trust.condition(key, issuer, findCondition(existing, TRUST_CONDITION)),
      expiryCondition(state.credentials, generation, clock.now()),
      revocationCondition(revocationTrouble(issuer), generation),
    ].filter((condition) => condition !== undefined);
    const changes = issuerConditions(existing, wanted, clock.now());
    if (changes === undefined) return;
    const { conditions, news } = changes;
    const result = await writeStatus(this.#deps, ISSUER_TYPES[issuer.kind], issuer, { conditions }, signal);
    if (result === 'gone') return;
    this.#states.set(key, { ...state, written: conditions });
    for (const event of news.map((condition) => issuerEvent(issuer, condition)))
      if (event !== undefined) recorder.record(event);
  }

  #drop(key: string, name: IssuerName): void {
    this.#deps.watches.set(key, []);
    this.#deps.trust.forget(key);
    this.#deps.metrics.issuerGone(issuerLabels(name));
    this.#states.get(key)?.lease?.retire();
    this.#states.delete(key);
    this.#queue.remove(key);
    this.#deps.changed(key);
  }
}

/** The key of an issuer object. */
export const keyOfIssuer = (issuer: Issuer): string => issuerKey(issuerName(issuer));
