import { describe, expect, it } from "vitest";
import { etagOf } from "../../src/jobs/use-cases.ts";
import { aCreatedJob, ALICE, ended, idsOf, logOf, openWorld, settle } from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A world whose job hangs in its first call. */
async function worldInACall() {
  const reached = deferred<AbortSignal>();
  const reflection = scriptedModel("reflection", (_request, _call, signal) => {
    reached.resolve(signal);
    return untilAborted(signal);
  });
  const world = await openWorld({ reflection });
  world.jobs.start();
  const job = await aCreatedJob(world);
  const signal = await reached.promise;
  await settle();
  return { world, job, signal };
}

describe("cancelling a job", () => {
  it("ends one that waits, with the reason in its log", async () => {
    const world = await openWorld();
    const job = await aCreatedJob(world);
    const cancelled = await world.jobs.useCases.cancelJob(ALICE, job.id, "changed my mind", "");
    expect(cancelled).toMatchObject({ status: "cancelled", fence: 1, lastEventId: 1 });
    expect(await logOf(world.store, job.id)).toMatchObject([
      { id: 1, type: "cancelled", data: { reason: "changed my mind" } },
    ]);
    world.jobs.start();
    await settle();
    expect(world.reflection.requests).toEqual([]);
  });

  it("stops the model call in flight, ends the watchers, and leaves nothing behind the terminal event", async () => {
    const { world, job, signal } = await worldInACall();
    const watching = ended(world, job.id);
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    expect(signal.aborted).toBe(true);
    expect(idsOf(await watching)).toEqual([1, 2]);
    await settle();
    expect((await logOf(world.store, job.id)).map((e) => e.type)).toEqual(["started", "cancelled"]);
    expect(world.sums.get("jobs_running")).toBe(0);
    expect(world.lines.map((l) => l.event)).toContain("run_stopped");
    expect((await world.jobs.useCases.getJob(ALICE, job.id)).progress.spend).toEqual([]);
  });

  it("waits for nobody: not for a call that does not listen, nor for the run", async () => {
    const order: string[] = [];
    const answer = deferred();
    const reached = deferred();
    const reflection = scriptedModel("reflection", async () => {
      reached.resolve();
      await answer.promise;
      order.push("answered");
      return anAnswer("late");
    });
    const world = await openWorld({ reflection });
    world.jobs.start();
    const job = await aCreatedJob(world);
    await reached.promise;
    const watching = ended(world, job.id).then(() => order.push("watchers told"));
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    order.push("cancelled");
    await watching;
    answer.resolve();
    await settle();
    expect(order).toEqual(["cancelled", "watchers told", "answered"]);
  });

  it("shows the best so far of a job that was cancelled", async () => {
    const reached = deferred();
    const reflection = scriptedModel("reflection", (_request, call, signal) => {
      if (call < 3) return anAnswer(`text ${call}`);
      reached.resolve();
      return untilAborted(signal);
    });
    const world = await openWorld({ reflection });
    world.jobs.start();
    const job = await aCreatedJob(world);
    await reached.promise;
    await settle();
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    expect(await world.jobs.useCases.getJob(ALICE, job.id)).toMatchObject({
      status: "cancelled",
      progress: { bestSoFar: { candidateId: "c2", components: { prompt: "text 2" } } },
    });
  });

  it("keeps an answer that came in just then in the books and in the job's spend", async () => {
    const answer = deferred();
    const reached = deferred();
    const reflection = scriptedModel("reflection", async () => {
      reached.resolve();
      await answer.promise;
      return anAnswer("paid");
    });
    const world = await openWorld({ reflection });
    world.jobs.start();
    const job = await aCreatedJob(world);
    await reached.promise;
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    answer.resolve();
    await settle();
    const outcomes: string[] = [];
    for await (const row of world.store.calls(job.id)) outcomes.push(row.outcome);
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]).toContain("paid");
    const { status, progress, lastEventId } = await world.jobs.useCases.getJob(ALICE, job.id);
    expect({ status, lastEventId }).toEqual({ status: "cancelled", lastEventId: 2 });
    expect(progress.spend).toMatchObject([{ role: "reflection", calls: 1 }]);
  });

  it("makes room for the next job", async () => {
    const hanging = scriptedModel("reflection", (_request, call, signal) =>
      call === 1 ? untilAborted(signal) : anAnswer(`text ${call}`),
    );
    const world = await openWorld({ reflection: hanging, limits: { maxRunningJobs: 1 } });
    world.jobs.start();
    const first = await aCreatedJob(world);
    const second = await aCreatedJob(world, { seed: 2 });
    await settle();
    expect((await world.store.getJob(second.id))?.status).toBe("pending");
    await world.jobs.useCases.cancelJob(ALICE, first.id, "", "");
    await ended(world, second.id);
    expect((await world.store.getJob(second.id))?.status).toBe("finished");
  });

  it("refuses a job that has ended", async () => {
    const world = await openWorld();
    const job = await aCreatedJob(world);
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    await expect(world.jobs.useCases.cancelJob(ALICE, job.id, "", "")).rejects.toMatchObject({
      reason: "not_cancelable",
      metadata: { status: "cancelled" },
    });
  });

  it("obeys If-Match: only the revision that was read, or any with *", async () => {
    const world = await openWorld();
    const { cancelJob } = world.jobs.useCases;
    const job = await aCreatedJob(world);
    await expect(cancelJob(ALICE, job.id, "", '"other"')).rejects.toMatchObject({
      reason: "precondition_failed",
      metadata: { etag: etagOf(job) },
    });
    expect((await world.store.getJob(job.id))?.status).toBe("pending");
    expect((await cancelJob(ALICE, job.id, "", etagOf(job))).status).toBe("cancelled");
    const another = await aCreatedJob(world);
    expect((await cancelJob(ALICE, another.id, "", "*")).status).toBe("cancelled");
  });

  it("looks again when the job changes between the read and the write", async () => {
    const world = await openWorld();
    const job = await aCreatedJob(world);
    let misses = 2;
    const store = {
      ...world.store,
      change: async (...args: Parameters<typeof world.store.change>) =>
        misses-- > 0 ? undefined : world.store.change(...args),
    };
    const other = await openWorld({ store });
    expect((await other.jobs.useCases.cancelJob(ALICE, job.id, "", "")).status).toBe("cancelled");
  });

  it("logs the transition once", async () => {
    const world = await openWorld();
    const job = await aCreatedJob(world);
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    const moves = world.lines.filter((l) => l.event === "job_transition").map((l) => l.fields);
    expect(moves).toEqual([
      { job_id: job.id, to: "pending", reason: "created" },
      { job_id: job.id, from: "pending", to: "cancelled", reason: "cancelled by the caller" },
    ]);
    expect(world.sums.get("job_transitions_total to=cancelled")).toBe(1);
  });
});
