import { expect, it } from "vitest";
import type { Splits } from "../../../src/domain/budget.ts";
import { concludeRun, type Evidence } from "../../../src/engine/report/report.ts";
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

it("says when models were simulated and when calls failed", () => {
  const { report } = concludeRun(
    evidence([member("c0", { v1: 1 }, { failed: ["v2"] })], { simulated: true }),
  );
  expect(report.notes.join(" ")).toMatch(/simulated.*failed for good on 1/s);
});
