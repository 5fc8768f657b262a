import type { EnrollmentOutcome, HeldCertificate } from '../enrollment/enroller.js';
import { EnrollmentError } from '../enrollment/error.js';
import { reachabilityAfter, reachabilityOf } from '../enrollment/reachability.js';
import { isConflict, isTransient } from '../kube/api-error.js';
import type { KubeClient } from '../kube/client.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import { Backoff, type BackoffPolicy, type Uniform } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Action } from './decide.js';
import type { EnrollerLease } from './enroller-lease.js';
import { enrollmentRequest } from './enrollment-request.js';
import type { Turn } from './exchange-gate.js';
import { type IssuerName, issuerLabels } from './issuer-key.js';
import type { IssuerView } from './issuer-view.js';
import { recordFailure, recordOutcome } from './next-record.js';
import { leftoverOrphan, type Orphan, type Orphans, suspendedOrphan } from './orphans.js';
import type { IssuedOutcome, RequestRecord, SuspendedExchange } from './request-record.js';
import type { SigningRequest } from './signing-request.js';
import type { TransactionRecords } from './transaction-records.js';

/** What requests need of issuers. */
export interface IssuerDirectory {
  view(name: IssuerName): IssuerView;
  /** The way to the CA of a ready issuer, of the very revision that `view` told. */
  lease(name: IssuerName, revision: string): EnrollerLease | undefined;
}

export interface ExchangeDeps {
  readonly issuers: IssuerDirectory;
  readonly client: KubeClient;
  readonly transactions: TransactionRecords;
  readonly orphans: Orphans;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  readonly uniform: Uniform;
}

/** One request and its ready issuer, as decided about. */
export interface ExchangeSubject {
  readonly request: SigningRequest;
  readonly name: IssuerName;
  readonly view: Extract<IssuerView, { state: 'ready' }>;
  readonly logger: Logger;
  /** Whether anybody still waits for a certificate of this request. */
  readonly isWanted: () => boolean;
}

/** Well below the time in which CAs want a certificate to be confirmed. */
const HOLD_PATIENCE_MS = 30_000;
const KEEP_BACKOFF: BackoffPolicy = { initialMs: 1_000, maxMs: 5_000 };

