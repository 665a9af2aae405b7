import type { LogFields, Logger } from "../../src/base/log.ts";
import type { Metrics } from "../../src/base/metrics.ts";

/** A line that was logged. */
export interface LogLine extends LogFields {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
}

/** A logger that keeps its lines, and the errors that came with them. */
export function createRecordingLog(): Logger & { readonly lines: LogLine[]; readonly errors: unknown[] } {
  const lines: LogLine[] = [];
  const errors: unknown[] = [];
  const write =
    (level: LogLine["level"], base: LogFields) => (event: string, fields?: LogFields, error?: unknown) => {
      lines.push({ level, event, ...base, ...fields });
      if (error !== undefined) errors.push(error);
    };
  const logger = (base: LogFields): Logger => ({
    debug: write("debug", base),
    info: write("info", base),
    warn: write("warn", base),
    error: write("error", base),
    child: (fields) => logger({ ...base, ...fields }),
  });
  return { ...logger({}), lines, errors };
}

/** Metrics that keep counters and gauges by name and labels, as `name{a=b,c=d}`. */
export function createRecordingMetrics(): Metrics & { readonly values: ReadonlyMap<string, number> } {
  const values = new Map<string, number>();
  const add = (name: string, labels: Readonly<Record<string, string>> = {}, by = 1) => {
    const text = Object.entries(labels)
      .map(([label, value]) => `${label}=${value}`)
      .sort()
      .join(",");
    const key = text === "" ? name : `${name}{${text}}`;
    values.set(key, (values.get(key) ?? 0) + by);
  };
  return {
    values,
    count: (name, labels, by) => add(name, labels, by),
    gauge: (name, by, labels) => add(name, labels, by),
    observe: () => undefined,
  };
}
