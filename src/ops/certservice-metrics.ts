import type { Registry } from 'prom-client';
import { MetricSet } from './metric-set.js';
import { CERTSERVICE_METRICS } from './metric-table.js';

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
  const set = new MetricSet(registry, CERTSERVICE_METRICS);
  const answers = set.counter('cmpv2_issuer_certservice_requests_total');
  const duration = set.histogram('cmpv2_issuer_certservice_request_duration_seconds');
  const underWay = set.gauge('cmpv2_issuer_certservice_requests_under_way');
  const current = set.gauge('cmpv2_issuer_certservice_configuration_current');
  return {
    answered: (ca, operation, status, tookMs) => {
      answers.inc({ ca, operation, status: String(status) });
      duration.observe({ ca, operation }, tookMs / 1000);
    },
    underWay: (change) => underWay.inc(change),
    configurationCurrent: (isCurrent) => current.set(isCurrent ? 1 : 0),
  };
}
