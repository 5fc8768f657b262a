import type { CertificateRequest } from '../api/certificate-request.js';
import { isTrue } from '../api/conditions.js';
import type { EnrollmentOutcome } from '../enrollment/enroller.js';
import { EnrollmentError } from '../enrollment/error.js';
import type { KubeClient } from '../kube/client.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import { type ObjectStore, objectKey, objectRef } from '../kube/store.js';
import type { WorkItem, WorkQueue } from '../kube/work-queue.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import type { Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { unreachable } from '../runtime/unreachable.js';
import { type Action, decide, isFinished } from './decide.js';
import type { EnrollerLease } from './enroller-lease.js';
import { enrollmentRequest } from './enrollment-request.js';
import { type IssuerName, issuerKey, issuerLabels, issuerOf } from './issuer-key.js';
import type { IssuerView } from './issuer-view.js';
import { recordFailure, recordOutcome } from './next-record.js';
import { requestEvent } from './request-events.js';
import type { IssuedOutcome, RequestRecord } from './request-record.js';
import type { RequestNews } from './request-status.js';
import type { RequestWriter } from './request-writer.js';

/** What requests need of issuers. */
export interface IssuerDirectory {
  view(name: IssuerName): IssuerView;
  /** The way to the CA of a ready issuer, of the very revision that `view` told. */
  lease(name: IssuerName, revision: string): EnrollerLease | undefined;
}

export interface RequestControllerDeps {
  readonly requests: ObjectStore<CertificateRequest>;
  readonly issuers: IssuerDirectory;
  readonly client: KubeClient;
  readonly writer: RequestWriter;
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

/** A request that decided about itself too often in one go lets others have the worker. */
const MAX_STEPS = 4;

type Timing = 'now' | { readonly at: Date } | undefined;

/** Executes what `decide` says about CertificateRequests, one key at a time; the queue sees to that. */
export class RequestController {
  readonly #deps: RequestControllerDeps;
  readonly #queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>;
  readonly #records = new Map<string, RequestRecord>();

  constructor(deps: RequestControllerDeps, queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>) {
    this.#deps = deps;
    this.#queue = queue;
  }

  /** The object is new or has changed. */
  changed(request: CertificateRequest): void {
    const name = issuerOf(request);
    if (name === undefined) return;
    if (isFinished(request)) {
      this.#forget(request, !isTrue(request.status?.conditions, 'Ready'));
      this.#queue.remove(objectKey(request.metadata));
    } else this.#queue.add(issuerKey(name), objectKey(request.metadata));
  }

  /** The object is gone; `last` is what it was. */
  deleted(last: CertificateRequest): void {
    if (issuerOf(last) === undefined) return;
    this.#forget(last, true);
    this.#queue.remove(objectKey(last.metadata));
  }

  /** Works on one request until there is nothing to do for now. Throws when a write must be tried again. */
  async reconcile({ group, key }: WorkItem, signal: AbortSignal): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step++) {
      const request = this.#deps.requests.get(objectRef(key));
      const name = request && issuerOf(request);
      const uid = request?.metadata.uid;
      if (request === undefined || name === undefined || uid === undefined) return;
      const view = this.#deps.issuers.view(name);
      const action = decide(request, view, this.#records.get(uid), this.#deps.clock.now());
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
        return { at: action.until };
      case 'enroll':
      case 'resume':
        return view.state === 'ready' ? this.#exchange(action, request, uid, name, view, signal) : undefined;
      default:
        return unreachable(action);
    }
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
    if (news.kind !== 'pending') this.#records.set(uid, { phase: 'done' });
    const event = requestEvent(request, action);
    if (event !== undefined) this.#deps.recorder.record(event);
  }

