import { hostname } from 'node:os';
import { ApiClient } from '../kube/api-client.js';
import { loadKubeAccess } from '../kube/config.js';
import { KubeEventRecorder } from '../kube/event-recorder.js';
import { LeaderElector, LeadershipLostError, leaderIdentity } from '../kube/leader-election.js';
import { KubeTransport } from '../kube/transport.js';
import { createMetrics, createRegistry } from '../ops/metrics.js';
import { startProbeServer } from '../ops/probe-server.js';
import { uniformFrom } from '../runtime/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { Random } from '../runtime/random.js';
import { createEngine } from './engine.js';
import type { CreateEnroller } from './issuer-verifier.js';
import { Sources } from './sources.js';
import { type Election, readiness, type Stage } from './standing.js';
import { FIELD_MANAGER } from './status-write.js';

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
  /** Least time between an issuer becoming ready and its CA being asked about its roots, in milliseconds. */
  readonly trustRefreshDelayMs: number;
  /** Sign Kubernetes' CertificateSigningRequests for CMPv2ClusterIssuers as well; not together with namespaces. */
  readonly kubernetesCsrs: boolean;
  /** Where /healthz, /readyz and /metrics are served; port 0 takes a free one, which the log then tells. */
  readonly probes: { readonly host: string; readonly port: number };
  /** How long exchanges under way may go on after the signal aborted, in milliseconds. */
  readonly drainMs: number;
  /** Work only while holding this Lease, so that several replicas can run. Absent: there is only one. */
  readonly leaderElection?: { readonly namespace: string; readonly name: string };
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
 * Runs the controller until `signal` aborts. Rejects at once when it cannot start (KubeConfigError, a taken port), and
 * with LeadershipLostError when another replica may lead; whatever else goes wrong later is worked around and shows in
 * log, readiness and metrics.
 */
export async function runController(options: ControllerOptions, deps: ControllerDeps): Promise<void> {
  const { signal, clock, logger, createEnroller } = deps;
  const { kubeconfig, context, namespaces, probes, userAgent, drainMs, leaderElection } = options;
  const uniform = uniformFrom(deps.random);
  const access = await loadKubeAccess({ kubeconfig, context });
  const registry = createRegistry();
  const metrics = createMetrics(registry);
  const observer = { answered: (method: string, code: string) => metrics.apiCalled(method, code) };
  const transport = new KubeTransport({ access, clock, uniform, userAgent, observer });
  const common = { client: new ApiClient(transport), clock, uniform, logger };
  const reporter = { controller: FIELD_MANAGER, instance: `${hostname()}-${process.pid}`.slice(0, 128) };
  const recorder = new KubeEventRecorder({ ...common, reporter });
  const sources = new Sources(options, common);
  const engine = createEngine(options, sources, { ...common, recorder, metrics, createEnroller });

  let stage: Stage = 'starting';
  let election: Election | undefined;
  const enter = (next: Stage) => {
    stage = next;
    metrics.working(next === 'working');
  };

  const elect = async (
    lease: NonNullable<ControllerOptions['leaderElection']>,
    work: (s: AbortSignal) => Promise<void>,
  ) => {
    // A transport of its own: a renewal must not queue behind a thousand status writes.
    const own = new KubeTransport({ access, clock, uniform, userAgent, connections: 1 });
    const identity = leaderIdentity(deps.random);
    try {
      const elector = new LeaderElector({ client: new ApiClient(own), clock, uniform, logger, lease, identity });
      election = elector;
      enter('standingBy');
      return await elector.run(signal, { onStartedLeading: work });
    } finally {
      await own.close();
    }
  };

  const stopWatching = new AbortController();
  const server = await startProbeServer({
    ...probes,
    registry,
    readiness: () => readiness(stage, sources.problem, election),
  });
  try {
    logger.info({ server: access.server, probesPort: server.port, namespaces }, 'controller started');
    const watching = sources.run(stopWatching.signal);
    const work = async (leading: AbortSignal) => {
      engine.start();
      enter('working');
      logger.info({}, 'working');
      await aborted(AbortSignal.any([signal, leading]));
      enter('stopping');
      // Exchanges under way end and their results are written before the connections go; but once another replica may
      // be at the same requests, they are broken off.
      if (!(await engine.stop(leading.aborted ? 0 : drainMs)))
        logger.warn(
          { drainMs },
          'exchanges under way were broken off; the next process goes on with them, or begins anew',
        );
    };
    let lost = false;
    if (await filled(sources, signal)) {
      logger.info({}, 'caches are filled');
      if (leaderElection === undefined) await work(new AbortController().signal);
      else lost = (await elect(leaderElection, work)) === 'lost';
    }
    enter('stopping');
    await engine.stop(0);
    if (lost) throw new LeadershipLostError('another replica may lead now: this one ends, to start afresh');
    await recorder.stop(EVENTS_GRACE_MS);
    stopWatching.abort();
    await watching;
  } finally {
    stopWatching.abort();
    await server.close();
    await transport.close();
  }
  logger.info({}, 'controller stopped');
}

/** True when the caches are complete, false when the signal aborts before. */
const filled = (sources: Sources, signal: AbortSignal): Promise<boolean> =>
  sources.waitForSync(signal).then(
    () => true,
    () => false,
  );

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
