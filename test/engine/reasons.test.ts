import { expect, it } from "vitest";
import { ModelError } from "../../src/models/model.ts";
import { createWorld, play } from "../support/scripted-world.ts";

it("says of each mean over how many examples it is, those without a score left out", async () => {
  const sizes = { train: 6, validation: 12 };
  const names = ["train", "validation"] as const;
  const examples = names.flatMap((split) =>
    Array.from({ length: sizes[split] }, (_, i) => ({ id: `${split}${i}`, input: `${split} ${i}`, split })),
  );
  const refused = new ModelError("content_filter", "No.");
  const recording = await play(
    createWorld({
      spec: { examples },
      facts: 4,
      factsPerEdit: 1,
      budget: { maxIterations: 12 },
      targetFails: (_prompt, input) => (input === "validation 3" ? refused : undefined),
    }),
  );
  const known = new Map<string, Map<string, number>>();
  let checked = 0;
  for (const event of recording.events) {
    if (event.type === "judge") {
      const { candidateId, evaluations } = event.data;
      const scores = known.get(candidateId) ?? new Map<string, number>();
      for (const { exampleId, score } of evaluations) {
        if (score !== undefined && exampleId.startsWith("validation")) scores.set(exampleId, score);
      }
      known.set(candidateId, scores);
    }
    if (event.type !== "select") continue;
    const told = /(?:scored|and|on:) ([\d.]+) on (\d+)(?: of 12)? validation example/.exec(event.data.reason);
    if (!told) continue;
    const [, mean, size] = told;
    const scores = [...(known.get(event.data.candidateId)?.values() ?? [])];
    expect(Number(size)).toBe(scores.length);
    expect(Number(mean)).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 3);
    checked++;
  }
  expect(checked).toBeGreaterThan(3);
});
