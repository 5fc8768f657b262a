import type { Transaction } from '../api/transaction.js';
import { ApiError, isForbidden } from '../kube/api-error.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import { type ObjectStore, objectKey, objectRef } from '../kube/store.js';
import type { WorkItem, WorkQueue } from '../kube/work-queue.js';
import type { Logger } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import { type Action, decide } from './decide.js';
import type { GateLimits } from './exchange-gate.js';
import type { ExchangeGates } from './exchange-gates.js';
import { type IssuerName, issuerKey } from './issuer-key.js';
import type { IssuerView } from './issuer-view.js';
import { duringOutage } from './next-record.js';
import { undeliveredOrphan } from './orphans.js';
import { forbiddenEvent, requestEvent } from './request-events.js';
import { type ExchangeDeps, type ExchangeSubject, RequestExchange } from './request-exchange.js';
import type { RequestNews } from './request-news.js';
import { PROMPT_RANK, requestRank } from './request-rank.js';
import type { RequestRecord } from './request-record.js';
import type { RequestWriter } from './request-writer.js';
import type { Keeper } from './revocation/keeper.js';
import type { SigningRequest } from './signing-request.js';
import { requestOf } from './transaction-records.js';
import { Withdrawals } from './withdrawals.js';

export interface RequestControllerDeps extends ExchangeDeps {
  readonly requests: Pick<ObjectStore<SigningRequest>, 'get'>;
  readonly gates: Pick<ExchangeGates, 'of' | 'leave' | 'hasCalled'>;
  readonly writer: RequestWriter;
  readonly keeper: Pick<Keeper, 'keep'>;
  readonly recorder: EventRecorder;
  readonly logger: Logger;
}

/** A request that decided about itself too often in one go lets others have the worker. */
const MAX_STEPS = 4;

/** When a record could not be written, it is tried again this often, in milliseconds. */
const KEEP_AGAIN_MS = 30_000;

/** Who waits longer than this for the rate of its issuer is told so. */
const LONG_LINE_MS = 30_000;

type Timing = 'now' | { readonly at: Date } | undefined;

