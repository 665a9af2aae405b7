import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/base/digest.ts";
import { roundScore } from "../../src/domain/round.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import { noiseFloor } from "../../src/engine/report/report.ts";
import { NOISE_SAMPLES } from "../../src/engine/reserve.ts";
import { loadState } from "../../src/engine/state.ts";
import { type Grade, GraderError, type Grader } from "../../src/graders/grader.ts";
import {
  createWorld,
  dataOf,
  evaluationsOf,
  play,
  type Recording,
  type World,
  type WorldOptions,
} from "../support/scripted-world.ts";

/** A world with a judge, and the repeats it was asked for by output. */
interface JudgedWorld extends World {
  readonly asked: Map<string, number[]>;
  readonly mostAsked: () => number;
}

type Judge = (output: string, repeat: number, worth: number) => number | undefined;

/** A number in [0, 1) that is decided by a grade's request. */
function chance(output: string, repeat: number): number {
  return Number.parseInt(sha256(`${output} ${repeat}`).slice(0, 8), 16) / 16 ** 8;
}

/** A judge that hardly sees the difference it is asked about. */
const noisy: Judge = (output, repeat, worth) => 0.2 * worth + 0.8 * chance(output, repeat);
/** One that does, and always says the same. */
const quiet: Judge = (output, _repeat, worth) => 0.5 * worth + 0.5 * chance(output, 0);

function judgedBy(judge: Judge, options: WorldOptions = {}): JudgedWorld {
  const world = createWorld({
    examples: 60,
    facts: 4,
    ...options,
    config: { maxGrades: 4, ...options.config },
    budget: { maxIterations: 3, ...options.budget },
  });
  const asked = new Map<string, number[]>();
  let inFlight = 0;
  let most = 0;
  const grader: Grader = {
    ...world.ports.grader,
    callsPerGrade: 1,
    async grade(input, signal, repeat = 0): Promise<Grade> {
      asked.set(input.output, [...(asked.get(input.output) ?? []), repeat]);
      most = Math.max(most, ++inFlight);
      const grade = await world.ports.grader.grade(input, signal);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      const score = judge(input.output, repeat, grade.score);
      const cost = { modelCalls: 1, tokens: 7 };
      if (score === undefined) throw new GraderError("malformed", "It said nothing of use.", undefined, cost);
      return { score, feedback: `${grade.feedback} (${repeat})`, objectives: { tone: 1 - score }, cost };
    },
  };
  return { ...world, ports: { ...world.ports, grader }, asked, mostAsked: () => most };
}

