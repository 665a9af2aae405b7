import fc from "fast-check";
import { expect, it } from "vitest";
import type { Splits } from "../../../src/domain/budget.ts";
import { roundScore } from "../../../src/domain/round.ts";
import { artifactsOf, concludeRun, type Evidence } from "../../../src/engine/report/report.ts";
import { candidateText } from "../../../src/engine/standing.ts";
import { initialState, type Member } from "../../../src/engine/state.ts";
import { member } from "../../support/members.ts";
import { createWorld } from "../../support/scripted-world.ts";

const test = Array.from({ length: 20 }, (_, i) => `t${i}`);
const splits: Splits = { train: ["v1"], validation: ["v1", "v2"], test, policy: "given" };
const on = (score: (i: number) => number) => Object.fromEntries(test.map((id, i) => [id, score(i)]));
const evidence = (pool: readonly Member[], over: Partial<Evidence> = {}): Evidence => ({
  spec: createWorld().input.spec,
  splits,
  state: { ...initialState(1, { prompt: "seed" }), pool, bestId: pool.at(-1)?.id ?? "c0" },
  stopReason: "iterations",
  simulated: false,
  spend: [],
  ...over,
});
const seedScores = on((i) => i % 2);

it("says improved only where the interval on the test split excludes zero", () => {
  const cases = [
    { better: on(() => 1), verdict: "improved", champion: "c1" },
    { better: on((i) => (i === 0 ? 1 : i % 2)), verdict: "not_shown", champion: "c0" },
    { better: on(() => 0), verdict: "worse", champion: "c0" },
  ] as const;
  for (const { better, verdict, champion } of cases) {
    const {
      champion: winner,
      bestCandidate,
      report,
    } = concludeRun(
      evidence([member("c0", { v1: 0, v2: 0, ...seedScores }), member("c1", { v1: 1, v2: 1, ...better })]),
    );
    expect(report.verdict).toBe(verdict);
    expect(winner.id).toBe(champion);
    expect(bestCandidate?.id).toBe(champion === "c0" ? "c1" : undefined);
    expect(report).toMatchObject({ measuredOn: "test", sampleSize: 20, baselineScore: 0.5 });
  }
});

it("tells figures that can be taken from each other, without the dust of binary fractions", () => {
  const digits = (value: number) => `${value}`.split(".")[1]?.length ?? 0;
  const score = fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10);
  const scores = fc.array(score, { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(scores, scores, fc.boolean(), (before, after, tested) => {
      const at = (values: readonly number[]) => ({
        v1: values[0] ?? 0,
        v2: values[1] ?? 0,
        ...(tested ? on((i) => values[i] ?? 0) : {}),
      });
      const given = evidence([member("c0", at(before)), member("c1", at(after))], {
        state: {
          ...initialState(1, {}),
          pool: [member("c0", at(before)), member("c1", at(after))],
          bestId: "c1",
          noise: 0.1,
        },
      });
      const { report, champion } = concludeRun(given);
      const best = report.bestCandidateScore ?? report.championScore ?? Number.NaN;
      expect(report.bestCandidateScore === undefined).toBe(champion.id === "c1");
      expect(report.lift).toBe(roundScore(best - (report.baselineScore ?? Number.NaN)));
      const { low = 0, high = 0 } = report.interval ?? {};
      const { baselineScore = 0, championScore = 0, lift = 0, noiseFloor = 0, detectableLift = 0 } = report;
      const { front, lineage } = artifactsOf(given, champion);
      for (const figure of [
        ...[low, high, baselineScore, championScore, best, lift, noiseFloor, detectableLift],
        ...[...front, ...lineage].flatMap((entry) => entry.score ?? []),
        ...front.map((entry) => entry.novelty),
        candidateText(champion, splits.validation).score ?? 0,
      ]) {
        expect(digits(figure)).toBeLessThanOrEqual(6);
      }
      expect([tested && low > 0, tested && high < 0]).toEqual([
        report.verdict === "improved",
        report.verdict === "worse",
      ]);
    }),
    { examples: [[Array(20).fill(0.5), Array(20).fill(0.8), true]] }, // 0.8 - 0.5 is 0.30000000000000004
  );
});

