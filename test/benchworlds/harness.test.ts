import { describe, expect, it } from "vitest";
import {
  areaBelowFront,
  barrierMakespanMs,
  pairedGain,
  rolloutsToReach,
  scoreAfter,
} from "../bench/engine/figures.ts";
import { type RunPlan, type RunRecord, runOnce } from "../bench/engine/run.ts";
import { latentRules } from "../bench/engine/worlds/latent-rules.ts";
import { pureNoise } from "../bench/engine/worlds/pure-noise.ts";
import { plainSearch } from "./plain-search.ts";

const plan: RunPlan = {
  world: latentRules,
  seed: 11,
  profile: "reference",
  maxMetricCalls: 400,
  latency: { kind: "fixed", ms: 50 },
  concurrency: 16,
  config: {},
};
const withoutCpu = ({ cpuMs: _cpu, simulatorMs: _own, ...run }: RunRecord) => run;

describe("a benchmark run", () => {
  it("is the same twice, and decides the same at any latency", async () => {
    const [one, two] = [await runOnce(plainSearch, plan), await runOnce(plainSearch, plan)];
    expect(withoutCpu(two)).toEqual(withoutCpu(one));
    const slow = await runOnce(plainSearch, { ...plan, latency: { kind: "lognormal", ms: 80, sigma: 1 } });
    expect(slow.standings).toEqual(one.standings);
    expect(slow.makespanMs).not.toBe(one.makespanMs);
  });

  it("counts rollouts by the target model, whatever the engine says, and finds its overrun", async () => {
    const run = await runOnce(plainSearch, plan);
    expect(run.rollouts).toBe(run.rolloutsReported);
    expect(run.rollouts).toBeGreaterThan(plan.maxMetricCalls); // the bare loop checks between iterations only
    expect(run.overrun).toBe(run.rollouts - plan.maxMetricCalls);
  });

  it("sees the winner's curse where nothing is better", async () => {
    const run = await runOnce(plainSearch, { ...plan, world: pureNoise, maxMetricCalls: 1_000 });
    expect(run.championScore).toBe(run.seedScore);
    expect(run.reportedLift ?? 0).toBeGreaterThan(0);
  });
});

describe("figures", () => {
  const runOf = (seed: number, championScore: number, standings: RunRecord["standings"]) =>
    ({ seed, championScore, seedScore: 0.2, standings, proposals: 20, accepted: 8 }) as unknown as RunRecord;

  it("reads the score after a number of rollouts, and when the mean curve reaches a score", () => {
    const one = runOf(1, 0.6, [
      { rollouts: 50, candidateId: "c0", trueScore: 0.2 },
      { rollouts: 120, candidateId: "c1", trueScore: 0.6 },
    ]);
    const two = runOf(2, 0.4, [{ rollouts: 200, candidateId: "c3", trueScore: 0.4 }]);
    expect([0, 60, 120, 999].map((n) => scoreAfter(one, n))).toEqual([0.2, 0.2, 0.6, 0.6]);
    expect(rolloutsToReach([one, two], 0.4, 1_000)).toBe(120);
    expect(rolloutsToReach([one, two], 0.5, 1_000)).toBe(200);
    expect(rolloutsToReach([one, two], 0.6, 1_000)).toBe(Number.POSITIVE_INFINITY);
    expect(pairedGain([two, one], [runOf(1, 0.5, []), runOf(2, 0.1, [])], "championScore").mean).toBeCloseTo(
      0.2,
      9,
    );
  });

  it("takes the area below a front: the best score for each length, up to four times the seed's", () => {
    const point = (trueScore: number, tokens: number) => ({ trueScore, tokens });
    expect(areaBelowFront({ seedTokens: 100, front: [] })).toBe(0);
    expect(areaBelowFront({ seedTokens: 100, front: [point(0.8, 200)] })).toBeCloseTo(0.4, 9);
    const front = [point(0.8, 200), point(0.4, 100), point(0.3, 150), point(1, 400)];
    expect(areaBelowFront({ seedTokens: 100, front })).toBeCloseTo((0.4 * 100 + 0.8 * 200) / 400, 9);
  });

  it("models P×N rounds: with one child and room for every call it is the sequential loop", () => {
    const run = runOf(1, 0.5, []);
    const fixed = { kind: "fixed", ms: 50 } as const;
    const model = {
      run,
      minibatch: 3,
      validation: 50,
      test: 0,
      latency: fixed,
      callsPerRollout: 1,
      concurrency: 1_000,
    };
    const sequential = barrierMakespanMs({ ...model, width: 1 });
    expect(sequential).toBe(50 + 20 * 150 + 8 * 50);
    expect(barrierMakespanMs({ ...model, width: 20 })).toBe(50 + 150 + 50);
    expect(barrierMakespanMs({ ...model, width: 20, concurrency: 20 })).toBe(150 + (150 + 50 + 150) + 1_000);
    expect(barrierMakespanMs({ ...model, width: 1, test: 90, concurrency: 45 })).toBe(
      barrierMakespanMs({ ...model, width: 1, concurrency: 45 }) + 100,
    );
    const stragglers = { kind: "lognormal", ms: 50, sigma: 0.5 } as const;
    expect(barrierMakespanMs({ ...model, width: 20, latency: stragglers })).toBeGreaterThan(2 * 250);
  });
});
