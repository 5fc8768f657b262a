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
import type { CaProbing } from './ca-probing.js';
import { expiryCondition, expiryTimes } from './credential-expiry.js';
import { EnrollerLease } from './enroller-lease.js';
import type { ExchangeGates } from './exchange-gates.js';
import { issuerConditions, issuerEvent, revocationCondition } from './issuer-conditions.js';
import { type IssuerName, issuerKey, issuerLabels, issuerName, parseIssuerKey } from './issuer-key.js';
import { IssuerProblem } from './issuer-problem.js';
import { secretNames } from './issuer-secrets.js';
import { type CreateEnroller, type Verification, verifyIssuer } from './issuer-verifier.js';
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
  readonly gates: Pick<ExchangeGates, 'configure' | 'drop'>;
  readonly probing: CaProbing;
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
  /** Verifications in a row that found it not ready. */
  readonly failures: number;
  /** What it is configured with, as far as it can be read. */
  readonly credentials: readonly ConfiguredCertificate[];
  /** The conditions last written for this uid: our copy of the object lags behind. */
  readonly written?: readonly Condition[];
}

const NOT_READY_BACKOFF: BackoffPolicy = { initialMs: 2_000, maxMs: 60_000 };
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
    const key = issuerKey(name);
    const view = viewIssuer(this.#deps.find(name), this.#states.get(key)?.verdict);
    const outage = view.state === 'ready' ? this.#deps.probing.outage(key) : undefined;
    return view.state === 'ready' && outage !== undefined ? { ...view, outage } : view;
  }

  lease(name: IssuerName, revision: string): EnrollerLease | undefined {
    const lease = this.#states.get(issuerKey(name))?.lease;
    return lease?.revision === revision ? lease : undefined;
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
    const { state, probe } = await this.#verify(key, issuer, issuer.metadata.uid, namespace, signal);
    if (signal.aborted) return;
    if (state.verdict.ready) {
      this.#deps.gates.configure(key, issuer.spec.limits);
      this.#deps.probing.learn(key, probe, state.lease !== this.#states.get(key)?.lease);
    }
    this.#adopt(key, name, state);
    if (state.lease !== undefined) this.#deps.trust.watch(key, issuer, namespace, state.lease);
    await this.#report(key, issuer, state, signal);
    this.#queue.forget(key);
    const lookAgainMs = state.verdict.ready
      ? this.#deps.probing.dueInMs(key)
      : fullJitter(NOT_READY_BACKOFF, state.failures - 1, this.#deps.uniform);
    this.#queue.addAfter(key, key, lookAgainMs);
  }

  async #verify(
    key: string,
    issuer: Issuer,
    uid: string,
    namespace: string,
    signal: AbortSignal,
  ): Promise<{ readonly state: IssuerState; readonly probe: Verification['probe'] }> {
    const before = this.#states.get(key);
    const sameObject = before?.verdict.uid === uid;
    const base = { uid, generation: issuer.metadata.generation ?? 0 };
    const written = sameObject && before.written !== undefined ? { written: before.written } : {};
    let credentials = sameObject ? before.credentials : [];
    const onConfig = (config: BackendConfig) => {
      credentials = configuredCertificates(config);
    };
    try {
      const known = before?.lease && {
        revision: before.lease.revision,
        ...(this.#deps.probing.isDue(key) && {
          probe: (limit: AbortSignal) => before.lease?.use((enroller) => enroller.probe(limit)),
        }),
      };
      const { built, probe } = await verifyIssuer({ ...this.#deps, onConfig }, issuer, namespace, known, signal);
      if (built === undefined) {
        if (before === undefined) throw new TypeError(`${key} cannot be unchanged: it was never verified`);
        return { state: before, probe };
      }
      const verdict = {
        ...base,
        revision: built.revision,
        ready: true,
        reason: 'Verified',
        message: `${issuer.kind} verified and ready to sign certificates`,
      } as const;
      const lease = new EnrollerLease(built, this.#deps.logger.child({ issuer: key }));
      return { state: { verdict, lease, failures: 0, credentials, ...written }, probe };
    } catch (error) {
      if (!(error instanceof IssuerProblem)) throw error;
      const { reason, message } = error;
      const verdict = { ...base, revision: '', ready: false, reason, message: bounded(message) };
      const failures = (sameObject ? before.failures : 0) + 1;
      return { state: { verdict, failures, credentials, ...written }, probe: 'notDue' };
    }
  }

  /** Makes the state the one that counts. Requests hear of it when it means something new to them. */
  #adopt(key: string, name: IssuerName, state: IssuerState): void {
    const before = this.#states.get(key);
    if (before === state) return;
    this.#states.set(key, state);
    if (before?.lease !== state.lease) before?.lease?.retire();
    const { verdict } = state;
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
    if (this.#shown(key, state).ready) this.#deps.logger.info(facts, 'issuer is ready');
    else if (!verdict.ready) this.#deps.logger.warn({ ...facts, problem: verdict.message }, 'issuer is not ready');
    this.#deps.changed(key);
  }

  async #report(key: string, issuer: Issuer, state: IssuerState, signal: AbortSignal): Promise<void> {
    const { clock, recorder, trust, metrics, revocationTrouble } = this.#deps;
    const { ready, reason, message, generation } = this.#shown(key, state);
    metrics.issuerReady(issuerLabels(issuerName(issuer)), ready);
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

  /** What the status says: an issuer whose CA cannot be used is not ready, although it is configured well. */
  #shown(key: string, { verdict }: IssuerState): IssuerVerdict {
    const trouble = verdict.ready ? this.#deps.probing.trouble(key) : undefined;
    return trouble === undefined ? verdict : { ...verdict, ready: false, reason: 'Error', message: bounded(trouble) };
  }

  #drop(key: string, name: IssuerName): void {
    this.#deps.watches.set(key, []);
    this.#deps.trust.forget(key);
    this.#deps.probing.forget(key);
    this.#deps.gates.drop(key);
    this.#deps.metrics.issuerGone(issuerLabels(name));
    this.#states.get(key)?.lease?.retire();
    this.#states.delete(key);
    this.#queue.remove(key);
    this.#deps.changed(key);
  }
}

/** The key of an issuer object. */
export const keyOfIssuer = (issuer: Issuer): string => issuerKey(issuerName(issuer));
