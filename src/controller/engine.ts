import type { KubeClient } from '../kube/client.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import { objectKey } from '../kube/store.js';
import { WorkQueue } from '../kube/work-queue.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import { IssuerController, keyOfIssuer } from './issuer-controller.js';
import type { CreateEnroller } from './issuer-verifier.js';
import { Orphans } from './orphans.js';
import { RequestController } from './request-controller.js';
import { RequestWriter } from './request-writer.js';
import { SecretWatches } from './secret-watches.js';
import { BY_ISSUER } from './signing-request.js';
import { createRevocation, type Revocation } from './revocation/create.js';
import { type SourceDeps, type Sources, secretWatcher } from './sources.js';
import { TransactionRecords } from './transaction-records.js';
import { TrustRefresh } from './trust-refresh.js';

export interface EngineDeps extends SourceDeps {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly metrics: ControllerMetrics;
  readonly createEnroller: CreateEnroller;
}

export interface EngineOptions {
  /** Serve these namespaces only; empty: everything. */
  readonly namespaces: readonly string[];
  readonly clusterResourceNamespace: string;
  readonly workers: number;
  /** Least time between an issuer becoming ready and its CA being asked about its roots, in milliseconds. */
  readonly trustRefreshDelayMs: number;
}

/** Sources, queues and controllers, connected. */
export interface Engine {
  /** Lets the workers go. */
  start(): void;
  /** Takes in nothing new, and lets what is under way end for `drainMs`. True when everything ended by itself. */
  stop(drainMs: number): Promise<boolean>;
}

export function createEngine(options: EngineOptions, sources: Sources, deps: EngineDeps): Engine {
  const watches = new SecretWatches(secretWatcher(deps), (key) => issuers.touched(key));
  const issuerQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => issuers.reconcile(item, signal),
    concurrency: () => 1,
  });
  const trustQueue: WorkQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => trust.reconcile(item, signal),
    concurrency: () => 1,
  });
  const trust: TrustRefresh = new TrustRefresh(
    { ...deps, firstDelayMs: options.trustRefreshDelayMs, changed: (key) => issuers.touched(key) },
    trustQueue,
  );
  const requestQueue: WorkQueue = new WorkQueue({
    ...deps,
    handler: (item, signal) => requests.reconcile(item, signal),
    concurrency: (group) => issuers.concurrency(group) ?? options.workers,
    observer: { depth: (group, waiting) => deps.metrics.queueDepth(group, waiting) },
  });
  const issuers: IssuerController = new IssuerController(
    {
      ...deps,
      find: (name) => sources.findIssuer(name),
      clusterResourceNamespace: options.clusterResourceNamespace,
      watches,
      trust,
      revocationTrouble: (issuer) => revocation.trouble(issuer),
      changed: (key) => {
        for (const { metadata } of sources.requests.byIndex(BY_ISSUER, key)) requestQueue.add(key, objectKey(metadata));
        revocation.issuerChanged(key);
      },
    },
    issuerQueue,
  );
  const revocation: Revocation = createRevocation(options, sources, {
    ...deps,
    issuers,
    changed: (issuer) => issuers.touched(keyOfIssuer(issuer)),
  });
  const { clusterResourceNamespace } = options;
  const requests: RequestController = new RequestController(
    {
      ...deps,
      requests: sources.requests,
      issuers,
      writer: new RequestWriter(deps),
      transactions: new TransactionRecords({ ...deps, saved: sources.transactions, clusterResourceNamespace }),
      orphans: new Orphans({ ...deps, keeper: revocation.orphanKeeper }),
      keeper: revocation.keeper,
    },
    requestQueue,
  );

  for (const source of sources.issuers) {
    source.addHandler({
      added: (issuer) => {
        revocation.issuerSeen(issuer);
        issuers.touched(keyOfIssuer(issuer));
      },
      updated: (before, after) => {
        revocation.issuerSeen(after);
        // Our own status writes must not bring an issuer back.
        const { generation, deletionTimestamp } = after.metadata;
        if (generation !== before.metadata.generation || deletionTimestamp !== before.metadata.deletionTimestamp)
          issuers.touched(keyOfIssuer(after));
      },
      deleted: (issuer) => issuers.touched(keyOfIssuer(issuer)),
    });
  }
  sources.requests.addHandler({
    added: (request) => {
      requests.changed(request);
      revocation.requestSeen(request);
    },
    updated: (_before, after) => {
      requests.changed(after);
      revocation.requestSeen(after);
    },
    deleted: (last, finalStateUnknown) => {
      requests.deleted(last, finalStateUnknown);
      revocation.requestGone(last);
    },
  });
  sources.transactions.addHandler({
    added: (transaction) => requests.recordSeen(transaction),
    deleted: (last) => requests.recordGone(last),
  });

  return {
    start: () => {
      issuerQueue.start();
      requestQueue.start();
      trustQueue.start();
      revocation.start();
    },
    stop: async (drainMs) => {
      const queues = [requestQueue, issuerQueue, revocation];
      const drained = await Promise.all(queues.map((queue) => queue.stop(drainMs)));
      // Nothing is lost by breaking off a question.
      await trustQueue.stop(0);
      watches.stop();
      issuers.retireAll();
      return !drained.includes(false);
    },
  };
}
