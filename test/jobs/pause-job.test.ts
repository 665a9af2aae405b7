import { describe, expect, it } from "vitest";
import type { Store } from "../../src/storage/store.ts";
import {
  aCreatedJob,
  ALICE,
  callsRecorded,
  decisionsBesidePauses,
  emptyStore,
  ended,
  logOf,
  openWorld,
  settle,
  untilEvent,
} from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel } from "../support/scripted-model.ts";

/** A job whose second proposal waits for `answer`. */
async function atTheSecondCall(options: { readonly store?: Store; readonly maxRunningJobs?: number } = {}) {
  const reached = deferred();
  const answer = deferred();
  const reflection = scriptedModel("reflection", async (request, call) => {
    if (call === 2) {
      reached.resolve();
      await answer.promise;
    }
    return anAnswer(`reflection: ${request.messages.at(-1)?.content}`);
  });
  const { store, maxRunningJobs = 4 } = options;
  const world = await openWorld({ reflection, limits: { maxRunningJobs }, ...(store && { store }) });
  world.jobs.start();
  const { id } = await aCreatedJob(world);
  await reached.promise;
  return { world, id, answer, ...world.jobs.useCases };
}

/** The log of a job that nobody disturbed. */
async function undisturbed() {
  const world = await openWorld();
  world.jobs.start();
  const { id } = await aCreatedJob(world);
  await ended(world, id);
  return decisionsBesidePauses(await logOf(world.store, id));
}

