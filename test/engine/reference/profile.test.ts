import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../../src/domain/evaluation.ts";
import { REFERENCE_CONFIG_DEFAULTS, type ReferenceConfig } from "../../../src/domain/reference-config.ts";
import type { ReferenceStep } from "../../../src/engine/reference/ports.ts";
import { type Model, ModelError } from "../../../src/models/model.ts";
import { createWorld, dataOf, play, type WorldOptions } from "../../support/scripted-world.ts";

const options: WorldOptions = {
  examples: 60,
  facts: 8,
  config: { profile: "reference", minibatchSize: 2 },
  budget: { maxIterations: 100, maxMetricCalls: 150 },
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
  expect(used.at(-1)).toBeGreaterThan(150);
  expect(dataOf(recording, "started")[0]?.profile).toBe("reference");
});

it("books each model call once, though gepa 0.1.4 charges a known run again", async () => {
  for (const examples of [6, 40]) {
    const world = createWorld({
      ...options,
      examples,
      budget: { maxIterations: 12, maxModelCalls: 5_000, maxCostUsd: 1_000 },
    });
    const { lines } = dataOf(await play(world), "progress").at(-1)?.budget ?? { lines: [] };
    const used = new Map(lines.map((line) => [line.name, line.used]));
    const calls = world.rollouts.length + world.reflections.length;
    expect(used.get("metric_calls")).toBeGreaterThan(world.rollouts.length);
    expect(used.get("model_calls")).toBe(calls);
    expect(used.get("cost_usd")).toBeCloseTo(0.001 * calls, 9);
  }
});

describe("a limit that gepa 0.1.4 does not know", () => {
  const limits = [
    { stopReason: "model_calls", budget: { maxModelCalls: 100 }, limit: 100 },
    { stopReason: "tokens", budget: { maxTokens: 1_500_000 }, limit: 1_500_000 },
    { stopReason: "cost", budget: { maxCostUsd: 10 }, limit: 10 },
  ] as const;
  const lineOf = { model_calls: "model_calls", tokens: "tokens", cost: "cost_usd" } as const;
  /** The same model at a price at which the test is a good part of the limits. */
  const dear = (model: Model): Model => ({
    ...model,
    call: async (...request) => ({
      ...(await model.call(...request)),
      usage: { inputTokens: 4_990, cachedInputTokens: 0, outputTokens: 10 },
      costUsd: 0.05,
    }),
  });
  for (const { stopReason, budget, limit } of limits) {
    it(`holds for the final test too, which is kept back from the search: ${stopReason}`, async () => {
      let asked = 0;
      const world = createWorld({
        ...options,
        examples: 40,
        reflect: () => `\`\`\`\nNo better, ${++asked}.\n\`\`\``,
        budget: { maxIterations: 1000, ...budget },
      });
      const { target, reflection } = world.ports;
      const ports = { ...world.ports, target: dear(target), reflection: dear(reflection) };
      const recording = await play({ ...world, ports });
      expect(recording.outcome).toMatchObject({
        kind: "finished",
        result: { stopReason, report: { measuredOn: "test" } },
      });
      const used = dataOf(recording, "progress").map(
        (p) => p.budget.lines.find((l) => l.name === lineOf[stopReason])?.used ?? 0,
      );
      const [searched = 0, tested = 0] = used.slice(-2);
      expect(searched).toBeGreaterThan(limit / 2);
      expect(tested).toBeGreaterThan(searched);
      expect(tested).toBeLessThanOrEqual(limit);
    });
  }
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

for (const [what, change] of [
  ["of a child that joins", {}],
  ["of one that is dropped", { reflect: () => "```\nNo better.\n```" }],
] as const) {
  it(`gives the sums it decided on, whose they are and on how many examples: ${what}`, async () => {
    const recording = await play(createWorld({ ...options, ...change }));
    const sumOf = (iteration: number, stage: string) => {
      const scores = dataOf(recording, "judge")
        .filter((j) => j.iteration === iteration && j.stage === stage)
        .flatMap((j) => j.evaluations.map((e) => e.score ?? 0));
      return Number(scores.reduce((a, b) => a + b, 0).toFixed(3));
    };
    const parents = new Map(dataOf(recording, "generate").map((g) => [g.candidateId, g.parentIds]));
    const decided = dataOf(recording, "select").filter((s) => s.iteration > 0 && s.candidateId !== "");
    expect(decided.length).toBeGreaterThan(2);
    expect(decided.map((s) => s.reason)).toEqual(
      decided.map(({ iteration, candidateId, accepted }) => {
        const sums = `${sumOf(iteration, "minibatch")} in sum against ${sumOf(iteration, "parent_minibatch")}`;
        const told = `${candidateId} scored ${sums} of ${parents.get(candidateId)} on 2 examples`;
        return accepted ? `${told}: it joined the pool.` : `No improvement on the minibatch: ${told}.`;
      }),
    );
    expect(decided.some((s) => s.accepted)).toBe(!("reflect" in change));
  });
}

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
  expect(some.outcome).toMatchObject({
    kind: "finished",
    result: { report: { notes: [expect.stringMatching(/failed for good on 1 .* counted them as zero/)] } },
  });
  const refused = await play(
    createWorld({
      ...options,
      reflectionFails: () => new ModelError("auth", "The key was refused."),
    }),
  );
  expect(refused.outcome).toMatchObject({ kind: "failed", failure: { code: "model_auth" } });
});

