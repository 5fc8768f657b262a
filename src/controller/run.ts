import { hostname } from 'node:os';
import { CERTIFICATE_REQUEST, type CertificateRequest } from '../api/certificate-request.js';
import { CLUSTER_ISSUER, ISSUER, type Issuer, isIssuerKind } from '../api/issuer.js';
import type { ResourceType } from '../api/meta.js';
import { SECRET, type Secret } from '../api/secret.js';
import { ApiClient } from '../kube/api-client.js';
import { loadKubeAccess } from '../kube/config.js';
import { KubeEventRecorder } from '../kube/event-recorder.js';
import { Reflector } from '../kube/reflector.js';
import { objectKey } from '../kube/store.js';
import { KubeTransport } from '../kube/transport.js';
import { WorkQueue } from '../kube/work-queue.js';
import { createMetrics, createRegistry } from '../ops/metrics.js';
import { startProbeServer } from '../ops/probe-server.js';
import { uniformFrom } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import { IssuerController, keyOfIssuer } from './issuer-controller.js';
import type { IssuerName } from './issuer-key.js';
import type { CreateEnroller } from './issuer-verifier.js';
import { RequestController } from './request-controller.js';
import { BY_ISSUER, projectRequest, requestIndexes } from './request-projection.js';
import { RequestWriter } from './request-writer.js';
import { SecretWatches } from './secret-watches.js';
import { FIELD_MANAGER } from './status-write.js';
import { Watched } from './watched.js';

export interface ControllerOptions {
  /** Kubeconfig file; absent: KUBECONFIG, ~/.kube/config, or the pod's service account. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; absent: its current one. */
  readonly context?: string;
  /** Enrolments at a time for each issuer that does not set spec.limits.concurrency. */
  readonly workers: number;
  /** Where the Secrets of CMPv2ClusterIssuers live. */
  readonly clusterResourceNamespace: string;
  /** Serve these namespaces only, and no CMPv2ClusterIssuer. Empty: serve everything. */
  readonly namespaces: readonly string[];
  /** Where /healthz, /readyz and /metrics are served; port 0 takes a free one, which the log then tells. */
  readonly probes: { readonly host: string; readonly port: number };
  /** How long exchanges under way may go on after the signal aborted, in milliseconds. */
  readonly drainMs: number;
  /** For `User-Agent`, e.g. `cmpv2-issuer/1.2.3`. */
  readonly userAgent: string;
}

