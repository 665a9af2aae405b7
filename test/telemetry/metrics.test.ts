import { describe, expect, it } from "vitest";
import { COUNTERS, exposedName, GAUGES, HISTOGRAMS } from "../../src/telemetry/metric-names.ts";
import { createTelemetry } from "../../src/telemetry/metrics.ts";

const fresh = () => createTelemetry({ process: false });

describe("createTelemetry", () => {
  it("shows every metric with its help and type before anything was counted", async () => {
    const text = await fresh().text();
    const tables = [
      [COUNTERS, "counter"],
      [GAUGES, "gauge"],
      [HISTOGRAMS, "histogram"],
    ] as const;
    for (const [table, type] of tables) {
      for (const name of Object.keys(table) as Parameters<typeof exposedName>[0][]) {
        expect(text).toContain(`# HELP ${exposedName(name)} `);
        expect(text).toContain(`# TYPE ${exposedName(name)} ${type}\n`);
      }
    }
  });

  it("calls the gauge of open event streams sse_clients, as promised", async () => {
    const { metrics, text, json } = fresh();
    metrics.gauge("sse_clients", 1);
    metrics.gauge("sse_clients", 1);
    metrics.gauge("sse_clients", -1);
    expect(await text()).toContain("# TYPE sse_clients gauge\nsse_clients 1\n");
    expect((await json()).sse_clients).toBe(1);
  });

  it("counts by labels, and prints them as JSON too", async () => {
    const { metrics, text, json } = fresh();
    metrics.count("model_tokens_total", { role: "judge", kind: "input" }, 30);
    metrics.count("model_tokens_total", { role: "judge", kind: "input" });
    metrics.count("jobs_created_total");
    expect(await text()).toContain('gepa_model_tokens_total{role="judge",kind="input"} 31\n');
    expect(await json()).toMatchObject({
      gepa_model_tokens_total: { "kind=input,role=judge": 31 },
      gepa_jobs_created_total: 1,
    });
  });

  it("gives a histogram as count and sum in JSON", async () => {
    const { metrics, json } = fresh();
    metrics.observe("store_commit_seconds", 0.25);
    metrics.observe("store_commit_seconds", 0.5);
    metrics.observe("model_call_duration_seconds", 2, { role: "target" });
    expect(await json()).toMatchObject({
      gepa_store_commit_seconds: { count: 2, sum: 0.75 },
      gepa_model_call_duration_seconds: { "role=target": { count: 1, sum: 2 } },
    });
  });

  it("never throws, whatever is recorded", async () => {
    const { metrics, json } = fresh();
    metrics.count("jobs_created_total", {}, -1);
    metrics.count("jobs_created_total", {}, Number.NaN);
    metrics.count("jobs_created_total", { job_id: "unbounded" });
    metrics.observe("store_commit_seconds", Number.NaN);
    expect(await json()).toMatchObject({ gepa_jobs_created_total: 1 });
  });

  it("keeps two services in one process apart", async () => {
    const [one, other] = [fresh(), fresh()];
    one.metrics.count("jobs_created_total");
    expect((await other.json()).gepa_jobs_created_total).toBe(0);
  });
});

describe("the names", () => {
  // The rules of `promtool check metrics`: it runs over the live service as part of the documents' commands.
  it("follow Prometheus' conventions, those of the process too", async () => {
    const text = await createTelemetry({ process: true }).text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({
      name,
      type,
    }));
    expect(types.map((t) => t.name)).toContain("process_cpu_seconds_total");
    for (const { name, type } of types) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith("_total"), name).toBe(type === "counter");
      expect(name, "base units only").not.toMatch(/_(ms|milliseconds|kilobytes|megabytes|minutes)(_|$)/);
    }
  });
});
