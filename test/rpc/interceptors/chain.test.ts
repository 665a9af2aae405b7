import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { AppError } from "../../../src/base/errors.ts";
import { errorHeader } from "../../../src/base/invoke.ts";
import { UNARY_LIMIT_MS } from "../../../src/rpc/interceptors/deadline.ts";
import { call, refusal } from "../../support/call.ts";
import { createFakeLog } from "../../support/fake-use-cases.ts";
import { aJob } from "../../support/jobs.ts";
import { createTestRpc } from "../../support/rpc-server.ts";

const { createJob, estimateJob, forkJob, getJob, listEvents, listJobs, watchJob } =
  OptimizationService.method;
const METHOD = "gepa.v1.OptimizationService/GetJob";
const found = { getJob: async (_caller: unknown, id: string) => aJob(id) };

describe("request id", () => {
  for (const [sent, kept] of [
    ["abc-1.2_3", "abc-1.2_3"],
    ["x".repeat(64), "x".repeat(64)],
    ["x".repeat(65), "request-1"],
    ["a b", "request-1"],
    ['a"b', "request-1"],
    ["", "request-1"],
  ] as const) {
    it(`${sent.slice(0, 20)} of ${sent.length} characters is answered as ${kept.slice(0, 20)}`, async () => {
      const rpc = createTestRpc({ useCases: found });
      const { header } = await call(rpc, getJob, { jobId: "j1" }, { header: { "x-request-id": sent } });
      expect(header.get("x-request-id")).toBe(kept);
    });
  }

  it("goes with an error, too", async () => {
    const error = await refusal(call(createTestRpc(), getJob, { jobId: "j1" }));
    expect(errorHeader(error).get("x-request-id")).toBe("request-1");
  });
});

describe("telemetry", () => {
  it("writes one line and one sample for an answer", async () => {
    const rpc = createTestRpc({ useCases: found });
    await call(rpc, getJob, { jobId: "j1" }, { header: { "x-request-id": "r1" } });
    expect(rpc.log.lines).toEqual([
      {
        level: "info",
        event: "request",
        method: METHOD,
        protocol: "rest",
        code: "ok",
        duration_ms: 0,
        request_id: "r1",
        job_id: "j1",
      },
    ]);
    expect([...rpc.metrics.values]).toEqual([[`requests_total{code=ok,method=${METHOD},protocol=rest}`, 1]]);
  });

  it("writes the reason of a refusal", async () => {
    const rpc = createTestRpc();
    await refusal(call(rpc, getJob, { jobId: "j1" }));
    expect(rpc.log.lines).toMatchObject([{ code: "not_found", reason: "not_found" }]);
    expect([...rpc.metrics.values.keys()]).toEqual([
      `requests_total{code=not_found,method=${METHOD},protocol=rest}`,
    ]);
  });

  it("writes a stream's line when it is over", async () => {
    const log = createFakeLog();
    const rpc = createTestRpc({ useCases: { watchJob: log.watchJob } });
    const result = await call(rpc, watchJob, { jobId: "j1", includeJob: true });
    expect(result.kind).toBe("stream");
    const messages = (result as Extract<typeof result, { kind: "stream" }>).messages[Symbol.asyncIterator]();
    await messages.next();
    expect(rpc.log.lines).toEqual([]);
    log.end();
    expect((await messages.next()).done).toBe(true);
    expect(rpc.log.lines).toMatchObject([
      { method: "gepa.v1.OptimizationService/WatchJob", code: "ok", job_id: "j1" },
    ]);
  });

  it("names the job that a create has made, and none where there is none to name", async () => {
    const rpc = createTestRpc({
      useCases: {
        createJob: async () => ({ job: aJob("j9"), replayed: false }),
        listJobs: async () => ({ items: [aJob("j8")], nextPageToken: "" }),
      },
    });
    await call(rpc, createJob, { spec: { prompt: "Greet.", examples: [{ input: "hello" }] } });
    await call(rpc, listJobs, {});
    await refusal(call(rpc, getJob, { jobId: "no such\nline" }));
    await refusal(call(rpc, getJob, { jobId: "x".repeat(65) }));
    expect(rpc.log.lines.map((line) => line.job_id)).toEqual(["j9", undefined, undefined, undefined]);
  });
});

describe("error boundary", () => {
  it("logs what is our fault with its cause and tells only the request id", async () => {
    const cause = new TypeError("secret");
    const rpc = createTestRpc({ useCases: { getJob: () => Promise.reject(cause) } });
    const error = await refusal(call(rpc, getJob, { jobId: "j1" }));
    expect(error).toMatchObject({ reason: "internal_error", metadata: { request_id: "request-1" } });
    expect(error.message).not.toContain("secret");
    expect(rpc.log.errors).toEqual([cause]);
  });

  it("logs no fault for what is the caller's", async () => {
    const rpc = createTestRpc();
    await refusal(call(rpc, getJob, { jobId: "j1" }));
    expect(rpc.log.lines.filter((line) => line.level === "error")).toEqual([]);
  });
});