it("promises no test that could show anything where all differences are equal, up to rounding", () => {
  const detectable = (before: (i: number) => number, after: (i: number) => number) =>
    concludeRun(evidence([member("c0", { v1: 0, ...on(before) }), member("c1", { v1: 1, ...on(after) })]))
      .report.detectableLift;
  // A part of the grade that weighs a tenth, which every answer got right: 0.1 and 1 - 0.9 are not the same number.
  const lifted = detectable(
    (i) => (i % 2) * 0.9,
    (i) => (i % 2) * 0.9 + 0.1,
  );
  expect(lifted).toBeGreaterThan(0.2);
  expect(lifted).toBe(
    detectable(
      () => 0,
      () => 0.5,
    ),
  );
});

it("pairs by example: where one of both has no score, neither counts", () => {
  const { t3: _failed, ...rest } = on(() => 1);
  const { report } = concludeRun(
    evidence([member("c0", { v1: 0, ...seedScores }), member("c1", { v1: 1, ...rest })]),
  );
  expect(report.sampleSize).toBe(19);
  expect(report.baselineScore).toBeCloseTo(9 / 19);
});

it("claims nothing without a test, keeps the best in-sample candidate, and says that it flatters", () => {
  const { champion, bestCandidate, report } = concludeRun(
    evidence([member("c0", { v1: 0, v2: 1 }), member("c1", { v1: 1, v2: 1 })], {
      splits: { train: ["v1", "v2"], validation: ["v1", "v2"], test: [], policy: "shared" },
    }),
  );
  expect(champion.id).toBe("c1");
  expect(bestCandidate).toBeUndefined();
  expect(report).toMatchObject({
    verdict: "not_measured",
    measuredOn: "in_sample",
    lift: 0.5,
    candidatesConsidered: 2,
  });
  expect(report).not.toHaveProperty("interval");
  expect(report.notes.join(" ")).toContain("best of 2");
});

it("says in words that fit one test example, and many examples of which none is left to test on", () => {
  const explained = (given: Partial<Splits>) =>
    concludeRun(
      evidence([member("c0", { v1: 0, v2: 0, t0: 0 }), member("c1", { v1: 1, v2: 1, t0: 1 })], {
        splits: { ...splits, ...given },
      }),
    ).report.explanation;
  expect(explained({ test: ["t0"] })).toMatch(/^On 1 test example c1 scores \+1\.000 /);
  expect(explained({ test: [] })).toMatch(/^No examples were left for an untouched test; /);
});

it("says that nobody was surely better where the seed stays, though somebody may have scored more", () => {
  const { explanation } = concludeRun(
    evidence([member("c0", { v1: 0, ...seedScores }), member("c1", { v1: 1 })], {
      state: {
        ...initialState(1, {}),
        pool: [member("c0", { v1: 0, ...seedScores }), member("c1", { v1: 1 })],
        bestId: "c0",
      },
    }),
  ).report;
  expect(explanation).toMatch(/^No candidate was surely better than the seed/);
});

it("does not say that the search never saw a test example whose input it did see", () => {
  const told = (inputs: Readonly<Record<string, string>>) => {
    const examples = ["v1", "v2", ...test].map((id) => ({ id, input: inputs[id] ?? id }));
    const pool = [member("c0", { v1: 0, ...seedScores }), member("c1", { v1: 1, ...on(() => 1) })];
    const { explanation, notes } = concludeRun(
      evidence(pool, { spec: createWorld({ spec: { examples } }).input.spec }),
    ).report;
    return `${explanation} ${notes.join(" ")}`;
  };
  expect(told({})).toMatch(/^On 20 test examples the search never saw, c1 /);
  expect(told({ t3: "v2" })).toMatch(
    /^On 20 test examples, c1 .* 1 of the test examples has the same input /,
  );
});

it("says where the examples to choose by are those that were learnt from, whoever divided them so", () => {
  const notes = (given: Partial<Splits>) =>
    concludeRun(
      evidence([member("c0", { v1: 0, v2: 0, ...seedScores })], { splits: { ...splits, ...given } }),
    ).report.notes.join(" ");
  const both = ["v1", "v2"];
  expect(notes({ train: both })).toContain("The same examples served both");
  expect(notes({ train: both, test: [] })).toContain("All examples served both");
  expect(notes({ train: ["v3"] })).not.toContain("served both");
});

it("says when models were simulated and when calls failed", () => {
  const { report } = concludeRun(
    evidence([member("c0", { v1: 1 }, { failed: ["v2"] })], { simulated: true }),
  );
  expect(report.notes.join(" ")).toMatch(/simulated.*failed for good on 1/s);
});
