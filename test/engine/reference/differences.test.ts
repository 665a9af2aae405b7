import { describe, expect, it } from "vitest";
import { compare } from "../../../src/engine/acceptance/acceptance.ts";
import { strictImprovement } from "../../../src/engine/acceptance/strict-improvement.ts";
import { REFERENCE_CONFIG_DEFAULTS } from "../../../src/domain/reference-config.ts";
import type { Profile } from "../../../src/domain/spec.ts";
import { merge } from "../../../src/engine/operators/merge.ts";
import { isAccepted } from "../../../src/engine/reference/proposals.ts";
import { createSampler } from "../../../src/engine/reference/sampler.ts";
import { epochMinibatch } from "../../../src/engine/sampler/epochs.ts";
import { ModelError } from "../../../src/models/model.ts";
import { firstRng } from "../../support/first-rng.ts";
import { member } from "../../support/members.ts";
import { replay, trajectories } from "../../support/parity.ts";
import { createWorld, dataOf, play, type WorldOptions } from "../../support/scripted-world.ts";

/** One run of each profile in the same world. */
async function bothIn(options: WorldOptions) {
  const run = async (profile: Profile) => {
    const world = createWorld({ ...options, config: { ...options.config, profile } });
    return { world, ...(await play(world)) };
  };
  return { reference: await run("reference"), default: await run("default") };
}
type Run = Awaited<ReturnType<typeof bothIn>>["reference"];

const used = (run: Run) =>
  dataOf(run, "progress")
    .at(-1)
    ?.budget.lines.find((l) => l.name === "metric_calls")?.used ?? 0;

/** Two components, neither of which scores anything at first. */
const TWO_PARTS: WorldOptions = {
  examples: 40,
  facts: 8,
  spec: { components: { a: "Answer.", b: "Be kind." } },
  budget: { maxIterations: 12, maxMetricCalls: 600 },
};

