import type { Issuer } from '../../api/issuer.js';
import type { KubeClient } from '../../kube/client.js';
import type { EventRecorder } from '../../kube/event-recorder.js';
import { objectKey } from '../../kube/store.js';
import { WorkQueue } from '../../kube/work-queue.js';
import type { ControllerMetrics } from '../../ops/metrics.js';
import type { ExchangeGates } from '../exchange-gates.js';
import { issuerKey, parseIssuerKey } from '../issuer-key.js';
import type { IssuerDirectory } from '../request-exchange.js';
import type { SigningRequest } from '../signing-request.js';
import type { SourceDeps, Sources } from '../sources.js';
import { Keeper, revokesOnDelete } from './keeper.js';
import { OrphanKeeper } from './orphan-keeper.js';
import { Owners } from './owners.js';
import { RevocationController } from './revocation-controller.js';
import { IssuerRevoker, type Revoker } from './revoker.js';
import { RevocationSources, type RevocationTrouble } from './sources.js';

export interface RevocationDeps extends SourceDeps {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly issuers: IssuerDirectory;
  readonly gates: Pick<ExchangeGates, 'of' | 'leave'>;
  /** What `trouble` says of this issuer has changed. */
  readonly changed: (issuer: Issuer) => void;
}

export interface RevocationOptions {
  readonly namespaces: readonly string[];
  readonly clusterResourceNamespace: string;
}

/** Has the certificates of deleted Certificates revoked, and those that nobody ever got, where issuers want that. */
export interface Revocation {
  readonly keeper: Keeper;
  readonly orphanKeeper: OrphanKeeper;
  readonly revoker: Revoker;
  issuerSeen(issuer: Issuer): void;
  /** The issuer became ready, or has changed in another way. */
  issuerChanged(key: string): void;
  requestSeen(request: SigningRequest): void;
  requestGone(request: SigningRequest): void;
  /** Why nothing would be revoked for this issuer until a person does something. */
  trouble(issuer: Issuer): RevocationTrouble | undefined;
  start(): void;
  stop(drainMs: number): Promise<boolean>;
}

/** One CA is not flooded when somebody deletes a thousand Certificates: this many are revoked at a time. */
const CONCURRENCY = 2;
/** Some expire, and of some nobody told that their Certificate went. */
const SWEEP_MS = 3_600_000;

export function createRevocation(options: RevocationOptions, sources: Sources, deps: RevocationDeps): Revocation {
  const { clusterResourceNamespace } = options;
  const findIssuer: Sources['findIssuer'] = (name) => sources.findIssuer(name);
  const stop = new AbortController();
  const watched = new RevocationSources(
    options.namespaces,
    (kind) => sources.serves(kind),
    () => {
      for (const issuer of wanting()) deps.changed(issuer);
    },
    deps,
  );
  const { records } = watched;
  const owners = new Owners({
    client: deps.client,
    certificates: watched.certificates,
    complete: () => watched.filled,
  });
  const revoker = new IssuerRevoker(deps);
  const queue: WorkQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => controller.reconcile(item, signal),
    concurrency: () => CONCURRENCY,
  });
  const controller: RevocationController = new RevocationController(
    { ...deps, records, owners, findIssuer, revoker, clusterResourceNamespace },
    queue,
  );
  const keeper = new Keeper({ ...deps, findIssuer, requests: sources.requests, records, clusterResourceNamespace });
  const keepQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => keeper.reconcile(item, signal),
    concurrency: () => CONCURRENCY,
  });
  const orphanQueue: WorkQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => orphanKeeper.reconcile(item, signal),
    concurrency: () => CONCURRENCY,
  });
  const orphanKeeper: OrphanKeeper = new OrphanKeeper({ ...deps, findIssuer, clusterResourceNamespace }, orphanQueue);

  records.addHandler({
    added: (record) => controller.recordChanged(record),
    updated: (_before, after) => controller.recordChanged(after),
    deleted: (last) => controller.recordGone(last),
  });
  watched.certificates.addHandler({
    added: (certificate) => controller.certificateChanged(certificate),
    updated: (_before, after) => controller.certificateChanged(after),
    deleted: (last) => controller.certificateGone(last),
  });

  const wanting = () => sources.issuers.flatMap((source) => [...source.values()]).filter(revokesOnDelete);
  const requestSeen = (request: SigningRequest): void => {
    const name = request.issuer;
    // Before the records are there, every request would seem to lack one.
    if (name !== undefined && watched.filled && keeper.misses(request))
      keepQueue.add(issuerKey(name), objectKey(request.metadata));
  };
  const lookAtAll = () => {
    controller.sweep();
    for (const request of sources.requests.values()) requestSeen(request);
  };
  const sweepFromTimeToTime = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await deps.clock.sleep(SWEEP_MS, stop.signal);
      lookAtAll();
    }
  };

  return {
    keeper,
    orphanKeeper,
    revoker,
    requestSeen,
    issuerSeen: (issuer) => {
      if (revokesOnDelete(issuer)) watched.start(lookAtAll);
    },
    issuerChanged: (key) => {
      controller.issuerChanged(key);
      const issuer = findIssuer(parseIssuerKey(key));
      if (issuer === undefined || !revokesOnDelete(issuer)) return;
      for (const request of sources.requests.values())
        if (request.issuer !== undefined && issuerKey(request.issuer) === key) requestSeen(request);
    },
    requestGone: (request) => keeper.forget(request),
    trouble: (issuer) => (revokesOnDelete(issuer) ? watched.trouble : undefined),
    start: () => {
      queue.start();
      keepQueue.start();
      orphanQueue.start();
      sweepFromTimeToTime().catch((error: unknown) => {
        if (!stop.signal.aborted)
          deps.logger.error({ error }, 'records of issued certificates are not looked at any more');
      });
    },
    stop: async (drainMs) => {
      stop.abort();
      watched.stop();
      const drained = await Promise.all([queue, keepQueue, orphanQueue].map((each) => each.stop(drainMs)));
      return !drained.includes(false);
    },
  };
}
