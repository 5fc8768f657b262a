import { Counter, collectDefaultMetrics, Gauge, type GaugeConfiguration, Histogram, type Registry } from 'prom-client';
import type { LabelName, MetricDefinition, MetricTable } from './metric-table.js';

type OfType<T extends MetricTable, K extends MetricDefinition['type']> = {
  [N in keyof T]: T[N] extends { readonly type: K } ? N : never;
}[keyof T] &
  string;

/** All metrics of a table, registered. They are there to be read before anything is counted. */
export class MetricSet<T extends MetricTable> {
  readonly #table: T;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  /** Registers the metrics of the process besides. `collect` sets gauges whenever somebody reads them. */
  constructor(
    registry: Registry,
    table: T,
    collect: { readonly [N in OfType<T, 'gauge'>]?: (gauge: Gauge) => void } = {},
  ) {
    const collectors: Readonly<Record<string, ((gauge: Gauge) => void) | undefined>> = collect;
    this.#table = table;
    collectDefaultMetrics({ register: registry });
    for (const [name, { type, labels, help, buckets }] of Object.entries<MetricDefinition>(table)) {
      const common = { name, help, labelNames: [...labels], registers: [registry] };
      if (type === 'counter') this.#counters.set(name, new Counter(common));
      else if (type === 'gauge') this.#gauges.set(name, gauge(common, collectors[name]));
      else this.#histograms.set(name, new Histogram({ ...common, buckets: [...(buckets ?? [])] }));
    }
  }

  counter(name: OfType<T, 'counter'>): Counter {
    return found(this.#counters, name);
  }

  gauge(name: OfType<T, 'gauge'>): Gauge {
    return found(this.#gauges, name);
  }

  histogram(name: OfType<T, 'histogram'>): Histogram {
    return found(this.#histograms, name);
  }

  /** Drops every series with these labels; `others` tells which values a further label of a metric may have. */
  forget(labels: Readonly<Record<string, string>>, others: { readonly [L in LabelName]?: Iterable<string> }): void {
    for (const [name, { labels: all }] of Object.entries<MetricDefinition>(this.#table)) {
      if (Object.keys(labels).some((label) => !(all as readonly string[]).includes(label))) continue;
      const metric = this.#counters.get(name) ?? this.#gauges.get(name) ?? found(this.#histograms, name);
      const further = all.find((label) => !(label in labels));
      if (further === undefined) metric.remove(labels);
      else for (const value of others[further] ?? []) metric.remove({ ...labels, [further]: value });
    }
  }
}

function gauge(configuration: GaugeConfiguration<string>, collect: ((gauge: Gauge) => void) | undefined): Gauge {
  if (collect === undefined) return new Gauge(configuration);
  return new Gauge({
    ...configuration,
    collect() {
      collect(this);
    },
  });
}

function found<M>(metrics: ReadonlyMap<string, M>, name: string): M {
  const metric = metrics.get(name);
  if (metric === undefined) throw new TypeError(`there is no metric ${name}`);
  return metric;
}
