import type { Certificate } from '../../api/certificate.js';
import { ISSUED_CERTIFICATE, type IssuedCertificateRecord } from '../../api/issued-certificate.js';
import type { Issuer } from '../../api/issuer.js';
import type { RevocationOutcome } from '../../enrollment/enroller.js';
import { EnrollmentError } from '../../enrollment/error.js';
import { isConflict, isNotFound } from '../../kube/api-error.js';
import type { KubeClient } from '../../kube/client.js';
import type { EventRecorder } from '../../kube/event-recorder.js';
import { type ObjectStore, objectKey, objectRef } from '../../kube/store.js';
import type { WorkItem, WorkQueue } from '../../kube/work-queue.js';
import type { ControllerMetrics } from '../../ops/metrics.js';
import { fullJitter, type Uniform } from '../../runtime/backoff.js';
import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/logger.js';
import { unreachable } from '../../runtime/unreachable.js';
import { type IssuerName, issuerKey, issuerLabels } from '../issuer-key.js';
import { MAX_RETRY_AFTER_MS } from '../next-record.js';
import type { IssuerDirectory } from '../request-exchange.js';
import { paceAfter } from '../retry-pace.js';
import { FIELD_MANAGER } from '../status-write.js';
import { decideRevocation, type RevocationAction, type RevocationFailure, type RevokingIssuer } from './decide.js';
import { annotationEvent, annotationProblem, revokedEvent, standingEvent } from './events.js';
import { revokesOnDelete } from './keeper.js';
import type { Owners } from './owners.js';
import type { RevocationReason } from './reason.js';
import {
  BY_ISSUER,
  BY_OWNER,
  issuerOfRecord,
  type RevocationRecord,
  readRecord,
  reasonAnnotation,
  recordFacts,
} from './record.js';
import type { Revoker } from './revoker.js';

export interface RevocationControllerDeps {
  readonly records: ObjectStore<IssuedCertificateRecord>;
  readonly owners: Owners;
  readonly issuers: IssuerDirectory;
  readonly findIssuer: (name: IssuerName) => Issuer | undefined;
  readonly revoker: Revoker;
  readonly clusterResourceNamespace: string;
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly metrics: Pick<ControllerMetrics, 'revocationsDue'>;
  readonly clock: Clock;
  readonly uniform: Uniform;
  readonly logger: Logger;
}

type Timing = 'now' | { readonly afterMs: number } | undefined;

/** A record that decided about itself too often in one go lets others have the worker. */
const MAX_STEPS = 4;
/** Our copy of the Certificates is behind, or cert-manager is not installed: look again then, unless an event comes first. */
const LOOK_AGAIN_MS = 60_000;

/** Executes what `decideRevocation` says about each record, one key at a time; the queue sees to that. */
export class RevocationController {
  readonly #deps: RevocationControllerDeps;
  readonly #queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>;
  /** By uid of the record: the last try, where it failed; and what is revoked, though the record is still there. */
  readonly #failures = new Map<string, RevocationFailure>();
  readonly #revoked = new Set<string>();
  /** By key of the record: the issuers that have something to revoke. */
  readonly #due = new Map<string, IssuerName>();

  constructor(deps: RevocationControllerDeps, queue: Pick<WorkQueue, 'add' | 'addAfter' | 'forget' | 'remove'>) {
    this.#deps = deps;
    this.#queue = queue;
  }

  /** The record is new or has changed. */
  recordChanged(object: IssuedCertificateRecord): void {
    this.#queue.add(issuerKey(issuerOfRecord(object)), objectKey(object.metadata));
  }

