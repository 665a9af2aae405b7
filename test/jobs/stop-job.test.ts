import { describe, expect, it } from "vitest";
import { aCreatedJob, ALICE, emptyStore, ended, logOf, openWorld, untilEvent } from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A job whose second proposal waits for `answer`. */
async function atTheSecondCall() {
  const reached = deferred();
  const answer = deferred();
  const reflection = scriptedModel("reflection", async (_request, call) => {
    if (call === 2) {
      reached.resolve();
      await answer.promise;
    }
    return anAnswer(`text ${call}`);
  });
  const world = await openWorld({ reflection });
  world.jobs.start();
  const { id } = await aCreatedJob(world);
  await reached.promise;
  return { world, id, answer, ...world.jobs.useCases };
}

describe("stopping a job", () => {
  it("shows the wish at once; the run obeys at its next commit and reports the best", async () => {
    const { world, id, answer, stopJob, getJob } = await atTheSecondCall();
    const before = await getJob(ALICE, id);
    const asked = await stopJob(ALICE, id);
    expect(asked).toMatchObject({ status: "running", requested: "stop", revision: before.revision + 1 });
    answer.resolve();
    await ended(world, id);
    const job = await getJob(ALICE, id);
    expect(job).toMatchObject({
      status: "finished",
      result: { stopReason: "stopped", champion: { candidateId: "c2" } },
    });
    expect(job).not.toHaveProperty("requested");
    const types = (await logOf(world.store, id)).map((e) => e.type);
    expect(types.slice(-3)).toEqual(["early_stop", "final", "finished"]);
  });

  it("changes nothing the second time, before and after the end", async () => {
    const { world, id, answer, stopJob } = await atTheSecondCall();
    const { revision } = await stopJob(ALICE, id);
    expect(await stopJob(ALICE, id)).toMatchObject({ status: "running", requested: "stop", revision });
    answer.resolve();
    await ended(world, id);
    const finished = await world.store.getJob(id);
    expect(await stopJob(ALICE, id)).toMatchObject({ status: "finished", revision: finished?.revision });
  });

  it("takes the place of a pause that was asked for", async () => {
    const { world, id, answer, stopJob, pauseJob } = await atTheSecondCall();
    await pauseJob(ALICE, id);
    expect((await stopJob(ALICE, id)).requested).toBe("stop");
    await expect(pauseJob(ALICE, id)).rejects.toMatchObject({ reason: "invalid_state" });
    answer.resolve();
    await ended(world, id);
    expect((await world.store.getJob(id))?.result?.stopReason).toBe("stopped");
  });

  it("hands a paused job to a worker at once, to be concluded", async () => {
    const { world, id, answer, stopJob, pauseJob } = await atTheSecondCall();
    await pauseJob(ALICE, id);
    answer.resolve();
    const paused = await untilEvent(world, id, "paused");
    const asked = await stopJob(ALICE, id);
    expect(asked).toMatchObject({ status: "pending", requested: "stop", lastEventId: paused.id + 1 });
    await ended(world, id);
    const rest = (await world.store.events(id, paused.id, 9)).map((e) => e.type);
    expect(rest).toEqual(["resumed", "early_stop", "final", "finished"]);
    expect((await world.store.getJob(id))?.result).toMatchObject({ stopReason: "stopped" });
  });

  it("is not forgotten by a worker that dies", async () => {
    const store = await emptyStore();
    const reached = deferred();
    const reflection = scriptedModel("reflection", (_request, call, signal) => {
      if (call === 1) return anAnswer("text 1");
      reached.resolve();
      return untilAborted(signal);
    });
    const first = await openWorld({ store, reflection });
    first.jobs.start();
    const { id } = await aCreatedJob(first);
    await reached.promise;
    await first.jobs.useCases.stopJob(ALICE, id);
    await first.jobs.drain(new AbortController().signal);
    const second = await openWorld({ store });
    second.jobs.start();
    await ended(second, id);
    expect((await store.getJob(id))?.result?.stopReason).toBe("stopped");
  });

  it("refuses a job that never ran, which has nothing to report, and says what to do", async () => {
    const world = await openWorld();
    const { stopJob, pauseJob } = world.jobs.useCases;
    for (const isPaused of [false, true]) {
      const { id } = await aCreatedJob(world);
      if (isPaused) await pauseJob(ALICE, id);
      await expect(stopJob(ALICE, id)).rejects.toMatchObject({
        reason: "invalid_state",
        message: expect.stringContaining("cancel it"),
        metadata: { status: isPaused ? "paused" : "pending" },
      });
    }
  });

  it("refuses a job that has ended in another way", async () => {
    const world = await openWorld();
    const { stopJob, cancelJob } = world.jobs.useCases;
    const cancelled = await aCreatedJob(world);
    await cancelJob(ALICE, cancelled.id, "", "");
    await expect(stopJob(ALICE, cancelled.id)).rejects.toMatchObject({ reason: "invalid_state" });
    world.jobs.start();
    const finished = await aCreatedJob(world);
    await ended(world, finished.id);
    await expect(stopJob(ALICE, finished.id)).rejects.toMatchObject({
      reason: "invalid_state",
      metadata: { job_id: finished.id, status: "finished" },
    });
  });
});
