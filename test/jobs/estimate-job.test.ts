import { describe, expect, it } from "vitest";
import { ALICE, openWorld, REQUEST } from "../support/job-world.ts";
import { scriptedModel } from "../support/scripted-model.ts";

const examples = Array.from({ length: 20 }, (_, i) => ({ input: `input ${i}` }));
const price = { inputPerMTok: 1, cachedInputPerMTok: 0.5, outputPerMTok: 4 };

describe("estimating a job", () => {
  it("says what the budget buys, how examples are divided and who would serve, and starts nothing", async () => {
    const target = scriptedModel("target", undefined, { price });
    const reflection = scriptedModel("reflection", undefined, { price });
    const { jobs, store } = await openWorld({ target, reflection });
    const estimate = await jobs.useCases.estimateJob(ALICE, { ...REQUEST, examples }, 5);
    expect(estimate.plan).toMatchObject({ iterations: 5, proposals: 5 });
    expect(estimate.plan.costUsdLow).toBeGreaterThan(0);
    expect(estimate.splits).toMatchObject({ policy: "shuffled" });
    expect(estimate.splits.test).toHaveLength(6);
    expect(estimate.models.map((m) => m.servedBy)).toEqual(["scripted:target", "scripted:reflection"]);
    expect(estimate.detectableLift).toBeGreaterThan(0);
    expect(await store.countJobs()).toMatchObject({ pending: 0 });
    expect(target.requests).toEqual([]);
  });

  it("knows no cost where a model has no price", async () => {
    const { jobs } = await openWorld();
    const { plan } = await jobs.useCases.estimateJob(ALICE, { ...REQUEST, examples });
    expect(plan).not.toHaveProperty("costUsdLow");
  });

  it("refuses what a create would refuse", async () => {
    const { jobs } = await openWorld();
    await expect(jobs.useCases.estimateJob(ALICE, REQUEST, 5000)).rejects.toMatchObject({
      violations: [{ field: "iterations" }],
    });
  });
});
