import type { CertificateRequest } from '../api/certificate-request.js';
import { isTrue } from '../api/conditions.js';
import type { Transaction } from '../api/transaction.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import { type ObjectStore, objectKey, objectRef } from '../kube/store.js';
import type { WorkItem, WorkQueue } from '../kube/work-queue.js';
import type { Logger } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import { type Action, decide, isFinished } from './decide.js';
import { type IssuerName, issuerKey, issuerOf } from './issuer-key.js';
import type { IssuerView } from './issuer-view.js';
import { requestEvent } from './request-events.js';
import { type ExchangeDeps, type ExchangeSubject, RequestExchange } from './request-exchange.js';
import type { RequestRecord } from './request-record.js';
import type { RequestNews } from './request-status.js';
import type { RequestWriter } from './request-writer.js';
import { Withdrawals } from './withdrawals.js';

export interface RequestControllerDeps extends ExchangeDeps {
  readonly requests: ObjectStore<CertificateRequest>;
  readonly writer: RequestWriter;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
}

/** A request that decided about itself too often in one go lets others have the worker. */
const MAX_STEPS = 4;

/** When a record could not be written, it is tried again this often, in milliseconds. */
const KEEP_AGAIN_MS = 30_000;

type Timing = 'now' | { readonly at: Date } | undefined;

/** Executes what `decide` says about CertificateRequests, one key at a time; the queue sees to that. */
export class RequestController {
  readonly #deps: RequestControllerDeps;
  readonly #queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>;
  readonly #exchange: RequestExchange;
  readonly #records = new Map<string, RequestRecord>();
  readonly #withdrawals: Withdrawals;

  constructor(deps: RequestControllerDeps, queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>) {
    this.#deps = deps;
    this.#queue = queue;
    this.#exchange = new RequestExchange(deps);
    this.#withdrawals = new Withdrawals(deps);
  }

