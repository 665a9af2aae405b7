import { describe, expect, it } from "vitest";
import { OutOfTimeError } from "../../src/engine/ports.ts";
import { decideStop, isEarly, MAX_UNMADE } from "../../src/engine/stop.ts";
import { initialState, loadState, type State } from "../../src/engine/state.ts";
import type { Model } from "../../src/models/model.ts";
import { STOP_REASONS } from "../../src/domain/stop-reason.ts";
import { member } from "../support/members.ts";
import { createWorld, dataOf, play, type WorldOptions } from "../support/scripted-world.ts";

const validation = ["a", "b"];
const spec = (options: WorldOptions = {}) => createWorld(options).input.spec;
const state = (over: Partial<State>): State => ({ ...initialState(1, { prompt: "seed" }), ...over });
const pool = (a: number, b: number) => [member("c0", { a, b })];

describe("a stop", () => {
  it("is decided by what is committed, the first reason that holds", () => {
    const patient = spec({ config: { earlyStopPatience: 3 }, budget: { maxIterations: 9 } });
    const aiming = spec({ config: { targetScore: 0.75 } });
    const cases = [
      { spec: patient, state: state({ pool: pool(1, 0) }), reason: undefined },
      { spec: patient, state: state({ pool: pool(1, 1), commits: 9 }), reason: "solved" },
      { spec: patient, state: state({ pool: [member("c0", { a: 1 })] }), reason: undefined },
      { spec: aiming, state: state({ pool: pool(1, 0.5) }), reason: "target_score" },
      { spec: aiming, state: state({ pool: pool(1, 0.49) }), reason: undefined },
      { spec: patient, state: state({ pool: pool(1, 0), commits: 9, bestSince: 8 }), reason: "iterations" },
      { spec: patient, state: state({ pool: pool(1, 0), commits: 5, bestSince: 2 }), reason: "plateau" },
      { spec: patient, state: state({ pool: pool(1, 0), commits: 4, bestSince: 2 }), reason: undefined },
      {
        spec: aiming,
        state: state({ pool: pool(0, 0), unmade: Array(MAX_UNMADE).fill("reflect") }),
        reason: "no_progress",
      },
    ];
    for (const { reason, ...given } of cases) {
      expect(decideStop(given.spec, validation, given.state)?.reason).toBe(reason);
    }
  });

  it("is early where no limit is used up", () => {
    const early = STOP_REASONS.filter((reason) => isEarly({ reason, detail: "" }));
    expect(early).toEqual(["solved", "target_score", "plateau", "stopped", "no_progress"]);
  });

  it("comes at the commit that solves it, at every width: what is in flight is dropped and said", async () => {
    for (const width of [1, 2, 8, 16]) {
      const world = createWorld({
        examples: 40,
        facts: 3,
        config: { width, minibatchSize: 6 },
        budget: { maxIterations: 60 },
      });
      const recording = await play(world);
      const decisions = dataOf(recording, "select");
      const last = Math.max(...decisions.map((s) => s.iteration));
      const [stop, ...more] = dataOf(recording, "early_stop");
      expect(more).toEqual([]);
      expect(stop).toMatchObject({ reason: "solved", iteration: last });
      const solver = dataOf(recording, "judge").findLast((j) => stop?.detail.startsWith(`${j.candidateId} `));
      expect(solver).toMatchObject({ stage: "validation", meanScore: 1, iteration: last });
      const notes = dataOf(recording, "final")[0]?.report.notes.join(" ");
      const dropped = /\d (proposal was|proposals were) under way when the search stopped, and dropped;/;
      expect(dropped.test(notes ?? "")).toBe(width > 1);
    }
  });

  it("gives up the calls of what is dropped, and still tests and prunes", async () => {
    const options: WorldOptions = { examples: 40, facts: 1, config: { width: 8 } };
    const world = createWorld(options);
    let givenUp = 0;
    let reflections = 0;
    // Every reflection but the first answers only when it is given up.
    const reflection: Model = {
      ...world.ports.reflection,
      call: (request, signal) =>
        reflections++ === 0
          ? world.ports.reflection.call(request, signal)
          : new Promise((_, reject) => {
              signal.addEventListener("abort", () => {
                givenUp++;
                reject(signal.reason);
              });
            }),
    };
    const recording = await play({ ...world, ports: { ...world.ports, reflection } });
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: { stopReason: "solved", report: { verdict: "improved", measuredOn: "test" } },
    });
    expect(givenUp).toBe(7);
    expect(dataOf(recording, "judge").filter((j) => j.stage === "test")).toHaveLength(2);
  });

  it("ends at once where the caller asks for it, and goes on to the test from a checkpoint too", async () => {
    const options: WorldOptions = {
      examples: 40,
      facts: 20,
      config: { width: 4 },
      budget: { maxIterations: 30 },
      outside: (commit) => (commit === 3 ? "stop" : "go"),
    };
    const recording = await play(createWorld(options));
    expect(recording.outcome).toMatchObject({ kind: "finished", result: { stopReason: "stopped" } });
    expect(Math.max(...dataOf(recording, "select").map((s) => s.iteration))).toBe(2);
    const saved = recording.steps.flatMap((s) => (s.kind === "checkpoint" ? [s.state] : [])).at(-1) ?? "";
    expect(loadState(saved)).toMatchObject({ commits: 2, inFlight: { length: 3 } });
    const rest = await play(createWorld(options), saved);
    const at = recording.steps.findLastIndex((s) => s.kind === "checkpoint");
    expect(rest.steps).toEqual(recording.steps.slice(at + 1));
  });

  it("by the wall time in the middle of the final test is not told as a model that went out of reach", async () => {
    const examples = Array.from({ length: 36 }, (_, i) => {
      const split = (["train", "validation", "test"] as const)[i % 3];
      return { id: `e${i}`, input: `${split} ${i}`, ...(split ? { split } : {}) };
    });
    const world = createWorld({ spec: { examples }, facts: 1 });
    const call: Model["call"] = (request, signal) =>
      request.messages.at(-1)?.content.startsWith("test")
        ? Promise.reject(new OutOfTimeError())
        : world.ports.target.call(request, signal);
    const recording = await play({
      ...world,
      ports: { ...world.ports, target: { ...world.ports.target, call } },
    });
    const [final] = dataOf(recording, "final");
    expect(final?.report).toMatchObject({ verdict: "not_measured", measuredOn: "in_sample", lift: 1 });
    expect(final?.report.explanation).toContain("The test could not be run");
    expect(final?.report.notes.join(" ")).not.toContain("out of reach");
  });
});

