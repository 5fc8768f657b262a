import { CERTSERVICE_METRICS, CONTROLLER_METRICS, LABELS } from '../../src/ops/metric-table.js';
import { code, GENERATED, table } from './markdown.mjs';

const seconds = (buckets) => ` Buckets: ${buckets.join(', ')}.`;

const rows = (metrics) =>
  Object.entries(metrics).map(([name, { type, labels, help, buckets }]) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help + (buckets === undefined ? '' : seconds(buckets)),
  ]);

const HEAD = ['name', 'type', 'labels', 'meaning'];

export function metricsPage() {
  return `${GENERATED}

# Metrics

In the Prometheus text format, at \`/metrics\` of the address given by \`--probes-address\`. Durations are in seconds. What
prom-client tells of every Node.js process (\`process_*\`, \`nodejs_*\`) is there as well.

## Controller

${table(HEAD, rows(CONTROLLER_METRICS))}

A request waits for a worker (\`queue\`), perhaps to be let through to the CA (\`gate\`), and then takes the CA's time
(\`exchange\`): three figures that never contain each other. Of an issuer that is deleted, all series go.

## CertService

${table(HEAD, rows(CERTSERVICE_METRICS))}

## Labels

${table(
  ['label', 'meaning'],
  Object.entries(LABELS).map(([name, meaning]) => [code(name), meaning]),
)}
`;
}