const gradeCalls = (world: JudgedWorld) => [...world.asked.values()].flat().length;
/** The state the search began with. */
const stateAfterSeed = ({ steps }: Recording) => {
  const [saved] = steps.flatMap((s) => (s.kind === "checkpoint" ? [s.state] : []));
  return loadState(saved ?? "");
};
const gradesIn = (recording: Recording) => stateAfterSeed(recording).grades;
const reasonOfSeed = (recording: Recording) => dataOf(recording, "select")[0]?.reason ?? "";
const stagesOf = ({ events }: Recording) => events.map((e) => (e.type === "judge" ? e.data.stage : e.type));
const usedIn = (recording: Recording, name: string) =>
  dataOf(recording, "progress")
    .at(-1)
    ?.budget.lines.find((l) => l.name === name)?.used;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("a noisy judge", () => {
  it("grades each output of the run several times, and no output is made for it", async () => {
    const world = judgedBy(noisy);
    const recording = await play(world);
    const grades = gradesIn(recording) ?? 0;
    expect(grades).toBeGreaterThan(2);
    expect(gradeCalls(world)).toBe(world.rollouts.length * grades);
    for (const repeats of world.asked.values()) {
      expect(repeats.toSorted()).toEqual(Array.from(repeats, (_, i) => i % grades).toSorted());
    }
    const runs = new Set(world.rollouts.map(({ prompt, input }) => `${prompt} ${input}`));
    expect(runs.size).toBe(world.rollouts.length);
    const judged = dataOf(recording, "judge").slice(2);
    expect(new Set(judged.flatMap((j) => j.evaluations.map((e) => e.grades)))).toEqual(new Set([grades]));
    expect(judged.map((j) => j.stage)).toContain("test");
  });

  it("has the seed's outputs told again, with the scores that stand, before the seed is decided on", async () => {
    const recording = await play(judgedBy(noisy));
    const grades = gradesIn(recording) ?? 0;
    expect(stagesOf(recording).slice(0, 6)).toEqual([
      "started",
      "generate",
      "validation",
      "noise_floor",
      "validation",
      "select",
    ]);
    const [first, , again] = dataOf(recording, "judge");
    expect(again).toMatchObject({ candidateId: "c0", iteration: 0 });
    expect(again?.evaluations.map((e) => [e.exampleId, e.output, e.reused])).toEqual(
      first?.evaluations.map((e) => [e.exampleId, e.output, false]),
    );
    for (const { output, score, feedback, objectives } of again?.evaluations ?? []) {
      const given = Array.from({ length: grades }, (_, repeat) => noisy(output, repeat, 0) ?? 0);
      expect(score).toBe(roundScore(mean(given)));
      expect(objectives.tone).toBeCloseTo(1 - mean(given), 6);
      const distances = given.map((one) => Math.abs(one - mean(given)));
      expect(feedback).toContain(`(${distances.indexOf(Math.min(...distances))})`);
    }
    const [progress] = dataOf(recording, "progress");
    expect(progress?.bestScore).toBe(again?.meanScore);
    const [seed] = stateAfterSeed(recording).pool;
    expect(seed?.scores).toEqual(
      Object.fromEntries(again?.evaluations.map((e) => [e.exampleId, e.score]) ?? []),
    );
    expect(seed?.tally?.answerTokens.count).toBe(again?.evaluations.length);
  });

  it("costs model calls, and metric calls for the dozen that measured it only", async () => {
    const world = judgedBy(noisy, { budget: { maxModelCalls: 100_000 } });
    const recording = await play(world);
    expect(usedIn(recording, "metric_calls")).toBe(world.rollouts.length + NOISE_SAMPLES);
    expect(usedIn(recording, "model_calls")).toBe(
      world.rollouts.length + world.reflections.length + gradeCalls(world),
    );
  });

  it("is told of in words, and in a noise floor of the mean grade", async () => {
    const recording = await play(judgedBy(noisy));
    const { noise = 0, grades = 0 } = stateAfterSeed(recording);
    const words = `The judge disagrees with itself by ${noise.toFixed(2)}`;
    expect(reasonOfSeed(recording)).toMatch(/^The seed scored 0\.\d+ on 21 validation examples\. The judge/);
    expect(reasonOfSeed(recording)).toContain(`${words}, so each output is graded ${grades} times.`);
    const report = dataOf(recording, "final")[0]?.report;
    const notes = report?.notes ?? [];
    expect(notes.join(" ")).toContain(
      `${words} (standard deviation of one grade), so each output was graded`,
    );
    expect(notes.join(" ")).not.toContain("asked twice");
    expect(report?.noiseFloor).toBe(
      roundScore(noiseFloor(noise / Math.sqrt(grades), report?.sampleSize ?? 0)),
    );
  });

  it("is asked as often after the run was taken up again, at whichever commit, with the same events", async () => {
    for (const width of [1, 3]) {
      const options = {
        config: { width },
        latency: ({ messages }: { messages: readonly unknown[] }) => messages.length,
      };
      const whole = await play(judgedBy(noisy, options));
      let taken = 0;
      for (const [i, step] of whole.steps.entries()) {
        if (step.kind !== "checkpoint") continue;
        const rest = await play(judgedBy(noisy, { ...options, latency: () => taken }), step.state);
        expect(rest.steps).toEqual(whole.steps.slice(i + 1));
        taken++;
      }
      expect(taken).toBeGreaterThan(2);
    }
  });

  it("never takes more slots than there are, and needs no more than one", async () => {
    for (const concurrency of [1, 3]) {
      const world = judgedBy(noisy, { concurrency, config: { width: 4 } });
      const recording = await play(world);
      expect(recording.outcome.kind).toBe("finished");
      expect(gradesIn(recording)).toBeGreaterThan(2);
      expect(world.mostAsked()).toBe(concurrency);
    }
  });

  it("is asked once where that is all the job allows, and by the profile reference", async () => {
    const world = judgedBy(noisy, { config: { maxGrades: 1 } });
    const recording = await play(world);
    expect(gradeCalls(world)).toBe(world.rollouts.length + NOISE_SAMPLES);
    expect(stagesOf(recording).slice(2, 5)).toEqual(["validation", "noise_floor", "select"]);
    expect(evaluationsOf(recording).every((e) => e.grades === undefined)).toBe(true);
    const reference = judgedBy(noisy, { config: { profile: "reference" } });
    await play(reference);
    expect(gradeCalls(reference)).toBe(reference.rollouts.length);
  });

  it("is asked as often as the budget has room for beside the final test, and the limit holds", async () => {
    const found = new Set<number>();
    for (let maxModelCalls = 100; maxModelCalls <= 2_000; maxModelCalls += 100) {
      const budget = { maxIterations: 100, maxModelCalls };
      const world = judgedBy(noisy, { budget });
      const recording = await play(world);
      const calls = world.rollouts.length + world.reflections.length + gradeCalls(world);
      expect(calls).toBeLessThanOrEqual(maxModelCalls);
      const { noise, grades = 1 } = stateAfterSeed(recording);
      found.add(grades);
      const isShort = / no room to grade each output 4 times: it is graded (once|twice|3 times)\.$/;
      expect(isShort.test(reasonOfSeed(recording))).toBe(noise !== undefined && grades < 4);
      const once = await play(judgedBy(noisy, { budget, config: { maxGrades: 1 } }));
      const tested = (r: Recording) => stagesOf(r).filter((stage) => stage === "test").length > 0;
      expect(tested(recording)).toBe(tested(once));
    }
    expect([...found].sort()).toEqual([1, 2, 3, 4]);
  });
});

