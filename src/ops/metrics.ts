import { type Gauge, Registry } from 'prom-client';
import { CredentialGauge } from './credential-gauge.js';
import { MetricSet } from './metric-set.js';
import { CONTROLLER_METRICS } from './metric-table.js';

/** An issuer as a label: its kind, its namespace (empty for cluster scope) and its name. Bounded by the issuers there are. */
export interface IssuerLabels {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `already`: somebody had it revoked before. `refused`: the CA said no, for good. `failed`: it is tried again. */
type RevocationResult = (typeof REVOCATION_RESULTS)[number];

/**
 * `rejected`: the CA took note that it is not wanted. `undelivered`: its request went away. `unknown`: it may be valid,
 * or there may be none.
 */
export type OrphanFate = (typeof ORPHAN_FATES)[number];

const ORPHAN_FATES = ['rejected', 'undelivered', 'unknown'] as const;
const BREAKER_STATES = ['closed', 'open', 'halfOpen'] as const;
const PROBE_RESULTS = ['succeeded', 'failed'] as const;
const REVOCATION_RESULTS = ['revoked', 'already', 'refused', 'failed'] as const;

/** What the controller counts. Durations in milliseconds; exposed in seconds as Prometheus wants it. */
export interface ControllerMetrics {
  /** One exchange with the CA ended: `outcome` is `issued`, `pending` or the code of the error. */
  enrolled(issuer: IssuerLabels, outcome: string, tookMs: number): void;
  exchangesUnderWay(issuer: IssuerLabels, count: number): void;
  /** One write of a status: `result` is `ok`, `gone`, `conflict` or `failed`. */
  statusWritten(resource: string, result: 'ok' | 'gone' | 'conflict' | 'failed'): void;
  /** A certificate is left behind at the CA, or may be. */
  certificateOrphaned(issuer: IssuerLabels, fate: OrphanFate): void;
  issuerReady(issuer: IssuerLabels, ready: boolean): void;
  /** The certificates that the issuer is configured with, by a short name of each: when they end. */
  credentialsEnd(issuer: IssuerLabels, ends: ReadonlyMap<string, Date>): void;
  /** One try to have a certificate revoked ended. */
  revocationTried(issuer: IssuerLabels, result: RevocationResult): void;
  /** How many certificates wait for their revocation. */
  revocationsDue(issuer: IssuerLabels, count: number): void;
  issuerGone(issuer: IssuerLabels): void;
  /** Only for issuers that exist, like all the others: else there is no end of them. */
  queueWaited(issuer: IssuerLabels, waitedMs: number): void;
  gateWaited(issuer: IssuerLabels, waitedMs: number): void;
  circuitBreaker(issuer: IssuerLabels, state: (typeof BREAKER_STATES)[number]): void;
  outageBegan(issuer: IssuerLabels): void;
  probed(issuer: IssuerLabels, result: (typeof PROBE_RESULTS)[number]): void;
  /** Tells how many requests there are in each state that changes too often to be noted; asked when somebody reads it. */
  requestsFrom(counts: RequestCounts): void;
  /** One call of the Kubernetes API was answered: `code` is 2xx, the HTTP status of a refusal, or the kind of failure. */
  apiCalled(method: string, code: string): void;
  /** Whether this process works: only one of several replicas does. */
  working(is: boolean): void;
}

/** How many requests of each issuer; where there are none, the issuer may be left out. */
type CountRequests = () => Iterable<readonly [IssuerLabels, number]>;

export interface RequestCounts {
  /** Neither issued nor given up. */
  readonly unfinished: CountRequests;
  /** Waiting for a worker. */
  readonly queued: CountRequests;
  /** Waiting to be let through to the CA. */
  readonly atGate: CountRequests;
}

const labelsOf = (issuer: IssuerLabels) => ({
  issuer_kind: issuer.kind,
  issuer_namespace: issuer.namespace,
  issuer: issuer.name,
});

/** Registers the controller's metrics, and those of the process, in `registry`. */
export function createMetrics(registry: Registry): ControllerMetrics {
  const outcomes = new Set<string>();
  let counts: RequestCounts | undefined;
  const show = (which: keyof RequestCounts) => (gauge: Gauge) => {
    gauge.reset();
    for (const [issuer, requests] of counts?.[which]() ?? []) gauge.set(labelsOf(issuer), requests);
  };
  const set = new MetricSet(registry, CONTROLLER_METRICS, {
    cmpv2_issuer_requests_unfinished: show('unfinished'),
    cmpv2_issuer_queue_depth: show('queued'),
    cmpv2_issuer_gate_waiting: show('atGate'),
  });
  const exchanges = set.counter('cmpv2_issuer_exchanges_total');
  const duration = set.histogram('cmpv2_issuer_exchange_duration_seconds');
  const underWay = set.gauge('cmpv2_issuer_exchanges_under_way');
  const writes = set.counter('cmpv2_issuer_status_writes_total');
  const orphaned = set.counter('cmpv2_issuer_certificates_orphaned_total');
  const ready = set.gauge('cmpv2_issuer_ready');
  const credentials = new CredentialGauge<ReturnType<typeof labelsOf>>(
    set.gauge('cmpv2_issuer_credential_expiry_timestamp_seconds'),
  );
  const revocations = set.counter('cmpv2_issuer_revocations_total');
  const due = set.gauge('cmpv2_issuer_revocations_due');
  const queueWait = set.histogram('cmpv2_issuer_queue_wait_seconds');
  const gateWait = set.histogram('cmpv2_issuer_gate_wait_seconds');
  const breaker = set.gauge('cmpv2_issuer_circuit_breaker');
  const outages = set.counter('cmpv2_issuer_outages_total');
  const probes = set.counter('cmpv2_issuer_probes_total');
  const working = set.gauge('cmpv2_issuer_working');
  const apiCalls = set.counter('cmpv2_issuer_kubernetes_requests_total');
  return {
    enrolled: (issuer, outcome, tookMs) => {
      outcomes.add(outcome);
      exchanges.inc({ ...labelsOf(issuer), outcome });
      duration.observe(labelsOf(issuer), tookMs / 1000);
    },
    exchangesUnderWay: (issuer, count) => underWay.set(labelsOf(issuer), count),
    statusWritten: (resource, result) => writes.inc({ resource, result }),
    certificateOrphaned: (issuer, fate) => orphaned.inc({ ...labelsOf(issuer), fate }),
    issuerReady: (issuer, isReady) => ready.set(labelsOf(issuer), isReady ? 1 : 0),
    credentialsEnd: (issuer, ends) => credentials.set(labelsOf(issuer), ends),
    revocationTried: (issuer, result) => revocations.inc({ ...labelsOf(issuer), result }),
    revocationsDue: (issuer, count) => (count === 0 ? due.remove(labelsOf(issuer)) : due.set(labelsOf(issuer), count)),
    issuerGone: (issuer) => {
      credentials.set(labelsOf(issuer), new Map());
      const results = [...PROBE_RESULTS, ...REVOCATION_RESULTS];
      const further = { outcome: outcomes, state: BREAKER_STATES, fate: ORPHAN_FATES, result: results };
      set.forget(labelsOf(issuer), further);
    },
    queueWaited: (issuer, waitedMs) => queueWait.observe(labelsOf(issuer), waitedMs / 1000),
    gateWaited: (issuer, waitedMs) => gateWait.observe(labelsOf(issuer), waitedMs / 1000),
    circuitBreaker: (issuer, state) => {
      for (const each of BREAKER_STATES) breaker.set({ ...labelsOf(issuer), state: each }, each === state ? 1 : 0);
    },
    outageBegan: (issuer) => outages.inc(labelsOf(issuer)),
    probed: (issuer, result) => probes.inc({ ...labelsOf(issuer), result }),
    requestsFrom: (source) => {
      counts = source;
    },
    apiCalled: (method, code) => apiCalls.inc({ method, code }),
    working: (is) => working.set(is ? 1 : 0),
  };
}

export const createRegistry = (): Registry => new Registry();
