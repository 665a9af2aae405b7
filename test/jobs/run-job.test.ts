import { describe, expect, it } from "vitest";
import { aCreatedJob, ALICE, ended, idsOf, logOf, openWorld } from "../support/job-world.ts";

describe("a job that runs undisturbed", () => {
  it("goes from created to finished, with its log and result", async () => {
    const world = await openWorld();
    world.jobs.start();
    const created = await aCreatedJob(world);
    expect(created).toMatchObject({
      status: "pending",
      lastEventId: 0,
      spec: { budget: { maxIterations: 3 } },
    });

    expect(idsOf(await ended(world, created.id))).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    const log = await logOf(world.store, created.id);
    expect(log.map((e) => e.type)).toEqual([
      "started",
      ...Array.from({ length: 3 }, () => ["generate", "judge", "select", "progress"]).flat(),
      "final",
      "finished",
    ]);
    expect(await world.jobs.useCases.getJob(ALICE, created.id)).toMatchObject({
      status: "finished",
      result: { stopReason: "iterations", champion: { candidateId: "c3" } },
      progress: {
        iteration: 3,
        bestScore: 0.03,
        bestSoFar: { candidateId: "c3", components: { prompt: "reflection: improve 3" }, score: 0.03 },
        fraction: 1,
        spend: [
          {
            role: "target",
            calls: 6,
            failedCalls: 0,
            inputTokens: 60,
            cachedInputTokens: 12,
            outputTokens: 30,
          },
          { role: "reflection", calls: 3 },
        ],
      },
    });
  });
});
