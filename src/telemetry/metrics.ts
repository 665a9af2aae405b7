import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CounterName, GaugeName, HistogramName, Labels, Metrics } from "../base/metrics.ts";
import { COUNTERS, exposedName, GAUGES, HISTOGRAMS, type MetricInfo } from "./metric-names.ts";

/** What the metrics of the whole process are made of, and how they are read. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Prometheus' text form, version 0.0.4. */
  text(): Promise<string>;
  /** By name: a number; with labels an object by `label=value,…`; a histogram as `{count, sum}` in seconds. */
  json(): Promise<Readonly<Record<string, unknown>>>;
}

/** prom-client's gauges that end in `_total`, as only counters may; their parts stand under the name without it. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Makes the metrics of one service. `process` adds those of Node.js and the process, once for each process. */
export function createTelemetry(options: { readonly process: boolean }): Telemetry {
  const registry = new Registry();
  const counters = mapNames(COUNTERS, (name, about) => new Counter(described(name, about, registry)));
  const gauges = mapNames(GAUGES, (name, about) => new Gauge(described(name, about, registry)));
  const histograms = mapNames(
    HISTOGRAMS,
    (name, about) =>
      new Histogram({ ...described(name, about, registry), buckets: [...HISTOGRAMS[name].buckets] }),
  );
  if (options.process) {
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
  }
  return {
    metrics: {
      count: (name, labels, by = 1) =>
        record(by, () => counters[name].inc(known(COUNTERS[name], labels), by)),
      gauge: (name, by, labels) => record(by, () => gauges[name].inc(known(GAUGES[name], labels), by)),
      observe: (name, seconds, labels) =>
        record(seconds, () => histograms[name].observe(known(HISTOGRAMS[name], labels), seconds)),
    },
    text: () => registry.metrics(),
    json: async () => asJson(await registry.getMetricsAsJSON()),
  };
}

function described(name: CounterName | GaugeName | HistogramName, about: MetricInfo, registry: Registry) {
  return {
    name: exposedName(name),
    help: about.help,
    labelNames: [...about.labels],
    registers: [registry],
  };
}

function mapNames<N extends string, I, M>(table: Readonly<Record<N, I>>, make: (name: N, info: I) => M) {
  const entries = (Object.entries(table) as [N, I][]).map(([name, info]) => [name, make(name, info)]);
  return Object.fromEntries(entries) as Record<N, M>;
}

/** The labels that the metric has: one that was not declared is left out rather than losing the sample. */
function known(about: MetricInfo, labels: Labels = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => about.labels.includes(label)));
}

/** An observer never harms what it observes: a sample that can not be recorded is lost, and NaN would stay for ever. */
function record(value: number, act: () => void): void {
  if (!Number.isFinite(value)) return;
  try {
    act();
  } catch {
    // a counter that was to go down; the caller must not learn of it
  }
}

interface Sample {
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Partial<Record<string, string | number>>;
}

function asJson(metrics: readonly { readonly name: string }[]): Record<string, unknown> {
  const entries = metrics.map((metric) => {
    const { name, values } = metric as { name: string; values: readonly Sample[] };
    return [name, metricAsJson(name, values)] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function metricAsJson(name: string, samples: readonly Sample[]): unknown {
  const byLabels: Record<string, unknown> = {};
  for (const sample of samples) {
    const part = partOf(name, sample);
    if (part === "bucket") continue;
    const at = labelKey(sample.labels);
    byLabels[at] = part === "value" ? sample.value : { ...(byLabels[at] as object), [part]: sample.value };
  }
  return Object.keys(byLabels).length === 1 && "" in byLabels ? byLabels[""] : byLabels;
}

/** A histogram's samples are named after it: `…_bucket`, `…_count` and `…_sum`. */
function partOf(name: string, sample: Sample): string {
  const { metricName = name } = sample;
  return metricName === name ? "value" : metricName.slice(name.length + 1);
}

function labelKey(labels: Sample["labels"]): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .sort()
    .join(",");
}
