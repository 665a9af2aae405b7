import { describe, expect, it } from "vitest";
import { planRun } from "../../src/engine/plan.ts";
import { splitExamples } from "../../src/engine/split.ts";
import { createWorld, dataOf, play, type WorldOptions } from "../support/scripted-world.ts";

const PRICE = { inputPerMTok: 1, cachedInputPerMTok: 1, outputPerMTok: 10 };
const planOf = (options: WorldOptions, rates: Parameters<typeof planRun>[2] = { callsPerGrade: 1 }) => {
  const { spec } = createWorld(options).input;
  return planRun(spec, splitExamples(spec.examples, spec.seed), rates);
};

describe("a plan", () => {
  it("counts the seed, the proposals and the final test", () => {
    const { plan } = planOf({ examples: 20, budget: { maxIterations: 1 } });
    // 7 validation, 2 × 6 test, and a proposal: 3 + 3 runs, and at 2 of 5 proposals 7 more.
    expect(plan.metricCalls).toBe(Math.round(7 + 12 + 6 + 0.4 * 7));
    expect(plan.maxMetricCalls).toBe(7 + 12 + 3 + 3 + 7);
    expect(plan.proposals).toBe(1);
  });

  it("is an upper bound of what is really run", async () => {
    for (const examples of [1, 6, 14, 15, 30]) {
      const world = createWorld({ examples, facts: 9, config: { minibatchSize: 2 } });
      const recording = await play(world);
      expect(world.rollouts.length).toBeLessThanOrEqual(
        dataOf(recording, "started")[0]?.plan.maxMetricCalls ?? 0,
      );
    }
  });

  it("buys fewer proposals where a limit leaves less", () => {
    const many = planOf({ examples: 20, budget: { maxIterations: 50 } });
    const few = planOf({ examples: 20, budget: { maxIterations: 50, maxMetricCalls: 60 } });
    expect(many.plan.proposals).toBe(50);
    expect(few.plan.proposals).toBe(Math.floor((60 - 19) / 8.8));
    expect(few.plan.maxMetricCalls).toBe(60);
  });

  it("names a price only where all prices are known", () => {
    expect(planOf({ examples: 4 }).plan).not.toHaveProperty("costUsdLow");
    expect(
      planOf({ examples: 4 }, { target: PRICE, reflection: PRICE, callsPerGrade: 1 }).plan,
    ).not.toHaveProperty("costUsdLow");
    const { plan } = planOf(
      { examples: 4 },
      { target: PRICE, judge: PRICE, reflection: PRICE, callsPerGrade: 1 },
    );
    expect(plan.costUsdLow).toBeGreaterThan(0);
    expect(plan.costUsdHigh).toBeGreaterThan(plan.costUsdLow ?? 0);
  });

  it("warns of budgets too small to learn from or to test with, of missing tests and of unknown operators", () => {
    const warnings = (options: WorldOptions) => planOf(options).warnings.join(" ");
    expect(warnings({ examples: 20, budget: { maxIterations: 2 } })).toContain("about 2 proposals");
    expect(warnings({ examples: 20, budget: { maxIterations: 9, maxMetricCalls: 20 } })).toContain(
      "too small to also test",
    );
    expect(warnings({ examples: 5 })).toContain("Send at least 15 examples");
    expect(warnings({ examples: 20, config: { operators: { refelct: 1 } } })).toContain('"refelct"');
    expect(planOf({ examples: 60 }).warnings).toEqual([]);
  });

  it("says which lift the test could show", () => {
    expect(planOf({ examples: 60 }).detectableLift).toBeLessThan(0.5);
    expect(planOf({ examples: 6 }).detectableLift).toBeUndefined();
  });
});