  /** The object is new or has changed. */
  changed(request: CertificateRequest): void {
    const name = issuerOf(request);
    const { uid } = request.metadata;
    if (name === undefined || uid === undefined) return;
    const key = objectKey(request.metadata);
    if (!isFinished(request)) {
      this.#queue.add(issuerKey(name), key);
      return;
    }
    this.#queue.remove(key);
    this.#forget(request, !isTrue(request.status?.conditions, 'Ready'));
    if (this.#deps.transactions.has(request, uid)) this.#queue.add(issuerKey(name), key);
  }

  /** The object is gone; `last` is what it was. */
  deleted(last: CertificateRequest): void {
    if (issuerOf(last) === undefined) return;
    this.#queue.remove(objectKey(last.metadata));
    this.#forget(last, true);
  }

  /** A record of an exchange turned up: that of a finished request is of no use any more. */
  recordSeen({ metadata: { namespace }, spec: { requestRef } }: Transaction): void {
    const ref = { ...(namespace !== undefined && { namespace }), name: requestRef.name };
    const request = this.#deps.requests.get(ref);
    const name = request && issuerOf(request);
    if (request?.metadata.uid === requestRef.uid && name !== undefined && isFinished(request))
      this.#queue.add(issuerKey(name), objectKey(ref));
  }

  /** A record of an exchange is gone. */
  recordGone({ spec }: Transaction): void {
    this.#deps.transactions.forget(spec.requestRef.uid);
  }

  /** Works on one request until there is nothing to do for now. Throws when a write must be tried again. */
  async reconcile({ group, key }: WorkItem, signal: AbortSignal): Promise<void> {
    await this.#withdrawals.callOff(key, signal);
    for (let step = 0; step < MAX_STEPS; step++) {
      const request = this.#deps.requests.get(objectRef(key));
      const name = request && issuerOf(request);
      const uid = request?.metadata.uid;
      if (request === undefined || name === undefined || uid === undefined) return;
      const view = this.#deps.issuers.view(name);
      const action = decide(request, view, this.#record(request, uid), this.#deps.clock.now());
      const next = await this.#execute(action, request, uid, name, view, signal);
      if (next === undefined || signal.aborted) {
        this.#queue.forget(key);
        return;
      }
      if (next !== 'now') {
        this.#queue.forget(key);
        this.#queue.addAfter(group, key, next.at.getTime() - this.#deps.clock.now().getTime());
        return;
      }
    }
    this.#queue.add(group, key);
  }

  /** What is known of a request, in this process or from an earlier one. */
  #record(request: CertificateRequest, uid: string): RequestRecord | undefined {
    const known = this.#records.get(uid);
    if (known !== undefined) return known;
    const saved = this.#deps.transactions.find(request, uid);
    if (saved === undefined) return undefined;
    const record: RequestRecord = { phase: 'waiting', issuerRevision: '', inherited: true, ...saved };
    this.#records.set(uid, record);
    return record;
  }

  async #execute(
    action: Action,
    request: CertificateRequest,
    uid: string,
    name: IssuerName,
    view: IssuerView,
    signal: AbortSignal,
  ): Promise<Timing> {
    switch (action.kind) {
      case 'ignore':
        if (action.because === 'finished') await this.#deps.transactions.remove(request, uid, signal);
        return undefined;
      case 'awaitApproval':
        return undefined;
      case 'deny':
        await this.#write(action, request, uid, { kind: 'denied', message: action.message }, signal);
        return undefined;
      case 'fail': {
        const { message, invalidRequest } = action;
        await this.#write(action, request, uid, { kind: 'failed', message, invalidRequest }, signal);
        return undefined;
      }
      case 'publish':
        await this.#write(action, request, uid, { kind: 'issued', outcome: action.outcome }, signal);
        return undefined;
      case 'awaitIssuer':
        await this.#write(action, request, uid, { kind: 'pending', message: action.message }, signal);
        return undefined;
      case 'wait':
        await this.#write(action, request, uid, { kind: 'pending', message: action.message }, signal);
        return {
          at: view.state === 'ready' ? await this.#kept(action.until, request, uid, name, view, signal) : action.until,
        };
      case 'enroll':
      case 'resume': {
        if (view.state !== 'ready') return undefined;
        const subject = this.#subject(request, uid, name, view);
        const record = await this.#exchange.run(action, subject, this.#records.get(uid), signal);
        if (record === undefined) return 'now';
        // Kept before anything else can happen; writing it is the next step.
        this.#records.set(uid, record);
        if (this.#current(request)?.metadata.uid === uid) return 'now';
        this.#forget(request, true);
        return undefined;
      }
      default:
        return unreachable(action);
    }
  }

  /** Sees to it that a suspended exchange is recorded. When to come back. */
  async #kept(
    until: Date,
    request: CertificateRequest,
    uid: string,
    name: IssuerName,
    view: Extract<IssuerView, { state: 'ready' }>,
    signal: AbortSignal,
  ): Promise<Date> {
    const record = this.#records.get(uid);
    if (record?.phase !== 'waiting') return until;
    if (await this.#exchange.keep(record, this.#subject(request, uid, name, view), signal)) return until;
    return new Date(Math.min(until.getTime(), this.#deps.clock.now().getTime() + KEEP_AGAIN_MS));
  }

  #subject(
    request: CertificateRequest,
    uid: string,
    name: IssuerName,
    view: Extract<IssuerView, { state: 'ready' }>,
  ): ExchangeSubject {
    const isWanted = () => {
      const now = this.#current(request);
      return (
        now?.metadata.uid === uid &&
        now.metadata.deletionTimestamp === undefined &&
        !isFinished(now) &&
        !isTrue(now.status?.conditions, 'Denied')
      );
    };
    return { request, uid, name, view, logger: this.#logger(request, name), isWanted };
  }

  #current({ metadata }: CertificateRequest): CertificateRequest | undefined {
    return this.#deps.requests.get(objectRef(objectKey(metadata)));
  }

  async #write(
    action: Action,
    request: CertificateRequest,
    uid: string,
    news: RequestNews,
    signal: AbortSignal,
  ): Promise<void> {
    const result = await this.#deps.writer.write(request, uid, news, signal);
    if (result === 'unchanged') return;
    if (result === 'gone') {
      this.#forget(request, true);
      return;
    }
    const event = requestEvent(request, action);
    if (event !== undefined) this.#deps.recorder.record(event);
    if (news.kind === 'pending') return;
    if (news.kind !== 'issued') this.#leave(request, this.#records.get(uid));
    this.#records.set(uid, { phase: 'done' });
    await this.#deps.transactions.remove(request, uid, signal);
  }

  /** Drops what is known of a request. `unclaimed`: if it had a certificate, nobody will ever get it. */
  #forget(request: CertificateRequest, unclaimed: boolean): void {
    const { uid } = request.metadata;
    if (uid === undefined) return;
    if (unclaimed) this.#leave(request, this.#records.get(uid));
    this.#records.delete(uid);
    this.#deps.writer.forget(uid);
  }

  /** Nobody waits any more for what was begun: the CA is told, as far as it can be, and what may be left there is named. */
  #leave(request: CertificateRequest, record: RequestRecord | undefined): void {
    const name = issuerOf(request);
    if (name === undefined || record === undefined) return;
    const logger = this.#logger(request, name);
    if (record.phase === 'issued')
      this.#deps.orphans.name({ fate: 'undelivered', certificate: record.outcome.details }, request, name, logger);
    if (record.phase === 'waiting')
      this.#queue.add(issuerKey(name), this.#withdrawals.add({ request, name, record, logger }));
  }

  #logger(request: CertificateRequest, name: IssuerName): Logger {
    const { metadata } = request;
    return this.#deps.logger.child({
      certificateRequest: objectKey(metadata),
      uid: metadata.uid,
      issuer: issuerKey(name),
    });
  }
}
