import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { unfence } from "../../src/domain/fence.ts";
import { promptText } from "../../src/domain/spec.ts";
import {
  createWorld,
  dataOf,
  evaluationsOf,
  play,
  type Recording,
  type WorldOptions,
} from "../support/scripted-world.ts";

/** Steps without what is exempt from determinism. */
function decided({ steps, outcome }: Recording) {
  return { steps, outcome };
}

function rolloutKeys(world: ReturnType<typeof createWorld>): string[] {
  return world.rollouts.map((r) => JSON.stringify([r.prompt, r.input]));
}

describe("the engine learns", () => {
  it("carries a fact that only the feedback names into the champion, and stops when all is solved", async () => {
    const world = createWorld({ examples: 6, facts: 3 });
    const recording = await play(world);
    const { outcome } = recording;
    expect(outcome).toMatchObject({
      kind: "finished",
      result: {
        stopReason: "solved",
        champion: { score: 1 },
        report: { verdict: "not_measured", measuredOn: "in_sample", baselineScore: 0, championScore: 1 },
      },
    });
    const champion = dataOf(recording, "final")[0]?.champion;
    expect(promptText(champion?.components ?? {})).toContain("FACT-0");
    expect(dataOf(recording, "early_stop")).toEqual([
      expect.objectContaining({ reason: "solved", iteration: 1 }),
    ]);
  });

  it("shows the reflection model the parent, its minibatch and further failures it is known for, and its own lessons later", async () => {
    const world = createWorld({
      examples: 12,
      facts: 6,
      factsPerEdit: 1,
      config: { minibatchSize: 2, operators: { crossover: 0 } },
      spec: { context: { audience: "clerks" } },
    });
    await play(world);
    const [first] = world.reflections;
    const fenced = unfence(first?.messages.at(-1)?.content ?? "");
    expect(fenced.map((f) => f.label)).toEqual([
      "current_prompt.prompt",
      "operator",
      "context",
      ...Array.from({ length: 12 }, () => ["input", "output", "feedback"]).flat(),
    ]);
    expect(fenced[0]?.text).toBe("Answer the question.");
    expect(fenced[2]?.text).toBe("audience: clerks");
    expect(fenced[4]?.text).toMatch(/^wrong: question \d+$/);
    expect(fenced[5]?.text).toMatch(/^Score 0 of 1\. The answer must rest on FACT-\d\.$/);
    const later = world.reflections.flatMap((r) => unfence(r.messages.at(-1)?.content ?? ""));
    expect(later.filter((f) => f.label === "lesson").map((f) => f.text)).toContainEqual(
      expect.stringMatching(/^Name FACT-\d in the instruction\.$/),
    );
  });

  it("reports on test examples that no proposal was ever run on", async () => {
    const world = createWorld({ examples: 40, facts: 2 });
    const recording = await play(world);
    const { splits } = dataOf(recording, "started")[0] ?? {};
    expect(splits?.policy).toBe("shuffled");
    const test = new Set(splits?.test);
    const judged = dataOf(recording, "judge");
    const onTest = judged.filter((j) => j.evaluations.some((e) => test.has(e.exampleId)));
    expect(onTest.map((j) => j.stage)).toEqual(["test", "test"]);
    expect(judged.slice(-2)).toEqual(onTest);
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: { report: { verdict: "improved", measuredOn: "test", lift: 1, sampleSize: 12 } },
    });
  });

  it("keeps the seed where the grader rewards the opposite", async () => {
    const recording = await play(createWorld({ inverted: true }));
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: { champion: { candidateId: "c0" }, report: { lift: 0 } },
    });
  });

  it("keeps the seed as champion where the test does not show a lift, with the best candidate beside it", async () => {
    // The fact helps on validation; on the test split it changes nothing.
    const examples = Array.from({ length: 30 }, (_, i) => ({
      id: `e${i}`,
      input: `question ${i}`,
      split: (["train", "validation", "test"] as const)[i % 3] as "train" | "validation" | "test",
    }));
    const world = createWorld({ spec: { examples }, facts: 1 });
    const grade = world.ports.grader.grade;
    const grader: typeof world.ports.grader = {
      ...world.ports.grader,
      grade: async (input, signal) => ({
        ...(await grade(input, signal)),
        ...(input.example.split === "test" ? { score: 0.5 } : {}),
      }),
    };
    const recording = await play({ ...world, ports: { ...world.ports, grader } });
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: {
        champion: { candidateId: "c0" },
        bestCandidate: { candidateId: "c2", score: 1 },
        report: { verdict: "not_shown", lift: 0 },
      },
    });
  });
});