describe("reflection", () => {
  const asked = (world: ReturnType<typeof createWorld>) =>
    world.reflections.map((r) => r.messages.map((m) => `${m.role}: ${m.content}`).join("\n"));
  const knobs = (reference: Partial<ReferenceConfig>): NonNullable<WorldOptions["config"]> => ({
    profile: "reference",
    reference: { ...REFERENCE_CONFIG_DEFAULTS, ...reference },
  });
  const small: WorldOptions = { examples: 6, config: { profile: "reference" }, budget: { maxIterations: 1 } };

  it("is one message with the text and, of each example, input, output, feedback and the ideal", async () => {
    const examples = [1, 2].map((i) => ({ id: `e${i}`, input: `question ${i}`, ideal: `ideal ${i}` }));
    const world = createWorld({
      ...small,
      spec: { examples, context: { product: "bank" }, evaluationRubric: "Be brief." },
    });
    await play(world);
    expect(world.reflections).toHaveLength(1);
    expect(world.reflections[0]?.responseSchema).toBeUndefined();
    const [request] = asked(world);
    expect(request).toMatch(/^user: /);
    expect(request).toContain("```\nAnswer the question.\n```");
    expect(request).toContain(
      "## Inputs\nquestion 1\n\n## Generated Outputs\nwrong: question 1\n\n## Feedback\n",
    );
    expect(request).toContain("must rest on FACT-0.\nA good answer: ideal 1");
    expect(request).toContain("- evaluation_rubric: Be brief.\n- product: bank");
  });

  it("uses the caller's template, that of the component before the one for all", async () => {
    const world = createWorld({
      ...small,
      reflect: () => "```\nBetter.\n```",
      spec: { components: { constructor: "Text A", d: "Text B" } }, // a name that every object knows is no template
      config: knobs({
        componentSelector: "all",
        reflectionTemplate: "all <curr_param> <side_info>",
        reflectionTemplates: { d: "own <side_info> <curr_param>" },
      }),
    });
    const recording = await play(world);
    const [first, second] = asked(world);
    expect(first).toMatch(/^user: all Text A # Example 1\n/);
    expect(second).toMatch(/^user: own # Example 1[\s\S]*Text B$/);
    expect(dataOf(recording, "generate")[1]).toMatchObject({
      components: { constructor: "Better.", d: "Better." },
      changedComponents: ["constructor", "d"],
    });
  });

  it("asks again for a new sample, not for the old answer, and tries once more after a failure", async () => {
    let failures = 1;
    const world = createWorld({
      ...small,
      examples: 3,
      budget: { maxIterations: 3 },
      reflect: () => "```\nNo better.\n```",
      reflectionFails: () => (failures-- > 0 ? new ModelError("timeout", "No answer in time.") : undefined),
    });
    const recording = await play(world);
    const samples = new Map<string, number[]>();
    for (const { messages, sampleIndex } of world.reflections) {
      const key = messages[0]?.content ?? "";
      samples.set(key, [...(samples.get(key) ?? []), sampleIndex]);
    }
    const indices = [...samples.values()].flat();
    expect(indices).toHaveLength(4);
    for (const own of samples.values()) expect(own).toEqual([...own].sort());
    expect(dataOf(recording, "generate").flatMap((g) => g.rejectedTexts)).toMatchObject([
      { reason: "timeout" },
    ]);
  });

  it("drops a text that breaks a constraint before anything is run, and says why", async () => {
    const recording = await play(
      createWorld({
        ...small,
        reflect: () => "```\nSay foo.\n```",
        spec: {
          constraints: {
            mustKeep: [],
            mustNotContain: ["foo"],
            allowPlaceholderLoss: false,
            allowAnswerCopying: false,
          },
        },
      }),
    );
    expect(dataOf(recording, "generate")).toHaveLength(1);
    expect(dataOf(recording, "select").at(-1)?.reason).toMatch(/must not contain "foo"/);
  });

  it("ends the run at its cost in dollars", async () => {
    const recording = await play(
      createWorld({
        ...small,
        examples: 20,
        facts: 20,
        budget: { maxIterations: 30 },
        config: knobs({ maxReflectionCostUsd: 0.0025 }),
      }),
    );
    expect(recording.outcome).toMatchObject({ kind: "finished", result: { stopReason: "cost" } });
    expect(dataOf(recording, "generate")).toHaveLength(1 + 3);
  });
});

describe("several proposals an iteration", () => {
  it("are told as candidates of their own, each with its decision", async () => {
    const reference = { ...REFERENCE_CONFIG_DEFAULTS, sampling: { parents: 2, mutations: 2 } };
    const recording = await play(
      createWorld({ ...options, config: { ...options.config, reference }, budget: { maxIterations: 2 } }),
    );
    const written = dataOf(recording, "generate").map((g) => g.candidateId);
    expect(written.slice(0, 5)).toEqual(["c0", "c1.1", "c1.2", "c1.3", "c1.4"]);
    const decided = dataOf(recording, "select").flatMap((s) => s.candidateId || []);
    expect(new Set(decided)).toEqual(new Set(written));
    const judgedIds = dataOf(recording, "judge").map((j) => j.candidateId);
    expect(new Set(judgedIds)).toEqual(new Set(written));
    const joined = dataOf(recording, "select").filter((s) => s.accepted && s.iteration > 0);
    expect(joined.length).toBeGreaterThan(1);
    expect(recording.outcome).toMatchObject({ kind: "finished", result: { stopReason: "iterations" } });
  });
});

it("keeps a front over the objectives of the grader", async () => {
  const world = createWorld({
    ...options,
    config: { profile: "reference", reference: { ...REFERENCE_CONFIG_DEFAULTS, frontierType: "cartesian" } },
    budget: { maxIterations: 3 },
  });
  const grade: typeof world.ports.grader.grade = async (input, signal) => {
    const graded = await world.ports.grader.grade(input, signal);
    return { ...graded, objectives: { right: graded.score, brief: 1 - graded.score } };
  };
  const trace: ReferenceStep<Evaluation>[] = [];
  const recording = await play({
    ...world,
    ports: { ...world.ports, grader: { ...world.ports.grader, grade }, trace: (step) => trace.push(step) },
  });
  expect(recording.outcome.kind).toBe("finished");
  const fronts = trace.flatMap((s) => (s.kind === "pareto_front_updated" ? [s.front] : []));
  expect(fronts.every((front) => front.includes(0))).toBe(true); // the seed stays the briefest
});
