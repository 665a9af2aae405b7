/** Labels of a sample; their values come from small closed sets, never from ids, paths or texts. */
export type Labels = Readonly<Record<string, string>>;

/** What a room may count. Names and help texts live in `telemetry`; recording never throws. */
export interface Metrics {
  /** Adds to a counter. */
  count(name: CounterName, labels?: Labels, by?: number): void;
  /** Adds to (or, with a negative number, takes from) a gauge. */
  gauge(name: GaugeName, by: number, labels?: Labels): void;
  /** Records one duration in seconds. */
  observe(name: HistogramName, seconds: number, labels?: Labels): void;
}

/** Things that only grow. */
export type CounterName =
  | "requests_total"
  | "jobs_created_total"
  | "job_transitions_total"
  | "events_appended_total"
  | "model_calls_total"
  | "model_retries_total"
  | "model_tokens_total"
  | "model_cost_usd_total"
  | "ledger_hits_total"
  | "rate_limited_total"
  | "idempotent_replays_total";

/** Things that go up and down. */
export type GaugeName =
  | "sse_clients"
  | "watch_streams"
  | "jobs_running"
  | "model_calls_in_flight"
  | "connections";

/** Durations. */
export type HistogramName =
  | "request_duration_seconds"
  | "model_call_duration_seconds"
  | "store_commit_seconds";

/** Metrics that go nowhere. */
export const noMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
};