describe("pausing a job", () => {
  it("shows the wish at once, books what is in flight, and rests with its event and status in one write", async () => {
    const { world, id, answer, pauseJob, getJob } = await atTheSecondCall();
    const asked = await pauseJob(ALICE, id);
    expect(asked).toMatchObject({ status: "running", requested: "pause" });
    answer.resolve();
    const event = await untilEvent(world, id, "paused");
    expect(event.data).toEqual({ by: "caller", reason: "The caller asked for it." });
    const job = await getJob(ALICE, id);
    expect(job).toMatchObject({ status: "paused", lastEventId: event.id, progress: { iteration: 2 } });
    expect(job).not.toHaveProperty("requested");
    expect(world.reflection.requests).toHaveLength(2);
    expect(await callsRecorded(world.store, id)).toBe(6); // two proposals, each one text and two examples
    await world.clock.advance(60_000);
    expect((await getJob(ALICE, id)).status).toBe("paused");
  });

  it("decides after it what would have been decided without it, and pays nothing again", async () => {
    const { world, id, answer, pauseJob, resumeJob } = await atTheSecondCall();
    await pauseJob(ALICE, id);
    answer.resolve();
    const paused = await untilEvent(world, id, "paused");
    const resumed = await resumeJob(ALICE, id);
    expect(resumed).toMatchObject({ status: "pending", lastEventId: paused.id + 1 });
    await ended(world, id);
    const log = await logOf(world.store, id);
    expect(log[paused.id]).toMatchObject({ type: "resumed", data: { by: "caller" } });
    expect(decisionsBesidePauses(log)).toEqual(await undisturbed());
    expect(world.reflection.requests).toHaveLength(3);
  });

  it("pauses a job that waits in one step, and lets it begin when it is resumed", async () => {
    const world = await openWorld();
    const { pauseJob, resumeJob } = world.jobs.useCases;
    const { id } = await aCreatedJob(world);
    expect(await pauseJob(ALICE, id)).toMatchObject({ status: "paused", lastEventId: 1 });
    world.jobs.start();
    await settle();
    expect(world.reflection.requests).toEqual([]);
    await resumeJob(ALICE, id);
    await ended(world, id);
    const log = await logOf(world.store, id);
    expect(log.slice(0, 3).map((e) => e.type)).toEqual(["paused", "resumed", "started"]);
    expect(decisionsBesidePauses(log)).toEqual(await undisturbed());
  });

  it("makes room for the next job", async () => {
    const { world, id, answer, pauseJob } = await atTheSecondCall({ maxRunningJobs: 1 });
    const next = await aCreatedJob(world, { seed: 2 });
    await pauseJob(ALICE, id);
    answer.resolve();
    await ended(world, next.id);
    expect((await world.store.getJob(id))?.status).toBe("paused");
  });

  it("is taken back by a resume that comes before it was made", async () => {
    const { world, id, answer, pauseJob, resumeJob } = await atTheSecondCall();
    await pauseJob(ALICE, id);
    const resumed = await resumeJob(ALICE, id);
    expect(resumed.status).toBe("running");
    expect(resumed).not.toHaveProperty("requested");
    answer.resolve();
    await ended(world, id);
    expect((await logOf(world.store, id)).map((e) => e.type)).not.toContain("paused");
  });

  for (const [verb, stopReason] of [
    ["resumeJob", "iterations"],
    ["stopJob", "stopped"],
  ] as const) {
    it(`gives way to a ${verb} that comes while it is being written`, async () => {
      const store = await emptyStore();
      const gate = deferred();
      const writing = deferred();
      const slow: Store = {
        ...store,
        async append(jobId, fence, write) {
          if (write.status === "paused") {
            writing.resolve();
            await gate.promise;
          }
          return store.append(jobId, fence, write);
        },
      };
      const { world, id, answer, pauseJob, ...useCases } = await atTheSecondCall({ store: slow });
      await pauseJob(ALICE, id);
      answer.resolve();
      await writing.promise;
      await useCases[verb](ALICE, id);
      gate.resolve();
      await ended(world, id);
      expect((await store.getJob(id))?.result?.stopReason).toBe(stopReason);
      expect((await logOf(store, id)).map((e) => e.type)).not.toContain("paused");
      expect(world.reflection.requests).toHaveLength(stopReason === "stopped" ? 2 : 3);
    });
  }

  it("changes nothing the second time, nor does a second resume", async () => {
    const { world, id, answer, pauseJob, resumeJob } = await atTheSecondCall();
    const { revision } = await pauseJob(ALICE, id);
    expect((await pauseJob(ALICE, id)).revision).toBe(revision);
    answer.resolve();
    const { id: eventId } = await untilEvent(world, id, "paused");
    expect(await pauseJob(ALICE, id)).toMatchObject({ status: "paused", lastEventId: eventId });
    await world.jobs.drain(new AbortController().signal);
    const resumed = await resumeJob(ALICE, id);
    expect(await resumeJob(ALICE, id)).toMatchObject({ status: "pending", revision: resumed.revision });
  });

  it("logs and counts the moves", async () => {
    const { world, id, answer, pauseJob, resumeJob } = await atTheSecondCall();
    await pauseJob(ALICE, id);
    answer.resolve();
    await untilEvent(world, id, "paused");
    await resumeJob(ALICE, id);
    await ended(world, id);
    await settle();
    const moves = world.lines.filter((l) => l.event === "job_transition").map((l) => l.fields);
    expect(moves.slice(2, 5)).toEqual([
      { job_id: id, from: "running", to: "paused", reason: "paused by the caller" },
      { job_id: id, from: "paused", to: "pending", reason: "resumed by the caller" },
      { job_id: id, from: "pending", to: "running", reason: "claimed" },
    ]);
    expect(Object.fromEntries(world.sums)).toMatchObject({
      "events_appended_total type=paused": 1,
      "events_appended_total type=resumed": 1,
    });
  });

  for (const verb of ["pauseJob", "resumeJob"] as const) {
    it(`refuses a ${verb} of a job that has ended`, async () => {
      const world = await openWorld();
      const { id } = await aCreatedJob(world);
      await world.jobs.useCases.cancelJob(ALICE, id, "", "");
      await expect(world.jobs.useCases[verb](ALICE, id)).rejects.toMatchObject({
        reason: "invalid_state",
        metadata: { job_id: id, status: "cancelled" },
      });
    });
  }
});
