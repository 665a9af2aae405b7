import { expect, it } from "vitest";
import fc from "fast-check";
import { MAX_REFLECTION_ATTEMPTS } from "../../../src/engine/reflection/limits.ts";
import { copyFacts, createWorld, dataOf, play } from "../../support/scripted-world.ts";

/** What a reflection model makes of a question: a fact of those it is shown, another one for each sample. */
function sampled(request: Parameters<typeof copyFacts>[0]): string {
  const [, ...facts] = copyFacts(request).match(/Rest on FACT-\d+\./g) ?? [];
  const fact = facts[request.sampleIndex % Math.max(1, facts.length)] ?? "";
  return JSON.stringify({
    components: { prompt: `Answer the question. ${fact} ${request.sampleIndex}` },
    rationale: "",
    lesson: "",
  });
}

it("gives every proposal samples of its own, in the order of the proposals", async () => {
  for (const width of [1, 4]) {
    const world = createWorld({
      examples: 1,
      config: { width },
      budget: { maxIterations: 4 },
      reflect: () => "I would rather not say.",
    });
    await play(world);
    const samples = world.reflections.map((r) => r.sampleIndex).sort((a, b) => a - b);
    expect(samples).toEqual(Array.from({ length: 4 * MAX_REFLECTION_ATTEMPTS }, (_, i) => i));
  }
});

it("never asks the same question twice, however few the examples and however wide the job", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 2, 8, 16),
      fc.nat(1000),
      fc.nat(3),
      async (examples, width, seed, turns) => {
        const world = createWorld({
          examples,
          facts: 12,
          spec: { seed },
          config: { width },
          budget: { maxIterations: 16 },
          reflect: sampled,
          latency: () => turns,
        });
        const recording = await play(world);
        const questions = world.reflections.map((r) => JSON.stringify(r));
        expect(new Set(questions).size).toBe(questions.length);
        const twins = dataOf(recording, "select").filter((s) => s.reason.includes("same text as"));
        expect(twins).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});