describe("draining", () => {
  it("refuses calls with the time to come back, and still answers probes", async () => {
    const rpc = createTestRpc({ useCases: found });
    rpc.serving.drain();
    const error = await refusal(call(rpc, getJob, { jobId: "j1" }));
    expect(error).toMatchObject({ reason: "draining", retryAfterMs: 1_000 });
    expect(errorHeader(error).get("retry-after")).toBe("1");
    await call(rpc, SystemService.method.checkHealth, {});
    expect((await refusal(call(rpc, SystemService.method.checkReadiness, {}))).reason).toBe("draining");
  });
});

describe("readiness", () => {
  it("is what the store says", async () => {
    const gone = new AppError("storage_unavailable", "The store does not answer.");
    const rpc = createTestRpc({ system: { ready: () => Promise.reject(gone) } });
    expect((await refusal(call(rpc, SystemService.method.checkReadiness, {}))).reason).toBe(
      "storage_unavailable",
    );
  });
});

describe("deadline", () => {
  it("ends a call that hangs at the server's own limit", async () => {
    const rpc = createTestRpc({ useCases: { getJob: () => new Promise(() => undefined) } });
    const hanging = refusal(call(rpc, getJob, { jobId: "j1" }));
    await rpc.clock.untilSleeping();
    await rpc.clock.advance(UNARY_LIMIT_MS);
    expect((await hanging).reason).toBe("deadline_exceeded");
  });

  it("ends a call when its caller leaves", async () => {
    const leaving = new AbortController();
    const rpc = createTestRpc({ useCases: { getJob: () => new Promise(() => undefined) } });
    const hanging = refusal(call(rpc, getJob, { jobId: "j1" }, { signal: leaving.signal }));
    await rpc.clock.untilSleeping();
    leaving.abort();
    expect((await hanging).reason).toBe("canceled");
    expect(rpc.clock.sleepers()).toEqual([]);
  });

  it("leaves no timer behind", async () => {
    const rpc = createTestRpc({ useCases: found });
    await call(rpc, getJob, { jobId: "j1" });
    expect(rpc.clock.sleepers()).toEqual([]);
  });
});

