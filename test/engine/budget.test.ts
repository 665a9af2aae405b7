import { expect, it } from "vitest";
import fc from "fast-check";
import {
  budgetLines,
  limitBrokenBy,
  NO_COST,
  times,
  timesThatFit,
  type Cost,
} from "../../src/engine/budget.ts";

const cost: Cost = { metricCalls: 2, modelCalls: 3, tokens: 100, costUsd: 0.5 };

it("names the first limit a piece of work would break", () => {
  const cases = [
    { budget: { maxIterations: 1 }, broken: undefined },
    { budget: { maxIterations: 1, maxMetricCalls: 4 }, broken: undefined },
    { budget: { maxIterations: 1, maxMetricCalls: 3 }, broken: "metric_calls" },
    { budget: { maxIterations: 1, maxModelCalls: 5 }, broken: "model_calls" },
    { budget: { maxIterations: 1, maxTokens: 199 }, broken: "tokens" },
    { budget: { maxIterations: 1, maxCostUsd: 0.99 }, broken: "cost" },
    { budget: { maxIterations: 1, maxCostUsd: 0.99, maxMetricCalls: 1 }, broken: "metric_calls" },
  ];
  for (const { budget, broken } of cases) expect(limitBrokenBy(budget, cost, cost)).toBe(broken);
});

it("fits work in exactly as often as no limit is broken", () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(20), (maxMetricCalls, maxModelCalls, wanted) => {
      const budget = { maxIterations: 1, maxMetricCalls, maxModelCalls };
      const n = timesThatFit(budget, NO_COST, cost, wanted);
      expect(n).toBeLessThanOrEqual(wanted);
      expect(limitBrokenBy(budget, NO_COST, times(n, cost))).toBeUndefined();
      const oneMore = limitBrokenBy(budget, NO_COST, times(n + 1, cost));
      expect(n === wanted || oneMore !== undefined).toBe(true);
    }),
  );
});

it("shows the tightest limit first, and metric calls without a limit too", () => {
  expect(budgetLines({ maxIterations: 10, maxTokens: 200 }, 2, cost)).toEqual([
    { name: "tokens", used: 100, total: 200 },
    { name: "iterations", used: 2, total: 10 },
    { name: "metric_calls", used: 2 },
  ]);
});
