/** One metric, as it is exposed and as docs/reference/metrics.md tells it. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly LabelName[];
  /** A sentence for people. */
  readonly help: string;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

/** By full name. */
export type MetricTable = Readonly<Record<`cmpv2_issuer_${string}`, MetricDefinition>>;

export type LabelName = keyof typeof LABELS;

/** What each label says, whichever metric bears it. */
export const LABELS = {
  issuer_kind: '`CMPv2Issuer` or `CMPv2ClusterIssuer`',
  issuer_namespace: 'namespace of the issuer; empty for a `CMPv2ClusterIssuer`',
  issuer: 'name of the issuer',
  outcome: '`issued`, `pending` (the CA wants time), or the [code](errors.md) of the error',
  state: '`closed` (all is well), `open` (no exchange begins), `halfOpen` (a few find out whether the CA is back)',
  result: 'how it ended',
  credential: 'what the certificate is for; of trust anchors with the first digits of its SHA-256',
  fate: '`rejected` (the CA took note that it is not wanted), `undelivered` (its request went away), `unknown` (it may be valid, or there may be none)',
  resource: 'plural name of the resource',
  method: 'HTTP method',
  code: '`2xx`, the HTTP status of a refusal, or the kind of failure',
  ca: 'name of the CA as configured; empty for names that are not',
  operation: '`certificate` or `certificate-update`',
  status: 'HTTP status',
} as const;

const ISSUER = ['issuer_kind', 'issuer_namespace', 'issuer'] as const;

/** Seconds that people and CAs take. */
const EXCHANGE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Seconds that a backlog takes. */
const WAITING_SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

/** What `cmpv2-issuer controller` exposes. */
export const CONTROLLER_METRICS = {
  cmpv2_issuer_exchanges_total: {
    type: 'counter',
    labels: [...ISSUER, 'outcome'],
    help: 'Exchanges with a CA that ended, by issuer and outcome.',
  },
  cmpv2_issuer_exchange_duration_seconds: {
    type: 'histogram',
    labels: ISSUER,
    buckets: EXCHANGE_SECONDS,
    help: 'Time from the first message of an exchange to its outcome, by issuer. What a request waited before is not in it.',
  },
  cmpv2_issuer_exchanges_under_way: {
    type: 'gauge',
    labels: ISSUER,
    help: 'Exchanges with a CA under way, by issuer.',
  },
  cmpv2_issuer_queue_depth: {
    type: 'gauge',
    labels: ISSUER,
    help: 'Requests that wait for a worker, by issuer.',
  },
  cmpv2_issuer_queue_wait_seconds: {
    type: 'histogram',
    labels: ISSUER,
    buckets: WAITING_SECONDS,
    help: 'How long a request waited for a worker, by issuer.',
  },
  cmpv2_issuer_gate_waiting: {
    type: 'gauge',
    labels: ISSUER,
    help: 'Requests that wait for limits.requestsPerSecond, or for a CA to recover step by step, by issuer.',
  },
  cmpv2_issuer_gate_wait_seconds: {
    type: 'histogram',
    labels: ISSUER,
    buckets: WAITING_SECONDS,
    help: 'How long a request that could not begin at once waited there, by issuer.',
  },
  cmpv2_issuer_requests_unfinished: {
    type: 'gauge',
    labels: ISSUER,
    help: 'CertificateRequests that are neither Ready nor Failed nor Denied, by issuer; unapproved ones included.',
  },
  cmpv2_issuer_circuit_breaker: {
    type: 'gauge',
    labels: [...ISSUER, 'state'],
    help: '1 for the state that the circuit breaker of the issuer is in, 0 for the others.',
  },
  cmpv2_issuer_outages_total: {
    type: 'counter',
    labels: ISSUER,
    help: 'How often the circuit breaker opened because the CA could not be reached or was out of order, by issuer.',
  },
  cmpv2_issuer_probes_total: {
    type: 'counter',
    labels: [...ISSUER, 'result'],
    help: 'Probes of a CA by issuer, with result succeeded or failed.',
  },
  cmpv2_issuer_ready: {
    type: 'gauge',
    labels: ISSUER,
    help: '1 when the issuer is ready to sign, 0 when it is not.',
  },
  cmpv2_issuer_credential_expiry_timestamp_seconds: {
    type: 'gauge',
    labels: [...ISSUER, 'credential'],
    help: 'When a certificate that the issuer is configured with ends, by issuer and credential, in Unix time.',
  },
  cmpv2_issuer_certificates_orphaned_total: {
    type: 'counter',
    labels: [...ISSUER, 'fate'],
    help: 'Certificates that are left behind at the CA, or may be, by fate; log and events name them.',
  },
  cmpv2_issuer_revocations_total: {
    type: 'counter',
    labels: [...ISSUER, 'result'],
    help: 'Tries to have a certificate revoked that ended, by issuer and result: revoked, already, refused or failed.',
  },
  cmpv2_issuer_revocations_due: {
    type: 'gauge',
    labels: ISSUER,
    help: 'Certificates whose Certificate is gone and that are not revoked yet, by issuer.',
  },
  cmpv2_issuer_working: {
    type: 'gauge',
    labels: [],
    help: '1 in the replica that works on requests, 0 in those that stand by.',
  },
  cmpv2_issuer_status_writes_total: {
    type: 'counter',
    labels: ['resource', 'result'],
    help: 'Status writes to the Kubernetes API, by resource, with result ok, gone, conflict or failed.',
  },
  cmpv2_issuer_kubernetes_requests_total: {
    type: 'counter',
    labels: ['method', 'code'],
    help: 'Calls of the Kubernetes API, by HTTP method and code: 2xx, the HTTP status of a refusal, or the kind of failure.',
  },
} as const satisfies MetricTable;

/** What `cmpv2-issuer certservice` exposes. */
export const CERTSERVICE_METRICS = {
  cmpv2_issuer_certservice_requests_total: {
    type: 'counter',
    labels: ['ca', 'operation', 'status'],
    help: 'Requests for certificates answered, by CA, operation and HTTP status.',
  },
  cmpv2_issuer_certservice_request_duration_seconds: {
    type: 'histogram',
    labels: ['ca', 'operation'],
    buckets: EXCHANGE_SECONDS.filter((seconds) => seconds <= 60),
    help: 'Time from a request for a certificate to its answer, by CA and operation.',
  },
  cmpv2_issuer_certservice_requests_under_way: {
    type: 'gauge',
    labels: [],
    help: 'Requests for certificates under way.',
  },
  cmpv2_issuer_certservice_configuration_current: {
    type: 'gauge',
    labels: [],
    help: '1 when the configured list of CMP servers is in use, 0 when its last load failed.',
  },
} as const satisfies MetricTable;