/** Takes one request to the CA, or goes on with what was begun, and turns whatever comes of it into the next record. */
export class RequestExchange {
  readonly #deps: ExchangeDeps;

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
  }

  /** Undefined when the issuer changed since `view`, or the signal aborted: look again. Ends the turn. Does not throw. */
  async run(
    action: Extract<Action, { kind: 'enroll' | 'resume' }>,
    turn: Turn,
    subject: ExchangeSubject,
    previous: RequestRecord | undefined,
    signal: AbortSignal,
  ): Promise<RequestRecord | undefined> {
    const { clock, metrics, client, issuers, uniform } = this.#deps;
    const { request, name, view, logger } = subject;
    const { attempt } = action;
    const hearsay = action.kind === 'resume' && previous?.phase === 'waiting' ? previous.hearsay : undefined;
    const context = () => ({ now: clock.now(), uniform, issuer: view, attempt });
    const started = clock.monotonic();
    const tookMs = () => Math.round(clock.monotonic() - started);
    const lease = issuers.lease(name, view.revision);
    try {
      const outcome = await lease?.use((enroller) => {
        const from = { client, logger, backend: lease.backend, signal };
        const hold = (held: HeldCertificate) => this.#hold(held, subject, attempt, signal);
        const repeated = previous?.phase === 'waiting' && (previous.inherited ?? previous.failure !== undefined);
        const wanted = { ...enrollmentRequest(from, request), attempt, hold, repeated };
        return action.kind === 'enroll'
          ? enroller.enroll(wanted, signal)
          : enroller.resume(wanted, action.state, signal);
      });
      if (outcome === undefined) return undefined;
      turn.end(reachabilityOf(outcome), outcome.kind === 'pending' ? outcome.failure : undefined);
      // What another incarnation of the issuer began is not gone on with: a new exchange took its place.
      if (action.kind === 'enroll' && previous?.phase === 'waiting') this.#nameSuspended(previous, subject);
      metrics.enrolled(issuerLabels(name), outcome.kind, tookMs());
      logOutcome(logger, outcome, attempt, tookMs());
      const next = recordOutcome(outcome, context());
      const record = next.phase === 'waiting' && hearsay ? { ...next, hearsay } : next;
      if (record.phase === 'waiting') await this.keep(record, subject, signal);
      return record;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = asEnrollmentError(thrown);
      turn.end(reachabilityAfter(error), error);
      const record = recordFailure(error, previous, context());
      metrics.enrolled(issuerLabels(name), error.code, tookMs());
      logger.warn(
        { ...failureFacts(error), attempt, durationMs: tookMs() },
        error.retry === 'request' ? 'request refused' : 'exchange with the CA failed, trying again later',
      );
      if (error.leftover !== undefined) this.#name(leftoverOrphan(error.leftover, hearsay), subject);
      else if (previous?.phase === 'waiting' && record.phase !== 'waiting') this.#nameSuspended(previous, subject);
      return record;
    } finally {
      turn.cancel();
    }
  }

  /**
   * Keeps a suspended exchange for other processes; false when that did not work within `patienceMs`, which the log tells.
   * It then goes on in this process all the same.
   */
  async keep(
    exchange: SuspendedExchange,
    subject: ExchangeSubject,
    signal: AbortSignal,
    patienceMs = 0,
  ): Promise<boolean> {
    const { clock, transactions, uniform } = this.#deps;
    const { request, name, logger } = subject;
    const until = clock.monotonic() + patienceMs;
    const backoff = new Backoff(KEEP_BACKOFF, uniform);
    for (;;) {
      try {
        const replaced = await transactions.save(request, name, exchange, signal);
        if (replaced !== undefined) this.#nameSuspended(replaced, subject);
        return true;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const waitMs = backoff.next();
        if ((isTransient(error) || isConflict(error)) && clock.monotonic() + waitMs < until) {
          await clock.sleep(waitMs, signal);
          continue;
        }
        logger.warn(
          { error },
          'the exchange cannot be recorded as a CMPv2Transaction: if this process ends now, it begins anew. ' +
            'Are crds/ and helm/permissions.yaml of this version applied?',
        );
        return false;
      }
    }
  }

  /**
   * Before a certificate is confirmed. While the API server is out of order, the certificate waits for it a little: once
   * confirmed without a record, it would be confirmed in vain if this process ended, too. But it must not be lost for that.
   */
  async #hold(
    { state, certificate }: HeldCertificate,
    subject: ExchangeSubject,
    attempt: number,
    signal: AbortSignal,
  ): Promise<'wanted' | 'unwanted'> {
    if (!subject.isWanted()) return 'unwanted';
    const exchange: SuspendedExchange = {
      attempt,
      state,
      certificate,
      issuerUid: subject.view.uid,
      notBefore: this.#deps.clock.now(),
      message: '',
    };
    await this.keep(exchange, subject, signal, HOLD_PATIENCE_MS);
    return subject.isWanted() ? 'wanted' : 'unwanted';
  }

  #nameSuspended(exchange: SuspendedExchange, subject: ExchangeSubject): void {
    const orphan = suspendedOrphan(exchange);
    if (orphan !== undefined) this.#name(orphan, subject);
  }

  #name(orphan: Orphan, { request, name, logger }: ExchangeSubject): void {
    this.#deps.orphans.name(orphan, request, name, logger);
  }
}

export function certificateFacts({ details, chain, ca, notes }: IssuedOutcome) {
  const { serial, subject, issuer, notBefore, notAfter, body, protection, confirmation } = details;
  return {
    serial,
    subject,
    issuedBy: issuer,
    notBefore: notBefore.toISOString(),
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

function logOutcome(logger: Logger, outcome: EnrollmentOutcome, attempt: number, durationMs: number): void {
  if (outcome.kind === 'issued')
    logger.info({ ...certificateFacts(outcome), attempt, durationMs }, 'certificate issued');
  else {
    const { notBefore, reason } = outcome;
    logger.info({ notBefore: notBefore.toISOString(), reason, attempt, durationMs }, 'waiting for the CA');
  }
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
