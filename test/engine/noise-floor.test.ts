import { describe, expect, it } from "vitest";
import { roundScore } from "../../src/domain/round.ts";
import { noiseFloor } from "../../src/engine/report/report.ts";
import { NOISE_SAMPLES } from "../../src/engine/reserve.ts";
import { loadState } from "../../src/engine/state.ts";
import { GraderError, type Grader } from "../../src/graders/grader.ts";
import { createWorld, dataOf, play, type World, type WorldOptions } from "../support/scripted-world.ts";

/** A world whose grader is a judge: it asks one model a grade, and its second grade of an output is lower. */
function judged(options: WorldOptions, second: (score: number) => number | undefined): World {
  const world = createWorld(options);
  const grader: Grader = {
    ...world.ports.grader,
    callsPerGrade: 1,
    async grade(input, signal, repeat = 0) {
      const grade = await world.ports.grader.grade(input, signal);
      const score = repeat === 0 ? grade.score : second(grade.score);
      if (score === undefined) throw new GraderError("malformed", "It said nothing of use.");
      return { ...grade, score, cost: { modelCalls: 1, tokens: 7 } };
    },
  };
  return { ...world, ports: { ...world.ports, grader } };
}

const options: WorldOptions = { examples: 60, facts: 4, budget: { maxIterations: 3 } };
const floorsOf = async (world: World) =>
  dataOf(await play(world), "judge").filter((j) => j.stage === "noise_floor");

describe("the noise floor of the judge", () => {
  it("is measured on a few outputs of the seed, before anything is proposed, and on the books", async () => {
    const recording = await play(judged(options, (score) => score + 0.1));
    const types = recording.events.map((e) => (e.type === "judge" ? e.data.stage : e.type));
    expect(types.slice(0, 5)).toEqual(["started", "generate", "validation", "noise_floor", "select"]);
    const [first, again] = dataOf(recording, "judge");
    expect(again?.candidateId).toBe("c0");
    expect(again?.evaluations.map((e) => [e.exampleId, e.output])).toEqual(
      first?.evaluations.slice(0, NOISE_SAMPLES).map((e) => [e.exampleId, e.output]),
    );
    const [, before] = dataOf(recording, "progress");
    expect(before).toBeDefined();
    const [progress] = dataOf(recording, "progress");
    const used = progress?.budget.lines.find((l) => l.name === "metric_calls")?.used;
    expect(used).toBe((first?.evaluations.length ?? 0) + NOISE_SAMPLES);
  });

  it("goes into the checkpoint for the search to read, and into the report", async () => {
    const recording = await play(judged(options, (score) => score + 0.1));
    const [saved] = recording.steps.flatMap((s) => (s.kind === "checkpoint" ? [s.state] : []));
    const noise = 0.1 / Math.SQRT2;
    expect(loadState(saved ?? "").noise).toBeCloseTo(noise, 9);
    const report = dataOf(recording, "final")[0]?.report;
    expect(report?.noiseFloor).toBe(roundScore(noiseFloor(noise, report?.sampleSize ?? 0)));
    expect(report?.notes.join(" ")).toContain("asked twice about the same outputs");
  });

  it("is left out where the grader asks no model, too little was judged, or the budget is tight", async () => {
    const cases = [
      createWorld(options),
      judged({ ...options, examples: 3 }, (score) => score),
      judged({ ...options, budget: { maxIterations: 3, maxMetricCalls: 100 } }, (score) => score),
    ];
    for (const world of cases) expect(await floorsOf(world)).toEqual([]);
    expect(await floorsOf(judged(options, (score) => score))).toHaveLength(1);
  });

  it("says nothing where the second grades could not be had", async () => {
    const recording = await play(judged({ ...options, examples: 14 }, () => undefined));
    expect(recording.outcome).toMatchObject({ kind: "failed", failure: { code: "grader_unavailable" } });
    let failures = 0;
    const shaky = judged(options, (score) => (failures++ % 2 === 0 ? undefined : score + 0.1));
    const report = dataOf(await play(shaky), "final")[0]?.report;
    expect(report?.noiseFloor).toBeGreaterThan(0);
  });
});