describe("the order of events", () => {
  it("is the seed first, then each iteration, then the end", async () => {
    const recording = await play(createWorld({ examples: 6, facts: 3 }));
    expect(
      recording.events.map((e) =>
        e.type === "judge" || e.type === "progress" ? `${e.type}:${e.data.stage}` : e.type,
      ),
    ).toEqual([
      ...["started", "generate", "judge:validation", "select", "progress:select"],
      ...["judge:parent_minibatch", "generate", "progress:generate", "judge:minibatch", "judge:validation"],
      ...["select", "progress:select"],
      ...["early_stop", "progress:final", "final"],
    ]);
  });

  it("numbers candidates by their iteration and names only known parents: the lineage has no circle", async () => {
    await fc.assert(
      fc.asyncProperty(worldOptions(), async (options) => {
        const recording = await play(createWorld(options));
        const seen = new Set<string>();
        const ids: string[] = [];
        for (const { candidateId, iteration, parentIds, operator } of dataOf(recording, "generate")) {
          ids.push(operator === "prune" ? `c${iteration}` : candidateId);
          expect(ids.at(-1)).toBe(`c${iteration}`);
          expect(parentIds.every((p) => seen.has(p))).toBe(true);
          seen.add(candidateId);
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe("determinism", () => {
  it("gives the same steps whatever the latencies and however many calls are in flight", async () => {
    await fc.assert(
      fc.asyncProperty(
        worldOptions(),
        fc.constantFrom(1, 8),
        fc.array(fc.nat(12), { minLength: 7, maxLength: 7 }),
        async (options, concurrency, turns) => {
          let call = 0;
          const plain = await play(createWorld(options));
          const slow = createWorld({
            ...options,
            concurrency,
            latency: () => turns[call++ % turns.length] ?? 0,
          });
          expect(decided(await play(slow))).toEqual(decided(plain));
          expect(slow.mostInFlight()).toBeLessThanOrEqual(concurrency);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("yields exactly the remaining steps when taken up from any checkpoint", async () => {
    await fc.assert(
      fc.asyncProperty(worldOptions(), async (options) => {
        const whole = await play(createWorld(options));
        for (const [i, step] of whole.steps.entries()) {
          if (step.kind !== "checkpoint") continue;
          const rest = await play(createWorld(options), step.state);
          expect(rest.steps).toEqual(whole.steps.slice(i + 1));
          expect(rest.outcome).toEqual(whole.outcome);
        }
      }),
      { numRuns: 8 },
    );
  });

  it("counts in a checkpoint the events before it", async () => {
    const { steps } = await play(createWorld({ examples: 20, facts: 5 }));
    let events = 0;
    for (const step of steps) {
      if (step.kind === "event") events++;
      else expect(step.ordinal).toBe(events);
    }
  });
});

describe("the books", () => {
  it("show exactly the runs that were made, never one pair twice, never above the limit", async () => {
    await fc.assert(
      fc.asyncProperty(
        worldOptions(),
        fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
        async (options, limit) => {
          const world = createWorld({
            ...options,
            budget: { ...options.budget, ...(limit === undefined ? {} : { maxMetricCalls: limit }) },
          });
          const recording = await play(world);
          const keys = rolloutKeys(world);
          expect(new Set(keys).size).toBe(keys.length);
          expect(keys.length).toBeLessThanOrEqual(limit ?? Number.POSITIVE_INFINITY);
          const paid = evaluationsOf(recording).filter((e) => !e.reused).length;
          const lines = dataOf(recording, "progress").at(-1)?.budget.lines ?? [];
          expect(lines.find((l) => l.name === "metric_calls")?.used).toBe(paid);
          // What a stop dropped shows in the spend only, for how far it had come depends on who answered first.
          const notes = dataOf(recording, "final")[0]?.report.notes.join(" ") ?? "";
          const dropped = notes.includes("under way when the search stopped");
          expect(paid).toBeLessThanOrEqual(keys.length);
          expect(paid).toBeGreaterThanOrEqual(dropped ? 0 : keys.length);
          const iterations = lines.find((l) => l.name === "iterations");
          expect(iterations?.used).toBeLessThanOrEqual(iterations?.total ?? 0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("hold against limits on model calls, tokens and dollars too", async () => {
    const limits = [{ maxModelCalls: 40 }, { maxTokens: 150_000 }, { maxCostUsd: 4 }];
    for (const budget of limits) {
      const world = createWorld({ examples: 12, facts: 6, budget, config: { minibatchSize: 2 } });
      const recording = await play(world);
      const calls = world.rollouts.length + world.reflections.length;
      expect(calls).toBeGreaterThan(0);
      expect(calls).toBeLessThanOrEqual(budget.maxModelCalls ?? Number.POSITIVE_INFINITY);
      expect(calls * 110).toBeLessThanOrEqual(budget.maxTokens ?? Number.POSITIVE_INFINITY);
      expect(calls * 0.001).toBeLessThanOrEqual(budget.maxCostUsd ?? Number.POSITIVE_INFINITY);
      expect(recording.outcome.kind).toBe("finished");
    }
  });
});

/** Worlds of many shapes: sizes, widths, selections, seeds, components. */
function worldOptions(): fc.Arbitrary<WorldOptions> {
  return fc
    .record({
      examples: fc.integer({ min: 1, max: 26 }),
      facts: fc.integer({ min: 1, max: 7 }),
      width: fc.constantFrom(1, 2, 3, 8),
      minibatchSize: fc.integer({ min: 1, max: 4 }),
      maxIterations: fc.integer({ min: 1, max: 12 }),
      selection: fc.constantFrom("pareto", "current_best", "epsilon_greedy", "top_k_pareto"),
      seed: fc.nat(1000),
      components: fc.constantFrom(
        { prompt: "Answer the question." },
        { plan: "Think first.", answer: "Then answer.", style: "Be brief." },
      ),
    })
    .map(({ examples, facts, width, minibatchSize, maxIterations, selection, seed, components }) => ({
      examples,
      facts,
      spec: { seed, components },
      budget: { maxIterations },
      config: { width, minibatchSize, selection: selection as "pareto" },
    }));
}
