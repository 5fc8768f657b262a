import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

/** What the CertService server counts. Durations in milliseconds; exposed in seconds as Prometheus wants it. */
export interface CertServiceMetrics {
  /** One request for a certificate was answered. `caName` is empty for names that are not configured. */
  answered(caName: string, operation: 'certificate' | 'certificate-update', status: number, tookMs: number): void;
  /** One more or one less request under way. */
  underWay(change: 1 | -1): void;
  /** Whether the list of CMP servers in the file is the one in use. */
  configurationCurrent(current: boolean): void;
}

/** Registers the metrics of the CertService server, and those of the process, in `registry`. */
export function createCertServiceMetrics(registry: Registry): CertServiceMetrics {
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const answers = new Counter({
    name: 'cmpv2_issuer_certservice_requests_total',
    help: 'Requests for certificates answered, by CA, operation and HTTP status.',
    labelNames: ['ca', 'operation', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'cmpv2_issuer_certservice_request_duration_seconds',
    help: 'Time from a request for a certificate to its answer, by CA and operation.',
    labelNames: ['ca', 'operation'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const underWay = new Gauge({
    name: 'cmpv2_issuer_certservice_requests_under_way',
    help: 'Requests for certificates under way.',
    registers,
  });
  const current = new Gauge({
    name: 'cmpv2_issuer_certservice_configuration_current',
    help: '1 when the configured list of CMP servers is in use, 0 when its last load failed.',
    registers,
  });
  return {
    answered: (ca, operation, status, tookMs) => {
      answers.inc({ ca, operation, status: String(status) });
      duration.observe({ ca, operation }, tookMs / 1000);
    },
    underWay: (change) => underWay.inc(change),
    configurationCurrent: (isCurrent) => current.set(isCurrent ? 1 : 0),
  };
}