describe("a judge that is not noisy", () => {
  it("is asked once, and the run is what it would be if the knob were not there", async () => {
    const world = judgedBy(quiet);
    const recording = await play(world);
    expect(gradesIn(recording)).toBeUndefined();
    expect(gradeCalls(world)).toBe(world.rollouts.length + NOISE_SAMPLES);
    const without = await play(judgedBy(quiet, { config: { maxGrades: 1 } }));
    // The digests of spec and decisions are all that tells the two apart.
    const told = ({ events }: Recording) =>
      events.filter((e: EngineEvent) => e.type !== "started" && e.type !== "final");
    expect(told(recording)).toEqual(told(without));
    const [final, other] = [recording, without].map((r) => dataOf(r, "final")[0]);
    expect(final?.report).toEqual(other?.report);
  });

  it("is asked once where only the first dozen of outputs said otherwise", async () => {
    const dozen = new Set<string>();
    const judge: Judge = (output, repeat) => {
      if (repeat === 1 && dozen.size < NOISE_SAMPLES) dozen.add(output);
      return dozen.has(output) && repeat === 1 ? 0.8 : 0.5;
    };
    const world = judgedBy(judge, { examples: 400, budget: { maxIterations: 1 } });
    const recording = await play(world);
    expect(gradesIn(recording)).toBeUndefined();
    const validation = dataOf(recording, "started")[0]?.splits.validation.length ?? 0;
    expect(gradeCalls(world)).toBe(world.rollouts.length + validation);
    expect(stagesOf(recording).filter((stage) => stage === "noise_floor")).toHaveLength(1);
    expect(stateAfterSeed(recording).noise).toBeCloseTo(0.3 * Math.sqrt(NOISE_SAMPLES / validation / 2), 9);
  });
});

describe("a grade that fails", () => {
  const failing =
    (fails: (question: number, repeat: number) => boolean): Judge =>
    (output, repeat, worth) =>
      fails(Number(/\d+$/.exec(output)), repeat) ? undefined : noisy(output, repeat, worth);

  it("leaves the mean of the others, and all of them leave no score", async () => {
    const judge = failing((question, repeat) => question % 7 === 0 || (question % 3 === 0 && repeat !== 2));
    const world = judgedBy(judge);
    const recording = await play(world);
    expect(gradesIn(recording)).toBe(4);
    const judged = dataOf(recording, "judge").slice(2);
    let [missing, single] = [0, 0];
    for (const { score, grades, error, output } of judged.flatMap((j) => j.evaluations)) {
      const question = Number(/\d+$/.exec(output));
      if (question % 7 === 0) {
        missing++;
        expect([score, grades, error?.code]).toEqual([undefined, undefined, "malformed"]);
      } else if (question % 3 === 0) {
        single++;
        expect([score, grades]).toEqual([
          roundScore(noisy(output, 2, Number(output.startsWith("right"))) ?? 0),
          1,
        ]);
      } else {
        expect(grades).toBe(4);
      }
    }
    expect(missing).toBeGreaterThan(0);
    expect(single).toBeGreaterThan(0);
  });

  it("is no outage, however often the same few outputs fail, but one where the access is refused", async () => {
    const stubborn = judgedBy(failing((question) => question % 8 < 3));
    const recording = await play(stubborn);
    expect(recording.outcome.kind).toBe("finished");
    expect(gradesIn(recording)).toBeGreaterThan(2);
    const world = judgedBy(noisy);
    const { grader } = world.ports;
    const refused: Grader = {
      ...grader,
      grade(input, signal, repeat) {
        if (repeat === 2) throw new GraderError("auth", "The key was revoked.");
        return grader.grade(input, signal, repeat);
      },
    };
    const { outcome } = await play({ ...world, ports: { ...world.ports, grader: refused } });
    expect(outcome).toMatchObject({ kind: "failed", failure: { code: "model_auth" } });
  });

  it("gives the seed a score where only its first grade failed, and a run taken up again knows it too", async () => {
    const judge = failing((question, repeat) => question % 5 === 0 && repeat === 0);
    const whole = await play(judgedBy(judge));
    const [first, , again] = dataOf(whole, "judge");
    const late = first?.evaluations.filter((e) => e.score === undefined).map((e) => e.exampleId) ?? [];
    expect(late.length).toBeGreaterThan(1);
    const scores = new Map(again?.evaluations.map((e) => [e.exampleId, e.grades]));
    expect(late.map((id) => scores.get(id))).toEqual(late.map(() => (gradesIn(whole) ?? 0) - 1));
    for (const [i, step] of whole.steps.entries()) {
      if (step.kind !== "checkpoint") continue;
      expect((await play(judgedBy(judge), step.state)).steps).toEqual(whole.steps.slice(i + 1));
    }
  });
});
