import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { CredentialGauge } from './credential-gauge.js';

/** An issuer as a label: its kind, its namespace (empty for cluster scope) and its name. Bounded by the issuers there are. */
export interface IssuerLabels {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `already`: somebody had it revoked before. `refused`: the CA said no, for good. `failed`: it is tried again. */
type RevocationResult = 'revoked' | 'already' | 'refused' | 'failed';

/** What the controller counts. Durations in milliseconds; exposed in seconds as Prometheus wants it. */
export interface ControllerMetrics {
  /** One exchange with the CA ended: `outcome` is `issued`, `pending` or the code of the error. */
  enrolled(issuer: IssuerLabels, outcome: string, tookMs: number): void;
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
  queueDepth(group: string, waiting: number): void;
  /** One call of the Kubernetes API was answered: `code` is 2xx, the HTTP status of a refusal, or the kind of failure. */
  apiCalled(method: string, code: string): void;
  /** Whether this process works: only one of several replicas does. */
  working(is: boolean): void;
  /** One more or one less exchange under way. */
  exchangesUnderWay(change: 1 | -1): void;
}

/**
 * `rejected`: the CA took note that it is not wanted. `undelivered`: its request went away. `unknown`: it may be valid,
 * or there may be none.
 */
export type OrphanFate = 'rejected' | 'undelivered' | 'unknown';
const ORPHAN_FATES: readonly OrphanFate[] = ['rejected', 'undelivered', 'unknown'];

const ISSUER = ['issuer_kind', 'issuer_namespace', 'issuer'] as const;

const issuerLabels = (issuer: IssuerLabels) => ({
  issuer_kind: issuer.kind,
  issuer_namespace: issuer.namespace,
  issuer: issuer.name,
});

/** Registers the controller's metrics, and those of the process, in `registry`. */
export function createMetrics(registry: Registry): ControllerMetrics {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const exchanges = new Counter({
    name: 'cmpv2_issuer_exchanges_total',
    help: 'Exchanges with a CA that ended, by issuer and outcome.',
    labelNames: [...ISSUER, 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'cmpv2_issuer_exchange_duration_seconds',
    help: 'Time from the first message of an exchange to its outcome, by issuer.',
    labelNames: [...ISSUER],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const underWay = new Gauge({
    name: 'cmpv2_issuer_exchanges_under_way',
    help: 'Exchanges with a CA under way.',
    registers,
  });
  const writes = new Counter({
    name: 'cmpv2_issuer_status_writes_total',
    help: 'Status writes to the Kubernetes API, by resource and result.',
    labelNames: ['resource', 'result'],
    registers,
  });
  const orphaned = new Counter({
    name: 'cmpv2_issuer_certificates_orphaned_total',
    help: 'Certificates that are left behind at the CA, or may be, by fate; log and events name them.',
    labelNames: [...ISSUER, 'fate'],
    registers,
  });
  const ready = new Gauge({
    name: 'cmpv2_issuer_ready',
    help: '1 when the issuer is ready to sign, 0 when it is not.',
    labelNames: [...ISSUER],
    registers,
  });
  const credentials = new CredentialGauge<ReturnType<typeof issuerLabels>>(registry, ISSUER);
  const revocations = new Counter({
    name: 'cmpv2_issuer_revocations_total',
    help: 'Tries to have a certificate revoked that ended, by issuer and result: revoked, already, refused or failed.',
    labelNames: [...ISSUER, 'result'],
    registers,
  });
  const due = new Gauge({
    name: 'cmpv2_issuer_revocations_due',
    help: 'Certificates whose Certificate is gone and that are not revoked yet, by issuer.',
    labelNames: [...ISSUER],
    registers,
  });
  const apiCalls = new Counter({
    name: 'cmpv2_issuer_kubernetes_requests_total',
    help: 'Calls of the Kubernetes API, by HTTP method and code: 2xx, the HTTP status of a refusal, or the kind of failure.',
    labelNames: ['method', 'code'],
    registers,
  });
  const working = new Gauge({
    name: 'cmpv2_issuer_working',
    help: '1 in the replica that works on requests, 0 in those that stand by.',
    registers,
  });
  const depth = new Gauge({
    name: 'cmpv2_issuer_queue_depth',
    help: 'Requests that wait for a worker, by queue.',
    labelNames: ['queue'],
    registers,
  });
  return {
    enrolled: (issuer, outcome, tookMs) => {
      exchanges.inc({ ...issuerLabels(issuer), outcome });
      duration.observe(issuerLabels(issuer), tookMs / 1000);
    },
    statusWritten: (resource, result) => writes.inc({ resource, result }),
    certificateOrphaned: (issuer, fate) => orphaned.inc({ ...issuerLabels(issuer), fate }),
    issuerReady: (issuer, isReady) => ready.set(issuerLabels(issuer), isReady ? 1 : 0),
    credentialsEnd: (issuer, ends) => credentials.set(issuerLabels(issuer), ends),
    revocationTried: (issuer, result) => revocations.inc({ ...issuerLabels(issuer), result }),
    revocationsDue: (issuer, count) =>
      count === 0 ? due.remove(issuerLabels(issuer)) : due.set(issuerLabels(issuer), count),
    issuerGone: (issuer) => {
      const labels = issuerLabels(issuer);
      credentials.set(labels, new Map());
      ready.remove(labels);
      duration.remove(labels);
      for (const fate of ORPHAN_FATES) orphaned.remove({ ...labels, fate });
    },
    queueDepth: (queue, waiting) => (waiting === 0 ? depth.remove({ queue }) : depth.set({ queue }, waiting)),
    apiCalled: (method, code) => apiCalls.inc({ method, code }),
    working: (is) => working.set(is ? 1 : 0),
    exchangesUnderWay: (change) => underWay.inc(change),
  };
}

export const createRegistry = (): Registry => new Registry();
