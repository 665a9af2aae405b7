import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { Store } from "../../src/storage/store.ts";
import { aJob } from "../support/jobs.ts";
import { aCreatedJob, emptyStore, ended, logOf, openWorld, settle } from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

const never = () => new AbortController().signal;

/** A reflection model that hangs until the gate opens, and counts who waits. */
function gated() {
  const gate = deferred();
  const model = scriptedModel("reflection", async (_request, call, signal) => {
    await Promise.race([gate.promise, untilAborted(signal)]);
    return anAnswer(`text ${call}`);
  });
  return { model, open: () => gate.resolve() };
}

describe("handing out jobs", () => {
  it("runs so many at once and the others in the order they came", async () => {
    const { model, open } = gated();
    const world = await openWorld({ reflection: model, limits: { maxRunningJobs: 2 } });
    const jobs = [];
    for (let i = 0; i < 5; i++) {
      jobs.push(await aCreatedJob(world, { seed: i }));
      await world.clock.advance(1);
    }
    world.jobs.start();
    await settle();
    const statuses = await Promise.all(jobs.map(async (j) => (await world.store.getJob(j.id))?.status));
    expect(statuses).toEqual(["running", "running", "pending", "pending", "pending"]);
    expect(world.sums.get("jobs_running")).toBe(2);
    open();
    await Promise.all(jobs.map((j) => ended(world, j.id)));
    const started = world.lines.filter((l) => l.fields.to === "running").map((l) => l.fields.job_id);
    expect(started).toEqual(jobs.map((j) => j.id));
  });

  it("takes up what an earlier process was running before what waits", async () => {
    const store = await emptyStore();
    const world = await openWorld({ store, limits: { maxRunningJobs: 1 } });
    const waiting = await aCreatedJob(world);
    await world.clock.advance(10);
    const orphan = await aCreatedJob(world, { seed: 2 });
    await store.claim(orphan.id, "a worker that is gone", 0);
    world.jobs.start();
    await Promise.all([waiting, orphan].map((j) => ended(world, j.id)));
    const taken = world.lines.filter((l) => l.fields.to === "running").map((l) => [l.event, l.fields.job_id]);
    expect(taken).toEqual([
      ["job_taken_up", orphan.id],
      ["job_transition", waiting.id],
    ]);
  });

  it("tries again when the store could not be asked", async () => {
    const store = await emptyStore();
    let down = true;
    const flaky: Store = {
      ...store,
      jobIds: async (...args) => {
        if (down) throw new AppError("storage_unavailable", "away");
        return store.jobIds(...args);
      },
    };
    const world = await openWorld({ store: flaky });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    expect(world.lines.map((l) => l.event)).toContain("dispatch_failed");
    down = false;
    await world.clock.advance(5000);
    await ended(world, id);
    expect((await store.getJob(id))?.status).toBe("finished");
  });

  it("begins nothing before it is started", async () => {
    const world = await openWorld();
    const { id } = await aCreatedJob(world);
    await settle();
    expect((await world.store.getJob(id))?.status).toBe("pending");
  });
});

describe("draining", () => {
  it("stops the runs without a terminal event; the next start takes them up", async () => {
    const { model } = gated();
    const store = await emptyStore();
    const world = await openWorld({ store, reflection: model });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    await world.jobs.drain(never());
    expect((await logOf(store, id)).map((e) => e.type)).toEqual(["started"]);
    expect((await store.getJob(id))?.status).toBe("running");
    expect(world.sums.get("jobs_running")).toBe(0);
    expect(world.clock.sleepers()).toEqual([]);

    const next = await openWorld({ store });
    next.jobs.start();
    await ended(next, id);
    expect((await logOf(store, id)).map((e) => e.id)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  it("claims nothing any more", async () => {
    const world = await openWorld();
    world.jobs.start();
    await world.jobs.drain(never());
    const { id } = await aCreatedJob(world);
    await world.clock.advance(10_000);
    expect((await world.store.getJob(id))?.status).toBe("pending");
  });

  it("stops a run that a claim under way still begins", async () => {
    const store = await emptyStore();
    await store.createJob({ job: aJob("job-a"), maxOpenJobsPerOwner: 10 });
    const claiming = deferred();
    const go = deferred();
    const slow: Store = {
      ...store,
      claim: async (...args) => {
        claiming.resolve();
        await go.promise;
        return store.claim(...args);
      },
    };
    const { model } = gated();
    const world = await openWorld({ store: slow, reflection: model });
    world.jobs.start();
    await claiming.promise;
    const drained = world.jobs.drain(never());
    go.resolve();
    await drained;
    expect(world.sums.get("jobs_running")).toBe(0);
  });

  it("waits for the last writes, but no longer than its signal allows", async () => {
    const store = await emptyStore();
    const stuck: Store = { ...store, append: () => new Promise(() => undefined) };
    const world = await openWorld({ store: stuck });
    world.jobs.start();
    await aCreatedJob(world);
    await settle();
    const deadline = new AbortController();
    const drained = world.jobs.drain(deadline.signal);
    deadline.abort(new Error("time is up"));
    await expect(drained).rejects.toThrow("time is up");
  });
});
