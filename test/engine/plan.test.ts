import { describe, expect, it } from "vitest";
import { REFERENCE_CONFIG_DEFAULTS, type ReferenceConfig } from "../../src/domain/reference-config.ts";
import type { OptimizeSpec } from "../../src/domain/spec.ts";
import { planRun } from "../../src/engine/plan.ts";
import { splitExamples } from "../../src/engine/split.ts";
import { createWorld, dataOf, factOf, play, type WorldOptions } from "../support/scripted-world.ts";

const PRICE = { inputPerMTok: 1, cachedInputPerMTok: 1, outputPerMTok: 10 };
const planOf = (options: WorldOptions, rates: Parameters<typeof planRun>[2] = { callsPerGrade: 1 }) => {
  const { spec } = createWorld(options).input;
  return planRun(spec, splitExamples(spec.examples, spec.seed), rates);
};

/** A prompt that knows every fact but these. */
const factsBut = (unknown: readonly number[], facts: number) =>
  Array.from({ length: facts }, (_, i) => (unknown.includes(i) ? "" : `(${factOf(i, facts)})`)).join(" ");

describe("a plan", () => {
  it("counts the seed, the proposals and the final test", () => {
    const { plan } = planOf({ examples: 20, budget: { maxIterations: 1 } });
    // 7 validation, 7 of them judged again, 2 × 6 test, and a proposal: 3 + 3 runs, and at 4 of 5 proposals 7 more.
    expect(plan.metricCalls).toBe(Math.round(7 + 7 + 12 + 6 + 0.8 * 7));
    // At worst the parent is run on all 7 training examples before it fails on one.
    expect(plan.maxMetricCalls).toBe(7 + 7 + 12 + 7 + 3 + 7);
    expect(plan.proposals).toBe(1);
  });

  it("expects less of later proposals, judges nothing again where no judge is asked, and prunes where it can", () => {
    const planned = (options: WorldOptions) => planOf(options, { callsPerGrade: 0 }).plan.metricCalls;
    const one = planned({ examples: 20, budget: { maxIterations: 1 } });
    const two = planned({ examples: 20, budget: { maxIterations: 2 } });
    const many = planned({ examples: 20, budget: { maxIterations: 100 } });
    expect(one).toBe(Math.round(7 + 12 + 6 + 0.8 * 7));
    expect(two - one).toBeLessThanOrEqual(6 + 0.8 * 7);
    expect(many / 100).toBeLessThan(two - one);
    // 40 examples: 14 to validate on in blocks of 5 and 9, 12 to test on, and what the pruning may use beside.
    expect(planned({ examples: 40, budget: { maxIterations: 1 } })).toBe(
      Math.round(14 + 24 + 6 + 0.8 * (5 + 0.45 * 9) + 0.5 * 14),
    );
  });

  it("expects about what is really run, a little less where every edit helps and runs to the end", async () => {
    const world = createWorld({ examples: 60, facts: 12, config: { minibatchSize: 3 } });
    const recording = await play(world);
    const expected = dataOf(recording, "started")[0]?.plan.metricCalls ?? 0;
    expect(world.rollouts.length / expected).toBeGreaterThan(0.7);
    expect(world.rollouts.length / expected).toBeLessThan(1.4);
  });

  it("is an upper bound of what is really run", async () => {
    for (const examples of [1, 6, 14, 15, 30]) {
      for (const width of [1, 4]) {
        const world = createWorld({ examples, facts: 9, config: { minibatchSize: 2, width } });
        const recording = await play(world);
        expect(world.rollouts.length).toBeLessThanOrEqual(
          dataOf(recording, "started")[0]?.plan.maxMetricCalls ?? 0,
        );
      }
    }
  });

  it("expects no more than comes out at the very most, however few the examples", () => {
    for (const examples of [1, 6, 14, 15, 16, 20]) {
      for (const minibatchSize of [1, 3, 4, 8]) {
        for (const maxIterations of [1, 2, 3, 10]) {
          const { plan } = planOf({ examples, config: { minibatchSize }, budget: { maxIterations } });
          expect(plan.metricCalls).toBeLessThanOrEqual(plan.maxMetricCalls);
        }
      }
    }
  });

  it("is an upper bound where a parent that fails nowhere in sight is run on and on", async () => {
    // One of 60 training examples fails, and one to validate on; minibatches of one example look for it.
    const examples = Array.from({ length: 90 }, (_, i) => ({
      id: `e${i}`,
      input: `question ${i}`,
      split: i < 60 ? ("train" as const) : ("validation" as const),
    }));
    const world = createWorld({
      spec: { examples, components: { prompt: factsBut([0, 60], 90) } },
      facts: 90,
      config: { minibatchSize: 1 },
      budget: { maxIterations: 6 },
    });
    const recording = await play(world);
    const { plan } = dataOf(recording, "started")[0] ?? {};
    expect(world.rollouts.length).toBeGreaterThan(30 + 6 * (1 + 1)); // more than a minibatch for each of both
    expect(world.rollouts.length).toBeLessThanOrEqual(plan?.maxMetricCalls ?? 0);
  });

  it("expects about as many proposals as a limit pays for, whatever the width, though candidates are paused", async () => {
    for (const width of [1, 4, 8]) {
      for (const maxMetricCalls of [300, 500]) {
        const budget = { maxIterations: 500, maxMetricCalls };
        const world = createWorld({
          examples: 100,
          facts: 60,
          factsPerEdit: 1,
          config: { width },
          budget,
        });
        const recording = await play(world);
        const planned = dataOf(recording, "started")[0]?.plan.proposals ?? 0;
        const made = dataOf(recording, "progress").at(-1)?.iteration ?? 0;
        expect(made / planned).toBeGreaterThan(0.5);
        expect(made / planned).toBeLessThanOrEqual(2);
      }
    }
  });

  it("buys fewer proposals where a limit leaves less", () => {
    const many = planOf({ examples: 20, budget: { maxIterations: 50 } });
    const few = planOf({ examples: 20, budget: { maxIterations: 50, maxMetricCalls: 60 } });
    expect(many.plan.proposals).toBe(50);
    expect(few.plan.proposals).toBeGreaterThan(0);
    expect(few.plan.proposals).toBeLessThan(10);
    expect(few.plan.maxMetricCalls).toBe(60);
  });

  it("counts the test in what a job can come to at most, though it may not be kept back: it is run where that fits", () => {
    const [whole, tight] = [{}, { maxTokens: 1_000_000 }].map((limit) =>
      planOf({ examples: 40, budget: { maxIterations: 3, ...limit } }),
    );
    expect(tight?.warnings.join(" ")).toContain("may not be measured");
    const test = 2 * 12; // of forty examples; the noise, which is not measured here, takes as many runs as one of both
    expect(tight?.plan.maxMetricCalls).toBeGreaterThan((whole?.plan.maxMetricCalls ?? 0) - test);
  });

  it("promises a proposal exactly where one has room at its worst", async () => {
    let empty = 0;
    for (const width of [1, 4]) {
      for (let step = 1; step <= 16; step++) {
        const calls = 12 + 4 * step;
        for (const limit of [
          { maxMetricCalls: calls },
          { maxModelCalls: calls },
          { maxTokens: calls * 20_000 },
        ]) {
          const budget = { maxIterations: 50, ...limit };
          const recording = await play(createWorld({ examples: 40, facts: 40, config: { width }, budget }));
          const planned = dataOf(recording, "started")[0]?.plan.proposals ?? 0;
          const made = dataOf(recording, "progress").at(-1)?.iteration ?? 0;
          expect(planned > 0, JSON.stringify({ width, limit, planned, made })).toBe(made > 0);
          if (made === 0) empty++;
        }
      }
    }
    expect(empty).toBeGreaterThan(10);
  });

  it("counts every proposal of an iteration of the reference, and what it runs beyond the limit", async () => {
    const samplings: readonly Partial<ReferenceConfig>[] = [
      {},
      { sampling: { parents: 2, mutations: 2 } },
      { sampling: { parents: 1, mutations: 4 }, proposalSelection: { kind: "best" } },
      { sampling: { parents: 3, mutations: 1 }, proposalSelection: { kind: "top_k", k: 2 } },
    ];
    for (const reference of samplings) {
      const { parents, mutations } = { ...REFERENCE_CONFIG_DEFAULTS, ...reference }.sampling;
      for (const budget of [{ maxIterations: 6 }, { maxIterations: 200, maxMetricCalls: 600 }]) {
        const world = createWorld({
          examples: 150,
          facts: 150,
          config: {
            profile: "reference",
            merge: false,
            reference: { ...REFERENCE_CONFIG_DEFAULTS, ...reference },
          },
          budget,
        });
        const recording = await play(world);
        const { plan } = dataOf(recording, "started")[0] ?? {};
        const last = dataOf(recording, "progress").at(-1);
        const charged = last?.budget.lines.find((line) => line.name === "metric_calls")?.used ?? 0;
        const proposed = (last?.iteration ?? 0) * parents * mutations;
        const within = (real: number, planned = 0) => {
          expect(real / planned).toBeGreaterThan(0.5);
          expect(real / planned).toBeLessThan(2);
        };
        within(proposed, plan?.proposals);
        within(charged, plan?.metricCalls);
        within(world.rollouts.length + world.reflections.length, plan?.modelCalls);
        expect(charged).toBeLessThanOrEqual(plan?.maxMetricCalls ?? 0);
      }
    }
  });

  it("expects a reflection for each component where all are changed at once", () => {
    const config = (componentSelector: "all" | "round_robin") => ({
      profile: "reference" as const,
      reference: { ...REFERENCE_CONFIG_DEFAULTS, componentSelector },
    });
    const calls = (componentSelector: "all" | "round_robin") =>
      planOf({
        examples: 20,
        spec: { components: { a: "1", b: "2", c: "3" } },
        config: config(componentSelector),
      }).plan.modelCalls;
    expect(calls("all") - calls("round_robin")).toBe(10 * 2);
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

  it("has an upper end of cost with room for as many grades as a noisy judge may get, and expects one of each", () => {
    const dear = { ...PRICE, inputPerMTok: 1_000 };
    const rates = { target: PRICE, judge: dear, reflection: PRICE, callsPerGrade: 1 };
    const highOf = (maxGrades: number, profile: "default" | "reference" = "default") => {
      const { plan } = planOf({ examples: 20, config: { maxGrades, profile } }, rates);
      return { ...plan, costUsdHigh: plan.costUsdHigh ?? 0 };
    };
    const [one, two, eight] = [highOf(1), highOf(2), highOf(8)];
    expect(two).toEqual(one); // what answers may differ by is more than a second grade
    expect(eight.costUsdHigh).toBeGreaterThan(7 * (one.costUsdHigh / 2.5));
    expect(eight.costUsdHigh).toBeLessThan(8 * (one.costUsdHigh / 2.5));
    expect({ ...eight, costUsdHigh: one.costUsdHigh }).toEqual(one);
    expect(highOf(8, "reference")).toEqual(highOf(1, "reference"));
  });

  it("warns of budgets too small to learn from or to test with, of missing tests and of unknown operators", () => {
    const warnings = (options: WorldOptions) => planOf(options).warnings.join(" ");
    expect(warnings({ examples: 20, budget: { maxIterations: 2 } })).toContain("about 2 proposals");
    expect(warnings({ examples: 20, budget: { maxIterations: 9, maxMetricCalls: 20 } })).toContain(
      "too small to also keep a test",
    );
    expect(warnings({ examples: 5 })).toContain("Send at least 15 examples");
    const marked = createWorld({ examples: 100 }).input.spec.examples.map((e) => ({
      ...e,
      split: "train" as const,
    }));
    expect(warnings({ spec: { examples: marked } })).toMatch(
      /will not be measured\. Mark some with split "test"\.$/,
    );
    expect(warnings({ examples: 20, config: { operators: { refelct: 1 } } })).toContain('"refelct"');
    expect(warnings({ examples: 20, spec: { objectives: ["tone", "brevity"] } })).not.toContain("tone");
    expect(planOf({ examples: 200 }).warnings).toEqual([]);
  });

  it("warns where only a judge could score what is asked for, and none is asked", () => {
    const warnings = (grader: OptimizeSpec["grader"]) => {
      const options = { examples: 200, spec: { objectives: ["tone", "brevity", "exactness"], grader } };
      return planOf(options, { callsPerGrade: 0 }).warnings.join(" ");
    };
    const exact = { kind: "exact", ignoreCase: true, keepWhitespace: false } as const;
    expect(warnings(exact)).toContain('objectives names "tone", "exactness", which only a judge can score');
    const multi = { kind: "multi", graders: [{ name: "exactness", weight: 1, grader: exact }] } as const;
    expect(warnings(multi)).toContain('objectives names "tone", which only a judge can score');
  });

  it("warns of a test that can show large lifts only, and says how many examples would do", () => {
    const [warning] = planOf({ examples: 20 }).warnings;
    expect(warning).toMatch(/^6 test examples can show a lift of about 0\.\d+ or more/);
    const single = createWorld({ examples: 30 }).input.spec.examples.map((e, i) => ({
      ...e,
      split: i === 0 ? ("test" as const) : ("train" as const),
    }));
    expect(planOf({ spec: { examples: single } }).warnings[0]).toMatch(/^1 test example can show a lift of /);
    const needed = Number(/About (\d+) would show 0\.25/.exec(warning ?? "")?.[1]);
    expect(planOf({ examples: Math.ceil(needed / 0.3) }).detectableLift).toBeLessThanOrEqual(0.25);
    expect(planOf({ examples: Math.ceil(needed / 0.3) }).warnings).toEqual([]);
  });

  it("warns of test examples that are no strangers to the search", () => {
    const examples = createWorld({ examples: 200 }).input.spec.examples;
    const repeated = examples.map((e, i) => ({ ...e, input: `question ${i % 100}` }));
    expect(planOf({ spec: { examples: repeated } }).warnings).toEqual([
      expect.stringMatching(
        /^\d+ test examples have the same input as one that is learnt from or chosen by, /,
      ),
    ]);
  });

  it("keeps the test back whatever the minibatch, which is no larger than the training examples", () => {
    const warnings = (minibatchSize: number) =>
      planOf({ examples: 60, config: { minibatchSize }, budget: { maxMetricCalls: 170 } }).warnings;
    expect(warnings(21).join(" ")).not.toContain("too small to also keep a test");
    expect(warnings(100)).toEqual(warnings(21));
  });

  it("says which lift the test could show", () => {
    expect(planOf({ examples: 60 }).detectableLift).toBeLessThan(0.5);
    expect(planOf({ examples: 6 }).detectableLift).toBeUndefined();
  });
});