  recordGone(object: IssuedCertificateRecord): void {
    const { uid = '' } = object.metadata;
    this.#failures.delete(uid);
    this.#revoked.delete(uid);
    this.#setDue(objectKey(object.metadata), issuerOfRecord(object), false);
    this.#queue.remove(objectKey(object.metadata));
    this.#deps.revoker.leave(issuerOfRecord(object), objectKey(object.metadata));
    const ownerUid = object.spec.certificateRef?.uid;
    if (ownerUid !== undefined && this.#deps.records.byIndex(BY_OWNER, ownerUid).length === 0)
      this.#deps.owners.forget(ownerUid);
  }

  certificateChanged(certificate: Certificate): void {
    const problem = annotationProblem(reasonAnnotation(certificate));
    if (problem !== undefined) this.#deps.recorder.record(annotationEvent(certificate, problem));
    for (const record of this.#ofCertificate(certificate)) this.recordChanged(record);
  }

  certificateGone(last: Certificate): void {
    const records = this.#ofCertificate(last);
    if (records.length > 0) this.#deps.owners.departed(last);
    for (const record of records) this.recordChanged(record);
  }

  /** The issuer became ready, or has changed in another way. */
  issuerChanged(key: string): void {
    for (const record of this.#deps.records.byIndex(BY_ISSUER, key)) {
      if (this.#deps.owners.view(record.spec.certificateRef).state !== 'present') this.recordChanged(record);
    }
  }

  /** Looks at every record: some have expired, and of some Certificates nobody told that they went. */
  sweep(): void {
    for (const record of this.#deps.records.values()) this.recordChanged(record);
  }

  /** Works on one record until there is nothing to do for now. Throws when the Kubernetes API must be asked again. */
  async reconcile({ group, key }: WorkItem, signal: AbortSignal): Promise<void> {
    for (let step = 0; step < MAX_STEPS; step++) {
      const object = this.#deps.records.get(objectRef(key));
      const uid = object?.metadata.uid;
      if (object === undefined || uid === undefined) return;
      const record = readRecord(object, this.#deps.clusterResourceNamespace);
      if (record === undefined) {
        this.#deps.logger.warn(
          { record: key },
          'a record of an issued certificate is not where it belongs: it is ignored',
        );
        return;
      }
      const owner = this.#deps.owners.view(record.owner);
      const issuer = this.#issuerOf(record);
      const action: RevocationAction = this.#revoked.has(uid)
        ? { kind: 'drop', because: 'revoked' }
        : decideRevocation(record, owner, issuer, this.#failures.get(uid), this.#deps.clock.now());
      const next = await this.#execute(action, object, uid, record, signal);
      if (signal.aborted) return;
      if (next === 'now') continue;
      this.#queue.forget(key);
      if (next !== undefined) this.#queue.addAfter(group, key, next.afterMs);
      return;
    }
    this.#queue.add(group, key);
  }

  async #execute(
    action: RevocationAction,
    object: IssuedCertificateRecord,
    uid: string,
    record: RevocationRecord,
    signal: AbortSignal,
  ): Promise<Timing> {
    const { clock, owners, logger, recorder, revoker } = this.#deps;
    if (action.kind !== 'revoke') revoker.leave(record.issuer, objectKey(record.ref));
    switch (action.kind) {
      case 'keep':
        return undefined;
      case 'note':
        // The change of the record brings it back.
        await this.#patch(record, { reason: action.annotation ?? null }, signal);
        return undefined;
      case 'confirm':
        if (record.owner === undefined) return undefined;
        return (await owners.confirm(record.owner, signal)) === 'gone' ? 'now' : { afterMs: LOOK_AGAIN_MS };
      case 'wait': {
        const { standing, until } = action;
        this.#setDue(objectKey(record.ref), record.issuer, true);
        if (record.standing?.phase !== standing.phase || record.standing.message !== standing.message) {
          await this.#patch(record, { revocation: standing }, signal);
          recorder.record(standingEvent(object, standing));
        }
        return until && { afterMs: until.getTime() - clock.now().getTime() };
      }
      case 'revoke':
        this.#setDue(objectKey(record.ref), record.issuer, true);
        return this.#revoke(action.reason, uid, record, signal);
      case 'drop':
        if (action.because !== 'revoked')
          logger.info(
            { ...recordFacts(record), because: action.because },
            'a certificate needs no revocation any more',
          );
        await this.#remove(record, uid, signal);
        return undefined;
      default:
        return unreachable(action);
    }
  }

  async #revoke(reason: RevocationReason, uid: string, record: RevocationRecord, signal: AbortSignal): Promise<Timing> {
    const { revoker, issuers, logger } = this.#deps;
    const certificatePem = await this.#certificate(record, uid, signal);
    if (certificatePem === undefined) return undefined;
    const view = issuers.view(record.issuer);
    let outcome: RevocationOutcome | 'notReady' | 'notYet';
    try {
      const key = objectKey(record.ref);
      const call = () => this.#queue.add(issuerKey(record.issuer), key);
      outcome = await revoker.revoke(record.issuer, { key, call }, { certificatePem, reason }, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof EnrollmentError)) throw error;
      this.#failures.set(uid, this.#failure(error, uid, view.state === 'ready' ? view.revision : ''));
      const { code, retry, message, failInfo } = error;
      logger.warn({ ...recordFacts(record), code, retry, failInfo, problem: message }, 'a revocation failed');
      return 'now';
    }
    if (outcome === 'notYet') return undefined;
    if (outcome === 'notReady') return { afterMs: LOOK_AGAIN_MS };
    this.#revoked.add(uid);
    const { already, notes } = outcome;
    logger.info({ ...recordFacts(record), reason, already, ...(notes.length > 0 && { notes }) }, 'certificate revoked');
    const issuer = this.#deps.findIssuer(record.issuer);
    if (issuer !== undefined) this.#deps.recorder.record(revokedEvent(issuer, record, reason, outcome));
    return 'now';
  }

  /** The PEM, which our copy of the record does not hold; undefined when the record is gone. */
  async #certificate(record: RevocationRecord, uid: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const found = await this.#deps.client.get<IssuedCertificateRecord>(ISSUED_CERTIFICATE, record.ref, { signal });
      return found.metadata.uid === uid ? found.spec.certificate : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #failure(error: EnrollmentError, uid: string, issuerRevision: string): RevocationFailure {
    const { retry, message, retryAfterMs = 0 } = error;
    const { clock, uniform } = this.#deps;
    const count = (this.#failures.get(uid)?.count ?? 0) + 1;
    const { policy, attempt } = paceAfter(retry, count, 1);
    const delayMs = Math.max(fullJitter(policy, attempt, uniform), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
    return { retry, message, count, notBefore: new Date(clock.now().getTime() + delayMs), issuerRevision };
  }

  async #patch({ ref }: RevocationRecord, spec: object, signal: AbortSignal): Promise<void> {
    try {
      const options = { fieldManager: FIELD_MANAGER, signal };
      await this.#deps.client.patch(ISSUED_CERTIFICATE, ref, { kind: 'merge', body: { spec } }, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #remove({ ref }: RevocationRecord, uid: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#deps.client.delete(ISSUED_CERTIFICATE, ref, { uid, signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #issuerOf({ issuer: name }: RevocationRecord): RevokingIssuer {
    const issuer = this.#deps.findIssuer(name);
    if (issuer?.metadata.uid === undefined || issuer.metadata.deletionTimestamp !== undefined)
      return { state: 'missing' };
    const { uid } = issuer.metadata;
    return { state: 'present', uid, revokes: revokesOnDelete(issuer), view: this.#deps.issuers.view(name) };
  }

  #ofCertificate({ metadata: { uid } }: Certificate): readonly IssuedCertificateRecord[] {
    return uid === undefined ? [] : this.#deps.records.byIndex(BY_OWNER, uid);
  }

  #setDue(key: string, issuer: IssuerName, due: boolean): void {
    if (due === this.#due.has(key)) return;
    if (due) this.#due.set(key, issuer);
    else this.#due.delete(key);
    const wanted = issuerKey(issuer);
    const count = [...this.#due.values()].filter((other) => issuerKey(other) === wanted).length;
    this.#deps.metrics.revocationsDue(issuerLabels(issuer), count);
  }
}