describe("validation", () => {
  const spec = { prompt: "Greet.", examples: [{ input: "hello" }] };
  const faults: readonly (readonly [
    what: string,
    sent: () => Promise<unknown>,
    reason: string,
    fields: string[],
  ])[] = [
    ["no job id", () => call(createTestRpc(), getJob, {}), "validation_error", ["job_id"]],
    ["no spec", () => call(createTestRpc(), createJob, {}), "validation_error", ["spec"]],
    [
      "neither prompt nor components",
      () => call(createTestRpc(), createJob, { spec: { ...spec, prompt: "" } }),
      "validation_error",
      ["spec.prompt"],
    ],
    [
      "both prompt and components",
      () => call(createTestRpc(), createJob, { spec: { ...spec, components: { a: "b" } } }),
      "validation_error",
      ["spec.prompt"],
    ],
    [
      "several faults at once",
      () =>
        call(createTestRpc(), createJob, {
          spec: { prompt: "x", examples: [{ input: "" }], seed: -1n },
          iterations: 0,
        }),
      "validation_error",
      ["spec.examples[0].input", "spec.seed", "iterations"],
    ],
    [
      "limits without an end, which JSON can not hold",
      () =>
        call(createTestRpc(), createJob, {
          spec: {
            ...spec,
            budget: { maxCostUsd: Infinity, maxWallTimeS: Infinity },
            config: { reference: { maxReflectionCostUsd: Infinity } },
          },
        }),
      "validation_error",
      [
        "spec.budget.max_cost_usd",
        "spec.budget.max_wall_time_s",
        "spec.config.reference.max_reflection_cost_usd",
      ],
    ],
    [
      "a tolerance without an end",
      () =>
        call(createTestRpc(), createJob, {
          spec: { ...spec, grader: { kind: { case: "numeric", value: { tolerance: Infinity } } } },
        }),
      "validation_error",
      ["spec.grader.numeric.tolerance"],
    ],
    [
      "a weight without an end",
      () => {
        const graders = [{ name: "close", weight: Infinity, grader: { kind: { case: "judge", value: {} } } }];
        const grader = { kind: { case: "multi", value: { graders } } } as const;
        return call(createTestRpc(), createJob, { spec: { ...spec, grader } as never });
      },
      "validation_error",
      ["spec.grader.multi.graders[0].weight"],
    ],
    [
      "what is wrong inside of a multi grader, at every depth",
      () => {
        const part = (name: string, kind: object) => ({ name, grader: { kind } });
        const inner = part("inner", {
          case: "multi",
          value: {
            graders: [
              part("pattern", { case: "regex", value: { pattern: "" } }),
              part("close", { case: "numeric", value: { tolerance: -1 } }),
            ],
          },
        });
        const graders = [inner, part("none", { case: undefined })];
        const grader = { kind: { case: "multi", value: { graders } } };
        return call(createTestRpc(), estimateJob, { spec: { ...spec, grader } as never });
      },
      "validation_error",
      [
        "spec.grader.multi.graders[0].grader.multi.graders[0].grader.regex.pattern",
        "spec.grader.multi.graders[0].grader.multi.graders[1].grader.numeric.tolerance",
        "spec.grader.multi.graders[1].grader",
      ],
    ],
    [
      "whole numbers that would be rounded",
      () =>
        call(createTestRpc(), forkJob, { jobId: "j1", seed: 2n ** 53n, budget: { maxTokens: 2n ** 53n } }),
      "validation_error",
      ["seed", "budget.max_tokens"],
    ],
    [
      "empty texts to keep or to leave out",
      () =>
        call(createTestRpc(), createJob, {
          spec: { ...spec, constraints: { mustKeep: [""], mustNotContain: ["ok", ""] } },
        }),
      "validation_error",
      ["spec.constraints.must_keep[0]", "spec.constraints.must_not_contain[1]"],
    ],
    [
      "a blank objective",
      () => call(createTestRpc(), createJob, { spec: { ...spec, objectives: ["brevity", " \n"] } }),
      "validation_error",
      ["spec.objectives[1]"],
    ],
    [
      "a negative page size",
      () => call(createTestRpc(), listJobs, { pageSize: -1 }),
      "validation_error",
      ["page_size"],
    ],
    [
      "a negative cursor of a watch",
      () => call(createTestRpc(), watchJob, { jobId: "j1", afterEventId: -1n }),
      "invalid_cursor",
      ["after_event_id"],
    ],
    [
      "a negative cursor of a list",
      () => call(createTestRpc(), listEvents, { jobId: "j1", afterEventId: -1n }),
      "invalid_cursor",
      ["after_event_id"],
    ],
  ];
  for (const [what, sent, reason, fields] of faults) {
    it(`refuses ${what} as ${reason}, by the names of the contract`, async () => {
      const error = await refusal(sent());
      expect(error.reason).toBe(reason);
      expect(error.violations.map((violation) => violation.field).sort()).toEqual([...fields].sort());
    });
  }

  const worded: readonly [what: string, spec: object, message: RegExp][] = [
    ["a blank objective", { objectives: [" "] }, /only white space; write something, or leave it out/],
    ["an endless budget", { budget: { maxCostUsd: Infinity } }, /a number that is neither infinite nor NaN/],
    ["no examples", { examples: [] }, /^spec\.examples: is empty; give at least one\.$/],
    [
      "an empty input",
      { examples: [{ input: "" }] },
      /^spec\.examples\[0\]\.input: is empty; write something\.$/,
    ],
    [
      "a grader of no kind",
      { grader: {} },
      /^spec\.grader: is none of its kinds; give one of judge, exact, .*similarity, multi\.$/,
    ],
    [
      "an unknown way to select",
      { config: { selection: "best" } },
      /is none of pareto, current_best, epsilon_greedy, top_k_pareto; leave it out for the default\.$/,
    ],
    ["a width beyond the limits", { config: { width: 65 } }, /^spec\.config\.width: must be from 1 to 64\.$/],
    ["no calls at all", { budget: { maxMetricCalls: 0 } }, /max_metric_calls: must be 1 or more\.$/],
    ["no dollars", { budget: { maxCostUsd: 0 } }, /max_cost_usd: must be more than 0\.$/],
    [
      "an objective named twice",
      { objectives: ["a", "a"] },
      /objectives: names one twice; give each once\.$/,
    ],
    [
      "too many objectives",
      { objectives: Array.from({ length: 17 }, (_, i) => `${i}`) },
      /at most 16 are taken/,
    ],
    [
      "a component with a blank in its name",
      { prompt: "", components: { "a b": "x" } },
      /is no name for a component/,
    ],
    [
      "a schema that is left out",
      { grader: { kind: { case: "jsonSchema", value: {} } } },
      /grader\.json_schema\.schema: is missing\.$/,
    ],
  ];
  for (const [what, part, message] of worded) {
    it(`says of ${what} what to do about it`, async () => {
      const error = await refusal(call(createTestRpc(), createJob, { spec: { ...spec, ...part } }));
      expect(error.message).toMatch(message);
    });
  }
});