describe("the test of the seed", () => {
  const CONCURRENCY = 8;

  /** Places of the seed's test runs among all runs, in a wide job that uses its iterations up. */
  async function places(budget: WorldOptions["budget"]) {
    const world = createWorld({
      examples: 60,
      facts: 30,
      concurrency: CONCURRENCY,
      config: { width: 4 },
      budget: { maxIterations: 8, ...budget },
    });
    const recording = await play(world);
    const { splits } = dataOf(recording, "started")[0] ?? {};
    const seed = world.input.spec.components.prompt;
    const inputs = world.input.spec.examples.filter((e) => splits?.test.includes(e.id)).map((e) => e.input);
    const found = world.rollouts.flatMap((r, i) =>
      r.prompt === seed && inputs.includes(r.input) ? [i] : [],
    );
    expect(found).toHaveLength(inputs.length);
    const begun = (splits?.validation ?? []).length;
    return { found, begun, end: world.rollouts.length - 2 * inputs.length };
  }

  it("fills the last round of its validation", async () => {
    const { found, begun } = await places({});
    const free = CONCURRENCY - (begun % CONCURRENCY);
    expect(free).toBeLessThan(CONCURRENCY);
    expect(found.filter((i) => i < begun + free)).toHaveLength(free);
    expect(found[free]).toBeGreaterThan(begun + free);
  });

  it("runs beside the last proposals, and each run of it once", async () => {
    const { found, end } = await places({});
    expect(found.filter((i) => i < end)).toEqual(found);
  });

  it("waits for the end where the time may be up before", async () => {
    const { found, end } = await places({ maxWallTimeS: 3_600 });
    expect(found.filter((i) => i >= end)).toEqual(found);
  });
});