  /** One exchange with the CA. Its result is kept before anything else can happen; writing it is the next step. */
  async #exchange(
    action: Extract<Action, { kind: 'enroll' | 'resume' }>,
    request: CertificateRequest,
    uid: string,
    name: IssuerName,
    view: Extract<IssuerView, { state: 'ready' }>,
    signal: AbortSignal,
  ): Promise<Timing> {
    const { clock, metrics, client, issuers, uniform } = this.#deps;
    const logger = this.#logger(request, name);
    const previous = this.#records.get(uid);
    const started = clock.monotonic();
    const tookMs = () => Math.round(clock.monotonic() - started);
    metrics.exchangesUnderWay(1);
    let record: RequestRecord;
    try {
      const lease = issuers.lease(name, view.revision);
      const outcome = await lease?.use((enroller) => {
        const wanted = enrollmentRequest({ client, logger, backend: lease.backend, signal }, request, uid);
        return action.kind === 'enroll'
          ? enroller.enroll(wanted, signal)
          : enroller.resume(wanted, action.state, signal);
      });
      // The issuer changed since `view`: look again.
      if (outcome === undefined) return 'now';
      record = recordOutcome(outcome, { now: clock.now(), uniform, issuer: view });
      metrics.enrolled(issuerLabels(name), outcome.kind, tookMs());
      logOutcome(logger, outcome, tookMs());
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = asEnrollmentError(thrown);
      record = recordFailure(error, previous, { now: clock.now(), uniform, issuer: view });
      metrics.enrolled(issuerLabels(name), error.code, tookMs());
      logger.warn(
        { ...failureFacts(error), durationMs: tookMs() },
        error.retry === 'request' ? 'request refused' : 'exchange with the CA failed, trying again later',
      );
    } finally {
      metrics.exchangesUnderWay(-1);
    }
    this.#records.set(uid, record);
    const now = this.#deps.requests.get(objectRef(objectKey(request.metadata)));
    if (now?.metadata.uid === uid) return 'now';
    this.#forget(request, true);
    return undefined;
  }

  /** Drops what is known of a request. `unclaimed`: if it had a certificate, nobody will ever get it. */
  #forget(request: CertificateRequest, unclaimed: boolean): void {
    const { uid } = request.metadata;
    if (uid === undefined) return;
    const record = this.#records.get(uid);
    const name = issuerOf(request);
    if (unclaimed && name !== undefined && record?.phase === 'issued') {
      this.#deps.metrics.certificateUnclaimed(issuerLabels(name));
      this.#logger(request, name).warn(
        certificateFacts(record.outcome),
        'the request went away before its certificate could be delivered: consider revoking the certificate',
      );
    }
    this.#records.delete(uid);
    this.#deps.writer.forget(uid);
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

function certificateFacts({ details, chain, ca, notes }: IssuedOutcome) {
  const { serial, subject, issuer, notAfter, body, protection, confirmation } = details;
  return {
    serial,
    subject,
    issuedBy: issuer,
    notAfter: notAfter.toISOString(),
    body,
    protection,
    confirmation,
    chainLength: chain.length,
    caCount: ca.length,
    ...(notes.length > 0 && { notes }),
  };
}

function failureFacts({ code, retry, message, failInfo, cause }: EnrollmentError) {
  return {
    code,
    retry,
    problem: message,
    ...(failInfo.length > 0 && { failInfo }),
    // The causes of all others are told in their messages.
    ...(code === 'Internal' && { error: cause }),
  };
}

function logOutcome(logger: Logger, outcome: EnrollmentOutcome, durationMs: number): void {
  if (outcome.kind === 'issued') logger.info({ ...certificateFacts(outcome), durationMs }, 'certificate issued');
  else
    logger.info(
      { notBefore: outcome.notBefore.toISOString(), reason: outcome.reason, durationMs },
      'waiting for the CA',
    );
}

/** Whatever else is thrown is a fault of ours: never final for the request, and loud in the log. */
function asEnrollmentError(error: unknown): EnrollmentError {
  if (error instanceof EnrollmentError) return error;
  return new EnrollmentError({
    code: 'Internal',
    retry: 'transient',
    message: 'internal error during enrolment: the log of the controller has the details; it is tried again',
    cause: error,
  });
}
