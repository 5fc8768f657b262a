import type { KubeClient } from '../kube/client.js';
import type { EventRecorder } from '../kube/event-recorder.js';
import { objectKey } from '../kube/store.js';
import { WorkQueue } from '../kube/work-queue.js';
import type { ControllerMetrics } from '../ops/metrics.js';
import { CaProbing } from './ca-probing.js';
import { ExchangeGates } from './exchange-gates.js';
import { IssuerController, keyOfIssuer } from './issuer-controller.js';
import { issuerKey, issuerLabels, issuerName, parseIssuerKey } from './issuer-key.js';
import type { CreateEnroller } from './issuer-verifier.js';
import { Orphans } from './orphans.js';
import { RequestController } from './request-controller.js';
import { RequestWriter } from './request-writer.js';
import { createRevocation, type Revocation } from './revocation/create.js';
import { SecretWatches } from './secret-watches.js';
import { BY_ISSUER } from './signing-request.js';
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

/** There may be tens of thousands of requests: others get the event loop in between. */
const ADDED_AT_ONCE = 500;

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
    handler: (item, signal, freeWorker) => requests.reconcile(item, signal, freeWorker),
    concurrency: (group) => gates.concurrency(group),
    rank: (item) => requests.rank(item),
    observer: {
      started: (group, waitedMs) => {
        const name = parseIssuerKey(group);
        // Requests may name issuers that do not exist, of which no metric shall remember anything.
        if (sources.findIssuer(name) !== undefined) deps.metrics.queueWaited(issuerLabels(name), waitedMs);
      },
    },
  });
  /** What the requests of this issuer may do has changed. */
  const lookAgain = (issuer: string) => {
    const keys = sources.requests.byIndex(BY_ISSUER, issuer).map(({ metadata }) => objectKey(metadata));
    const addFrom = (start: number) => {
      const end = start + ADDED_AT_ONCE;
      for (const key of keys.slice(start, end)) requestQueue.add(issuer, key);
      if (end < keys.length) setImmediate(addFrom, end);
    };
    addFrom(0);
    revocation.issuerChanged(issuer);
  };
  const gates: ExchangeGates = new ExchangeGates({
    ...deps,
    concurrency: options.workers,
    turned: (issuer, state) => {
      issuers.touched(issuer);
      // Once it is closed, the gate calls those who wait.
      if (state !== 'closed') lookAgain(issuer);
    },
  });
  const issuers: IssuerController = new IssuerController(
    {
      ...deps,
      find: (name) => sources.findIssuer(name),
      clusterResourceNamespace: options.clusterResourceNamespace,
      watches,
      trust,
      revocationTrouble: (issuer) => revocation.trouble(issuer),
      gates,
      probing: new CaProbing({ ...deps, gates }),
      changed: lookAgain,
    },
    issuerQueue,
  );
  const revocation: Revocation = createRevocation(options, sources, {
    ...deps,
    issuers,
    gates,
    changed: (issuer) => issuers.touched(keyOfIssuer(issuer)),
  });
  const { clusterResourceNamespace } = options;
  const requests: RequestController = new RequestController(
    {
      ...deps,
      requests: sources.requests,
      issuers,
      gates,
      writer: new RequestWriter(deps),
      transactions: new TransactionRecords({ ...deps, saved: sources.transactions, clusterResourceNamespace }),
      orphans: new Orphans({ ...deps, keeper: revocation.orphanKeeper }),
      keeper: revocation.keeper,
    },
    requestQueue,
  );

  deps.metrics.requestsFrom({
    unfinished: () =>
      sources.issuers.flatMap((source) =>
        [...source.values()].map(issuerName).map((name) => {
          const { length } = sources.requests.byIndex(BY_ISSUER, issuerKey(name));
          return [issuerLabels(name), length] as const;
        }),
      ),
    queued: () => requestQueue.depths().map(labelled),
    atGate: () => gates.waiting().map(labelled),
  });
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
      gates.stop();
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

const labelled = ([issuer, requests]: readonly [string, number]) =>
  [issuerLabels(parseIssuerKey(issuer)), requests] as const;