export interface ControllerDeps {
  /** Ends the controller, in good order. */
  readonly signal: AbortSignal;
  readonly createEnroller: CreateEnroller;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const EVENTS_GRACE_MS = 2_000;

/**
 * Runs the controller until `signal` aborts. Rejects at once when it cannot start (KubeConfigError, a taken port);
 * whatever goes wrong later is worked around and shows in log, readiness and metrics.
 */
export async function runController(options: ControllerOptions, deps: ControllerDeps): Promise<void> {
  const { signal, clock, logger } = deps;
  const uniform = uniformFrom(deps.random);
  const access = await loadKubeAccess({ kubeconfig: options.kubeconfig, context: options.context });
  const transport = new KubeTransport({ access, clock, uniform, userAgent: options.userAgent });
  const client = new ApiClient(transport);
  const registry = createRegistry();
  const metrics = createMetrics(registry);
  const instance = `${hostname()}-${process.pid}`.slice(0, 128);
  const recorder = new KubeEventRecorder({
    client,
    clock,
    uniform,
    logger,
    reporter: { controller: FIELD_MANAGER, instance },
  });

  const common = { client, clock, uniform, logger };
  const servesCluster = options.namespaces.length === 0;
  const watched = <T extends Issuer>(type: ResourceType, namespaces: readonly string[]) =>
    new Watched<T>(namespaces, (namespace) => new Reflector<T>({ ...common, type, ...(namespace && { namespace }) }));
  const issuers = watched<Issuer>(ISSUER, options.namespaces);
  const clusterIssuers = servesCluster ? watched<Issuer>(CLUSTER_ISSUER, []) : undefined;
  const serves = (kind: string) => kind === ISSUER.kind || (servesCluster && isIssuerKind(kind));
  const requests = new Watched<CertificateRequest>(
    options.namespaces,
    (namespace) =>
      new Reflector<CertificateRequest>({
        ...common,
        type: CERTIFICATE_REQUEST,
        ...(namespace && { namespace }),
        fieldSelector: `spec.issuerRef.group=${ISSUER.group}`,
        project: (request) => projectRequest(request, serves),
        indexes: requestIndexes,
      }),
  );

  const watches = new SecretWatches(
    (ref, handler, watchSignal) => {
      const reflector = new Reflector<Secret>({
        ...common,
        type: SECRET,
        ...(ref.namespace !== undefined && { namespace: ref.namespace }),
        fieldSelector: `metadata.name=${ref.name}`,
        project: ({ data: _contents, ...rest }) => rest,
      });
      reflector.addHandler(handler);
      void reflector.run(watchSignal);
    },
    (key) => issuerController.touched(key),
  );
  const find = ({ kind, ...ref }: IssuerName) => (kind === 'CMPv2ClusterIssuer' ? clusterIssuers : issuers)?.get(ref);
  const issuerQueue = new WorkQueue({
    handler: (item, workSignal) => issuerController.reconcile(item, workSignal),
    concurrency: () => 1,
    ...common,
  });
  const requestQueue: WorkQueue = new WorkQueue({
    handler: (item, workSignal) => requestController.reconcile(item, workSignal),
    concurrency: (group) => issuerController.concurrency(group) ?? options.workers,
    observer: { depth: (group, waiting) => metrics.queueDepth(group, waiting) },
    ...common,
  });
  const issuerController: IssuerController = new IssuerController(
    {
      ...common,
      find,
      createEnroller: deps.createEnroller,
      clusterResourceNamespace: options.clusterResourceNamespace,
      watches,
      changed: (key) => {
        for (const { metadata } of requests.byIndex(BY_ISSUER, key)) requestQueue.add(key, objectKey(metadata));
      },
      recorder,
      metrics,
    },
    issuerQueue,
  );
  const writer = new RequestWriter({ client, clock, metrics });
  const requestController: RequestController = new RequestController(
    { ...common, requests, issuers: issuerController, writer, recorder, metrics },
    requestQueue,
  );

  for (const source of [issuers, clusterIssuers])
    source?.addHandler({
      added: (issuer) => issuerController.touched(keyOfIssuer(issuer)),
      updated: (before, after) => {
        // Our own status writes must not bring an issuer back.
        const { generation, deletionTimestamp } = after.metadata;
        if (generation !== before.metadata.generation || deletionTimestamp !== before.metadata.deletionTimestamp)
          issuerController.touched(keyOfIssuer(after));
      },
      deleted: (issuer) => issuerController.touched(keyOfIssuer(issuer)),
    });
  requests.addHandler({
    added: (request) => requestController.changed(request),
    updated: (_before, after) => requestController.changed(after),
    deleted: (last) => requestController.deleted(last),
  });

  const sources = [issuers, ...(clusterIssuers === undefined ? [] : [clusterIssuers]), requests];
  const notReady = () => {
    const missing = sources.map((source) => source.missing).filter((reason) => reason !== undefined);
    return missing.length === 0 ? undefined : `waiting for the first list of ${missing.join(', ')}`;
  };
  const probes = await startProbeServer({ ...options.probes, registry, notReady });
  const stop = new AbortController();
  try {
    logger.info(
      { server: access.server, probesPort: probes.port, namespaces: options.namespaces },
      'controller started',
    );
    const reflecting = sources.map((source) => source.run(stop.signal));
    const synced = await Promise.all(sources.map((source) => source.waitForSync(signal))).then(
      () => true,
      () => false,
    );
    if (synced) {
      issuerQueue.start();
      requestQueue.start();
      logger.info({}, 'caches are filled, working');
      await aborted(signal);
    }
    // Exchanges under way end and their results are written before the connections go.
    const drained = await Promise.all([requestQueue.stop(options.drainMs), issuerQueue.stop(options.drainMs)]);
    if (drained.includes(false))
      logger.warn({ drainMs: options.drainMs }, 'exchanges under way were broken off; they start anew next time');
    await recorder.stop(EVENTS_GRACE_MS);
    stop.abort();
    await Promise.all(reflecting);
  } finally {
    stop.abort();
    watches.stop();
    issuerController.retireAll();
    await probes.close();
    await transport.close();
  }
  logger.info({}, 'controller stopped');
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
