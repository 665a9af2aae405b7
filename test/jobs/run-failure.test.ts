import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { EngineStep, Optimise } from "../../src/engine/ports.ts";
import type { Store } from "../../src/storage/store.ts";
import {
  aCreatedJob,
  aGrader,
  emptyStore,
  ended,
  idsOf,
  logOf,
  openWorld,
  settle,
} from "../support/job-world.ts";
import { aStep, engineOf } from "../support/scripted-engine.ts";
import { aRequest, scriptedModel, untilAborted } from "../support/scripted-model.ts";

describe("a run that can not go on", () => {
  it("ends its job as failed, with what happened and what to do", async () => {
    const failure = {
      code: "model_unavailable",
      sentence: "The target model is gone.",
      nextStep: "Try later.",
    };
    const world = await openWorld({ optimise: engineOf([aStep(1)], { kind: "failed", failure }) });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect((await logOf(world.store, id)).at(-1)).toMatchObject({ id: 2, type: "failed", data: failure });
    expect(await world.store.getJob(id)).toMatchObject({ status: "failed", failure });
  });

  it("fails on a bug with a sentence for the caller and the error for the log", async () => {
    const optimise: Optimise = async function* () {
      yield aStep(1);
      throw new TypeError("secret detail");
    };
    const world = await openWorld({ optimise });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    const job = await world.store.getJob(id);
    expect(job?.failure?.code).toBe("internal_error");
    expect(JSON.stringify(job?.failure)).not.toContain("secret");
    expect(world.lines).toContainEqual(expect.objectContaining({ level: "error", event: "run_failed" }));
  });

  it("stops the calls in flight when it fails on a bug", async () => {
    const optimise: Optimise = async function* (_input, ports, signal) {
      void ports.target.call(aRequest("slow"), signal).catch(() => undefined);
      yield aStep(1);
      await settle();
      throw new TypeError("a bug");
    };
    let stopped = false;
    const target = scriptedModel("target", (_request, _call, signal) =>
      untilAborted(signal).finally(() => {
        stopped = true;
      }),
    );
    const world = await openWorld({ optimise, target });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect(stopped).toBe(true);
    expect((await world.store.getJob(id))?.status).toBe("failed");
  });

  it("refuses a checkpoint that does not stand where it says", async () => {
    const steps: EngineStep[] = [aStep(1), { kind: "checkpoint", state: "", ordinal: 7 }];
    const world = await openWorld({ optimise: engineOf(steps, { kind: "paused" }) });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect((await world.store.getJob(id))?.status).toBe("failed");
  });

  for (const [what, change] of [
    ["another judge", { graders: { create: () => aGrader({ fingerprint: "beef" }), check: () => [] } }],
    ["another model", { target: scriptedModel("target", undefined, { servedBy: "elsewhere" }) }],
  ] as const) {
    it(`fails a job whose process came back with ${what}, for its scores could not be compared`, async () => {
      const store = await emptyStore();
      const { id } = await aCreatedJob(await openWorld({ store }));
      const world = await openWorld({ store, ...change });
      world.jobs.start();
      await ended(world, id);
      expect((await store.getJob(id))?.failure).toMatchObject({
        code: "models_changed",
        nextStep: expect.stringContaining("scripted:target"),
      });
    });
  }

  it("fails a job whose model has no provider any more, with the remedy", async () => {
    const store = await emptyStore();
    const { id } = await aCreatedJob(await openWorld({ store }));
    const resolveModels = () => {
      throw new AppError("model_not_configured", "Set OPENAI_API_KEY.");
    };
    const world = await openWorld({ store, resolveModels });
    world.jobs.start();
    await ended(world, id);
    expect((await store.getJob(id))?.failure).toMatchObject({
      code: "model_not_configured",
      sentence: "Set OPENAI_API_KEY.",
    });
  });

  it("aborts quietly once the job is somebody else's", async () => {
    const store = await emptyStore();
    const optimise: Optimise = async function* (_input, ports, signal) {
      yield aStep(1);
      await store.claim("job-1", "another worker", 0);
      yield aStep(2);
      await settle();
      await ports.target.call(aRequest("never sent"), signal);
      return { kind: "paused" };
    };
    const world = await openWorld({ store, optimise });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle(100);
    expect(world.lines.map((l) => l.event)).toContain("run_lost");
    expect(world.target.requests).toEqual([]);
    expect(await store.getJob(id)).toMatchObject({ status: "running", lastEventId: 1, fence: 2 });
  });

  it("stops paying at once when a write fails, and goes on when the store is well again", async () => {
    const store = await emptyStore();
    let full = true;
    const filling: Store = {
      ...store,
      append: async (...args) => {
        if (full) throw new AppError("storage_full", "the disk is full");
        return store.append(...args);
      },
    };
    const world = await openWorld({ store: filling });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    expect(world.lines.map((l) => l.event)).toContain("run_interrupted");
    expect(world.sums.get("jobs_running")).toBe(0);
    expect((await store.getJob(id))?.status).toBe("running");
    full = false;
    const watching = ended(world, id);
    await world.clock.advance(5000);
    expect(idsOf(await watching)).toHaveLength(15);
  });
});