describe("reference keeps and default mends", () => {
  it("the merge that fails where all shared ancestors scored 0", async () => {
    const reference = { ...REFERENCE_CONFIG_DEFAULTS, sampling: { parents: 1, mutations: 4 } };
    const runs = await bothIn({ ...TWO_PARTS, config: { merge: true, reference } });
    expect(runs.reference.outcome).toMatchObject({ kind: "failed", failure: { code: "reference_merge" } });
    expect(runs.default.outcome.kind).toBe("finished");
    const ancestor = member("c0", { x: 0 }, { components: { a: "A", b: "B" } });
    const first = member("c1", { x: 1 }, { components: { a: "A1", b: "B" } });
    const second = member("c2", { x: 1 }, { components: { a: "A", b: "B1" } });
    expect(merge.combine([first, second], ancestor)).toEqual({ a: "A1", b: "B1" });
  });

  it("the cap on merges that caps nothing: attempts past it, and one accepted too many", async () => {
    const recorded = trajectories().find((t) => t.name === "merge_s2");
    expect(recorded?.config.max_merge_invocations).toBe(3);
    const { events } = await replay(recorded as NonNullable<typeof recorded>);
    const count = (kind: string) => events.filter(([name]) => name === kind).length;
    expect([count("merge_attempted"), count("merge_accepted")]).toEqual([12, 4]);
    const runs = await bothIn({ ...TWO_PARTS, config: { merge: true, operators: { merge: 1000 } } });
    const iterations = dataOf(runs.default, "select").filter((s) => s.iteration > 0);
    const merges = dataOf(runs.default, "generate").filter((g) => g.operator === "merge");
    expect(new Set(merges.map((m) => m.iteration)).size).toBe(merges.length); // each takes an iteration of its own
    expect(iterations.length).toBeLessThanOrEqual(12);
  });

  it("the sampler that gives examples again before the epoch is over", () => {
    const train = "abcdefghijkl".split("");
    const sampler = createSampler(train, 3, firstRng());
    const seen = [0, 1].flatMap((iteration) => [sampler(iteration), sampler(iteration)]).flat();
    expect(new Set(seen).size).toBeLessThan(seen.length);
    const ours = [0, 1, 2, 3].flatMap((k) => epochMinibatch(train, 3, k, 7));
    expect(new Set(ours).size).toBe(ours.length);
  });

  it("the sums that differ by rounding", () => {
    const [before, after] = [
      [0.3, 0.2, 0.1],
      [0.1, 0.2, 0.3],
    ] as const;
    const sum = (scores: readonly number[]) => scores.reduce((a, b) => a + b, 0);
    expect(isAccepted("strict_improvement", { before: sum(before), after: sum(after) })).toBe(true);
    const on = (scores: readonly number[]) => scores.map((score, i) => ({ exampleId: `e${i}`, score }));
    expect(strictImprovement(compare({ parent: on(before), child: on(after) }))).toBe(false);
  });

  it("the budget that is looked at between iterations only", async () => {
    const runs = await bothIn({ ...TWO_PARTS, budget: { maxIterations: 100, maxMetricCalls: 150 } });
    expect(used(runs.reference)).toBeGreaterThan(150);
    expect(used(runs.default)).toBeLessThanOrEqual(150);
  });

  it("the rollouts that are charged although they are known", async () => {
    const runs = await bothIn({ examples: 6, facts: 2, budget: { maxIterations: 4 } });
    expect(used(runs.reference)).toBeGreaterThan(runs.reference.world.rollouts.length);
    expect(used(runs.default)).toBe(runs.default.world.rollouts.length);
  });

  it("the failed call that counts as a zero", async () => {
    const failing = new ModelError("timeout", "No answer in time.");
    const runs = await bothIn({
      examples: 6,
      budget: { maxIterations: 1 },
      targetFails: (_prompt, input) => (input === "question 1" ? failing : undefined),
      reflect: () => "``` ```",
      spec: { components: { prompt: "FACT-0 FACT-1 FACT-2" } },
    });
    const seedScore = (run: Run) => dataOf(run, "select")[0]?.reason;
    expect(seedScore(runs.reference)).toMatch("0.833");
    expect(seedScore(runs.default)).toMatch("1.000");
  });

  it("the answer without a new text, which becomes the new text", async () => {
    const talk = "I would make it clearer";
    const runs = await bothIn({ examples: 6, budget: { maxIterations: 1 }, reflect: () => talk });
    const proposed = (run: Run) => dataOf(run, "generate").map((g) => g.components.prompt);
    expect(proposed(runs.reference)).toEqual(["Answer the question.", talk]);
    expect(proposed(runs.default)).toEqual(["Answer the question."]);
  });

  it("the text that was tried before, which is tried again", async () => {
    const same = "Answer the question.";
    const runs = await bothIn({
      examples: 6,
      budget: { maxIterations: 2 },
      reflect: (request) =>
        request.responseSchema
          ? JSON.stringify({ components: { prompt: same }, rationale: "", lesson: "" })
          : `\`\`\`\n${same}\n\`\`\``,
    });
    const minibatches = (run: Run) => dataOf(run, "judge").filter((j) => j.stage === "minibatch").length;
    expect([minibatches(runs.reference), minibatches(runs.default)]).toEqual([2, 0]);
  });

  it("the program of which one component is shown at a time", async () => {
    const { reference, default: ours } = await bothIn(TWO_PARTS);
    const shown = (run: Run) => {
      const text = run.world.reflections[0]?.messages.map((m) => m.content).join("\n") ?? "";
      return Object.values(TWO_PARTS.spec?.components ?? {}).filter((part) => text.includes(part));
    };
    expect(shown(reference)).toEqual(["Answer."]);
    expect(shown(ours)).toEqual(["Answer.", "Be kind."]);
  });

  it("the iteration that is over where the parent's minibatch is perfect", async () => {
    const runs = await bothIn({
      examples: 8,
      facts: 8,
      config: { minibatchSize: 1 },
      budget: { maxIterations: 1 },
      spec: { components: { prompt: [1, 2, 3, 4, 5, 6, 7].map((i) => `FACT-${i}`).join(" ") } },
    });
    const made = (run: Run) => dataOf(run, "generate").length - 1;
    expect([made(runs.reference), made(runs.default)]).toEqual([0, 1]);
  });
});
