import { expect, it } from "vitest";
import { createWorld, dataOf, play } from "../support/scripted-world.ts";

/** Sorted as data often is: what is alike stands together. */
const examples = Array.from({ length: 60 }, (_, i) => ({
  id: `${i < 45 ? "easy" : "hard"}${i}`,
  input: `question ${i}`,
  split: i < 30 ? ("train" as const) : ("validation" as const),
}));

it("validates the seed on a fair sample where the budget pays for a part alone, whatever the order of the examples", async () => {
  const hard: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const world = createWorld({ spec: { examples, seed }, budget: { maxIterations: 5, maxMetricCalls: 16 } });
    const recording = await play(world);
    const validated = dataOf(recording, "judge")
      .filter((j) => j.candidateId === "c0" && j.stage === "validation")
      .flatMap((j) => j.evaluations.map((e) => e.exampleId));
    expect(validated).toHaveLength(16);
    const order = examples.map((e) => e.id).filter((id) => validated.includes(id));
    expect(validated).toEqual(order);
    hard.push(validated.filter((id) => id.startsWith("hard")).length);
  }
  // Of 16 drawn from 15 easy ones and 15 hard ones, 8 are hard on average.
  expect(Math.min(...hard)).toBeGreaterThan(2);
  expect(Math.max(...hard)).toBeLessThan(14);
  expect(Math.abs(hard.reduce((a, b) => a + b, 0) / hard.length - 8)).toBeLessThan(1);
});
