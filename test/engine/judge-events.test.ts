import { describe, expect, it } from "vitest";
import { dataOf, evaluationsOf, createWorld, play } from "../support/scripted-world.ts";

describe("judge events", () => {
  it("tell a validation of many examples in parts, in order and with nothing left out", async () => {
    const count = 330;
    const world = createWorld({ examples: count, budget: { maxIterations: 1 } });
    const recording = await play(world);
    const seed = dataOf(recording, "judge").filter((d) => d.candidateId === "c0" && d.stage === "validation");
    const { splits } = dataOf(recording, "started")[0]!;
    expect(splits.validation.length).toBeGreaterThan(100);
    expect(seed.length).toBeGreaterThan(1);
    expect(seed.flatMap((d) => d.evaluations.map((e) => e.exampleId))).toEqual(splits.validation);
    for (const { evaluations } of dataOf(recording, "judge"))
      expect(evaluations.length).toBeLessThanOrEqual(100);
    expect(recording.outcome.kind).toBe("finished");
  });

  it("stay far below what gRPC clients take, however long the feedback is", async () => {
    const world = createWorld({ examples: 60, budget: { maxIterations: 1 } });
    const { grader } = world.ports;
    const feedback = "x".repeat(50_000);
    const wordy = {
      ...grader,
      grade: async (...args: Parameters<typeof grader.grade>) => ({
        ...(await grader.grade(...args)),
        feedback,
      }),
    };
    const recording = await play({ ...world, ports: { ...world.ports, grader: wordy } });
    const sizes = dataOf(recording, "judge").map((data) => JSON.stringify(data).length);
    expect(Math.max(...sizes)).toBeGreaterThan(200_000);
    expect(Math.max(...sizes)).toBeLessThan(400_000);
    expect(evaluationsOf(recording).length).toBeGreaterThan(20);
  });
});
