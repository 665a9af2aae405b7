import type { CounterName, GaugeName, HistogramName } from "../base/metrics.ts";

/** What is said of a metric, and the labels its samples may have. */
export interface MetricInfo {
  readonly help: string;
  readonly labels: readonly string[];
}

const info = (help: string, ...labels: string[]): MetricInfo => ({ help, labels });

/** Things that only grow. */
export const COUNTERS: Readonly<Record<CounterName, MetricInfo>> = {
  requests_total: info("Calls that were answered.", "protocol", "method", "code"),
  jobs_created_total: info("Jobs that were created."),
  job_transitions_total: info("Changes of a job's status.", "to"),
  events_appended_total: info("Events that were recorded.", "type"),
  model_calls_total: info("Model calls that ended, by outcome.", "role", "outcome"),
  model_retries_total: info("Further tries of model calls that failed.", "role", "failure"),
  model_tokens_total: info("Tokens of model calls.", "role", "kind"),
  model_cost_usd_total: info("US dollars paid for model calls with a known price.", "role"),
  ledger_hits_total: info("Model answers that were paid for before and used again.", "role"),
  rate_limited_total: info("Calls refused by the rate limit."),
  idempotent_replays_total: info("Creates that were answered with the job of an earlier call."),
};

/** Things that go up and down. */
export const GAUGES: Readonly<Record<GaugeName, MetricInfo>> = {
  sse_clients: info("Open server-sent event streams."),
  watch_streams: info("Open watches of jobs over any protocol."),
  jobs_running: info("Jobs that run now."),
  model_calls_in_flight: info("Model calls under way."),
  connections: info("Open connections."),
};

/** Durations. */
export const HISTOGRAMS: Readonly<
  Record<HistogramName, MetricInfo & { readonly buckets: readonly number[] }>
> = {
  request_duration_seconds: {
    ...info("Time from a call's arrival to its answer; of a stream, to its end.", "protocol", "method"),
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  model_call_duration_seconds: {
    ...info("Time of one try of a model call.", "role"),
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  store_commit_seconds: {
    ...info("Time of a durable commit of the store."),
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  },
};

/** The founding document promises `sse_clients` under just that name; everything else carries the service's. */
export function exposedName(name: CounterName | GaugeName | HistogramName): string {
  return name === "sse_clients" ? name : `gepa_${name}`;
}