/** Executes what `decide` says about requests, one key at a time; the queue sees to that. */
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
  changed(request: SigningRequest): void {
    const { issuer, metadata, state } = request;
    if (issuer === undefined) return;
    const key = objectKey(metadata);
    if (state === 'open') {
      this.#queue.add(issuerKey(issuer), key);
      return;
    }
    this.#queue.remove(key);
    this.#deps.gates.leave(issuerKey(issuer), key);
    this.#forget(request, state !== 'issued');
    if (this.#deps.transactions.has(request)) this.#queue.add(issuerKey(issuer), key);
  }

  /** The object is gone; `last` is what it was, unless that is unknown: then it is what we saw of it last. */
  deleted(last: SigningRequest, finalStateUnknown = false): void {
    if (last.issuer === undefined) return;
    const key = objectKey(last.metadata);
    this.#queue.remove(key);
    this.#deps.gates.leave(issuerKey(last.issuer), key);
    this.#forget(last, last.state !== 'issued', last.state === 'open' && !finalStateUnknown);
    // That the record is gone may have been told before we knew that we had removed it.
    const { uid } = last.metadata;
    if (uid !== undefined) this.#deps.transactions.forget(uid);
  }

  /** How soon this one goes among those of its issuer that wait: lower goes first. */
  rank({ group, key }: WorkItem): number {
    if (this.#deps.gates.hasCalled(group, key)) return PROMPT_RANK;
    const request = this.#deps.requests.get(objectRef(key));
    return request === undefined ? PROMPT_RANK : requestRank(request, this.#record(request));
  }

  /** A record of an exchange turned up: that of a finished request is of no use any more. */
  recordSeen(transaction: Transaction): void {
    const ref = requestOf(transaction);
    const request = this.#deps.requests.get(ref);
    if (
      request?.metadata.uid === transaction.spec.requestRef.uid &&
      request.issuer !== undefined &&
      request.state !== 'open'
    )
      this.#queue.add(issuerKey(request.issuer), objectKey(ref));
  }

  /** A record of an exchange is gone. */
  recordGone({ spec }: Transaction): void {
    this.#deps.transactions.forget(spec.requestRef.uid);
  }

  /**
   * Works on one request until there is nothing to do for now. Throws when a write must be tried again. Workers bound what
   * the CA is asked at a time: handing out a certificate needs none. A failure keeps its worker until it is written, so that
   * the next request does not run into the same outage before it is known for one.
   */
  async reconcile({ group, key }: WorkItem, signal: AbortSignal, freeWorker: () => void): Promise<void> {
    await this.#withdrawals.callOff(key, (issuer) => this.#queue.add(issuer, key), signal);
    for (let step = 0; step < MAX_STEPS; step++) {
      const request = this.#deps.requests.get(objectRef(key));
      const name = request?.issuer;
      if (request === undefined || name === undefined) return;
      const view = this.#deps.issuers.view(name);
      const action = decide(request, view, this.#record(request), this.#deps.clock.now());
      const next = await this.#execute(action, request, name, view, signal);
      if (next === undefined || signal.aborted) {
        this.#queue.forget(key);
        return;
      }
      if (next !== 'now') {
        this.#queue.forget(key);
        this.#queue.addAfter(group, key, next.at.getTime() - this.#deps.clock.now().getTime());
        return;
      }
      if (this.#record(request)?.phase === 'issued') freeWorker();
    }
    this.#queue.add(group, key);
  }

  /** What is known of a request, in this process or from an earlier one. */
  #record(request: SigningRequest): RequestRecord | undefined {
    const { uid } = request.metadata;
    const known = this.#records.get(uid);
    if (known !== undefined) return known;
    const saved = this.#deps.transactions.find(request);
    if (saved === undefined) return undefined;
    const record: RequestRecord = { phase: 'waiting', issuerRevision: '', inherited: true, ...saved };
    this.#records.set(uid, record);
    return record;
  }

  async #execute(
    action: Action,
    request: SigningRequest,
    name: IssuerName,
    view: IssuerView,
    signal: AbortSignal,
  ): Promise<Timing> {
    const issuer = issuerKey(name);
    const key = objectKey(request.metadata);
    if (action.kind !== 'enroll' && action.kind !== 'resume') this.#deps.gates.leave(issuer, key);
    switch (action.kind) {
      case 'ignore':
        if (action.because !== 'finished') return undefined;
        // Unless it is we who finished it: then our copy lags behind, and the record keeps us from doing it again.
        if (request.state !== 'open') this.#forget(request, request.state !== 'issued');
        await this.#deps.transactions.remove(request, signal);
        return undefined;
      case 'awaitApproval':
        return undefined;
      case 'deny':
        await this.#write(action, request, { kind: 'denied', message: action.message }, signal);
        return undefined;
      case 'fail': {
        const { reason, message } = action;
        await this.#write(action, request, { kind: 'failed', reason, message }, signal);
        return undefined;
      }
      case 'publish':
        this.#records.set(request.metadata.uid, { phase: 'issued', outcome: action.outcome, offered: true });
        // Before anybody can have the certificate: a crash in between must not lose what is to be revoked one day.
        await this.#deps.keeper.keep(request, name, action.outcome.chain, signal);
        await this.#write(action, request, { kind: 'issued', outcome: action.outcome }, signal);
        return undefined;
      case 'decline':
      case 'awaitIssuer':
        if (action.kind === 'awaitIssuer' && view.state === 'ready') this.#awaitEndOfOutage(request);
        await this.#write(action, request, { kind: 'pending', message: action.message }, signal);
        return undefined;
      case 'wait':
        await this.#write(action, request, waitNews(action), signal);
        return {
          at: view.state === 'ready' ? await this.#kept(action.until, request, name, view, signal) : action.until,
        };
      case 'enroll':
      case 'resume': {
        if (view.state !== 'ready') return undefined;
        const previous = this.#records.get(request.metadata.uid);
        const gate = this.#deps.gates.of(issuer);
        const turn = gate.ask(key, requestRank(request, previous), () => this.#queue.add(issuer, key));
        if (turn === undefined) {
          if (gate.lineMs > LONG_LINE_MS) await this.#write(action, request, inLine(gate.limits), signal);
          return undefined;
        }
        const subject = this.#subject(request, name, view);
        const record = await this.#exchange.run(action, turn, subject, previous, signal);
        if (record === undefined) return 'now';
        // Kept before anything else can happen; writing it is the next step.
        this.#records.set(request.metadata.uid, record);
        if (this.#current(request)?.metadata.uid === request.metadata.uid) return 'now';
        this.#forget(request, true);
        return undefined;
      }
      default:
        return unreachable(action);
    }
  }

  /** The CA is asked as soon as the outage is over. */
  #awaitEndOfOutage({ metadata: { uid } }: SigningRequest): void {
    const record = duringOutage(this.#records.get(uid), this.#deps.clock.now());
    if (record !== undefined) this.#records.set(uid, record);
  }

  /** Sees to it that a suspended exchange is recorded. When to come back. */
  async #kept(
    until: Date,
    request: SigningRequest,
    name: IssuerName,
    view: Extract<IssuerView, { state: 'ready' }>,
    signal: AbortSignal,
  ): Promise<Date> {
    const record = this.#records.get(request.metadata.uid);
    if (record?.phase !== 'waiting') return until;
    if (await this.#exchange.keep(record, this.#subject(request, name, view), signal)) return until;
    return new Date(Math.min(until.getTime(), this.#deps.clock.now().getTime() + KEEP_AGAIN_MS));
  }

  #subject(request: SigningRequest, name: IssuerName, view: Extract<IssuerView, { state: 'ready' }>): ExchangeSubject {
    const isWanted = () => {
      const now = this.#current(request);
      return (
        now?.metadata.uid === request.metadata.uid &&
        now.metadata.deletionTimestamp === undefined &&
        now.state === 'open' &&
        now.approval !== 'denied'
      );
    };
    return { request, name, view, logger: this.#logger(request), isWanted };
  }

  #current({ metadata }: SigningRequest): SigningRequest | undefined {
    return this.#deps.requests.get(objectRef(objectKey(metadata)));
  }

  async #write(action: Action, request: SigningRequest, news: RequestNews, signal: AbortSignal): Promise<void> {
    const result = await this.#tell(request, news, signal);
    // If it is gone, we are going to hear how it ended: only that tells whether an earlier try of this write came through.
    if (result === 'unchanged' || result === 'gone') return;
    const event = requestEvent(request, action);
    if (event !== undefined) this.#deps.recorder.record(event);
    if (event !== undefined && result === 'unsaid')
      this.#logger(request).info({ reason: event.reason, note: event.note }, 'told in an event only');
    if (news.kind === 'pending') return;
    if (news.kind !== 'issued') this.#leave(request, this.#records.get(request.metadata.uid));
    this.#records.set(request.metadata.uid, { phase: 'done' });
    await this.#deps.transactions.remove(request, signal);
  }

  async #tell(request: SigningRequest, news: RequestNews, signal: AbortSignal) {
    try {
      return await this.#deps.writer.write(request, news, signal);
    } catch (error) {
      // It is tried again, but nobody who looks at the request would ever know why nothing happens.
      if (error instanceof ApiError && isForbidden(error)) this.#deps.recorder.record(forbiddenEvent(request, error));
      throw error;
    }
  }

  /**
   * Drops what is known of a request. `unclaimed`: if it had a certificate, nobody will ever get it. `certainly`: the API
   * server says that it ended without one, whatever we or others tried.
   */
  #forget(request: SigningRequest, unclaimed: boolean, certainly = false): void {
    const { uid } = request.metadata;
    if (unclaimed) this.#leave(request, this.#records.get(uid), certainly);
    this.#records.delete(uid);
    this.#deps.writer.forget(uid);
  }

  /** Nobody waits any more for what was begun: the CA is told, as far as it can be, and what may be left there is named. */
  #leave(request: SigningRequest, record: RequestRecord | undefined, certainly = false): void {
    const name = request.issuer;
    if (name === undefined || record === undefined) return;
    const logger = this.#logger(request);
    if (record.phase === 'issued') {
      const orphan = undeliveredOrphan(record.outcome, certainly || record.offered !== true);
      this.#deps.orphans.name(orphan, request, name, logger);
    }
    if (record.phase === 'waiting') {
      // An earlier process may have delivered it.
      const left = record.inherited && !certainly ? { ...record, hearsay: true as const } : record;
      this.#queue.add(issuerKey(name), this.#withdrawals.add({ request, name, record: left, logger }));
    }
  }

  #logger({ kind, metadata, issuer }: SigningRequest): Logger {
    return this.#deps.logger.child({
      [`${kind.charAt(0).toLowerCase()}${kind.slice(1)}`]: objectKey(metadata),
      uid: metadata.uid,
      ...(issuer !== undefined && { issuer: issuerKey(issuer) }),
    });
  }
}

/** Times that the CA sets are not told: they change with each poll. */
const waitNews = ({ cause, message, until }: Extract<Action, { kind: 'wait' }>): RequestNews => ({
  kind: 'pending',
  message,
  ...(cause === 'failure' && { nextTry: until }),
});

const inLine = ({ requestsPerSecond }: GateLimits): RequestNews => ({
  kind: 'pending',
  message: `Waiting in line: spec.limits.requestsPerSecond of the issuer lets ${requestsPerSecond} exchanges with the CA begin per second`,
});
