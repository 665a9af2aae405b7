import { expect, it } from "vitest";
import type { Evaluation } from "../../../src/domain/evaluation.ts";
import type { ReferenceStep } from "../../../src/engine/reference/ports.ts";
import { ModelError } from "../../../src/models/model.ts";
import { createWorld, dataOf, play, type WorldOptions } from "../../support/scripted-world.ts";

const options: WorldOptions = {
  examples: 24,
  facts: 8,
  config: { profile: "reference", minibatchSize: 2 },
  budget: { maxIterations: 30, maxMetricCalls: 120 },
};

it("learns, overshoots its metric calls as gepa 0.1.4 does, and is tested like every other run", async () => {
  const recording = await play(createWorld(options));
  expect(recording.outcome).toMatchObject({
    kind: "finished",
    result: { stopReason: "metric_calls", report: { measuredOn: "test" } },
  });
  const used = dataOf(recording, "progress").map(
    (p) => p.budget.lines.find((l) => l.name === "metric_calls")?.used,
  );
  expect(used.at(-1)).toBeGreaterThan(120);
  expect(dataOf(recording, "started")[0]?.profile).toBe("reference");
});

it("tells every decision to the trace port, and the same ones as events", async () => {
  const world = createWorld(options);
  const trace: ReferenceStep<Evaluation>[] = [];
  const recording = await play({ ...world, ports: { ...world.ports, trace: (step) => trace.push(step) } });
  const accepted = trace.filter((s) => s.kind === "candidate_accepted").map((s) => `c${s.iteration}`);
  expect(accepted.length).toBeGreaterThan(2);
  expect(
    dataOf(recording, "select")
      .filter((s) => s.accepted)
      .map((s) => s.candidateId),
  ).toEqual(["c0", ...accepted]);
  expect(trace.filter((s) => s.kind === "iteration_end")).toHaveLength(
    dataOf(recording, "select").length - 1,
  );
});

it("makes the same decisions at any latency, and again from the start", async () => {
  let call = 0;
  const plain = await play(createWorld(options));
  const slow = await play(createWorld({ ...options, latency: () => (call++ * 7) % 5 }));
  expect(slow.steps).toEqual(plain.steps);
  expect(slow.outcome).toEqual(plain.outcome);
});

it("obeys stop, pause and the deadline between two iterations", async () => {
  const at = (order: "stop" | "pause" | "wall_time") =>
    play(createWorld({ ...options, outside: (commit) => (commit === 3 ? order : "go") }));
  expect((await at("pause")).outcome).toEqual({ kind: "paused" });
  expect((await at("stop")).outcome).toMatchObject({ kind: "finished", result: { stopReason: "stopped" } });
  const late = await at("wall_time");
  expect(late.outcome).toMatchObject({ kind: "finished", result: { stopReason: "wall_time" } });
  expect(dataOf(late, "judge").filter((j) => j.stage === "test")).toEqual([]);
});

it("counts a failed example as zero, as gepa 0.1.4 does, but not an outage", async () => {
  const failing = new ModelError("timeout", "No answer in time.");
  const some = await play(
    createWorld({ ...options, targetFails: (_p, input) => (input === "question 1" ? failing : undefined) }),
  );
  expect(some.outcome.kind).toBe("finished");
  const refused = await play(
    createWorld({
      ...options,
      reflectionFails: () => new ModelError("auth", "The key was refused."),
    }),
  );
  expect(refused.outcome).toMatchObject({ kind: "failed", failure: { code: "model_auth" } });
});
