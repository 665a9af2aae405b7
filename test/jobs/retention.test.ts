import { describe, expect, it } from "vitest";
import type { Store } from "../../src/storage/store.ts";
import {
  aCreatedJob,
  ALICE,
  emptyStore,
  ended,
  logOf,
  openWorld,
  readAll,
  settle,
} from "../support/job-world.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const FIRST = { pageSize: 0, pageToken: "" };

/** A world that keeps jobs and logs so long, with one job that has just finished. */
async function withFinishedJob(
  limits: { jobRetentionMs?: number; eventRetentionMs?: number },
  store?: Store,
) {
  const world = await openWorld({ limits, ...(store && { store }) });
  world.jobs.start();
  const { id } = await aCreatedJob(world);
  await ended(world, id);
  await settle();
  return { world, id, ...world.jobs.useCases };
}

describe("an ended job", () => {
  it("is kept for ever where nothing is said", async () => {
    const { world, id } = await withFinishedJob({});
    await world.clock.advance(3 * HOUR_MS);
    expect(await logOf(world.store, id)).toHaveLength(15);
  });

  it("is removed with all it left once its time is over, and its watchers are told", async () => {
    const { world, id, getJob } = await withFinishedJob({ jobRetentionMs: 2.5 * HOUR_MS });
    await world.clock.advance(2 * HOUR_MS);
    expect((await getJob(ALICE, id)).status).toBe("finished");
    await world.clock.advance(HOUR_MS);
    await expect(getJob(ALICE, id)).rejects.toMatchObject({ reason: "not_found" });
    expect(await logOf(world.store, id)).toEqual([]);
    expect(world.lines).toContainEqual({
      level: "info",
      event: "job_deleted",
      fields: { job_id: id, reason: "its retention is over" },
    });
  });

  it("keeps its result, its report and the end of its log when the rest of that goes", async () => {
    const { world, id, getJob, getReport } = await withFinishedJob({ eventRetentionMs: HOUR_MS / 2 });
    const before = await getJob(ALICE, id);
    const report = await getReport(ALICE, id);
    await world.clock.advance(HOUR_MS);
    expect((await logOf(world.store, id)).map((e) => [e.id, e.type])).toEqual([
      [14, "final"],
      [15, "finished"],
    ]);
    expect(await getJob(ALICE, id)).toEqual(before);
    expect(await getReport(ALICE, id)).toEqual(report);
  });

  it("tells readers of its log what is gone, never skips it in silence", async () => {
    const { world, id, watchJob, listEvents } = await withFinishedJob({ eventRetentionMs: HOUR_MS / 2 });
    await world.clock.advance(HOUR_MS);
    const [, ...items] = await readAll(watchJob(ALICE, id, 0, never));
    expect(items).toMatchObject([
      { kind: "truncated", jobId: id, firstAvailable: 14 },
      { kind: "event", event: { id: 14 } },
      { kind: "event", event: { id: 15 } },
    ]);
    const gone = { truncated: { kind: "truncated", firstAvailable: 14 } };
    expect(await listEvents(ALICE, id, FIRST, 3, [])).toMatchObject({
      ...gone,
      items: [{ id: 14 }, { id: 15 }],
    });
    expect(await listEvents(ALICE, id, FIRST, 0, ["judge"])).toMatchObject({ ...gone, items: [] });
    expect(await listEvents(ALICE, id, FIRST, 13, [])).not.toHaveProperty("truncated");
  });

  it("can be forked without its log, but from no candidate that stood there alone", async () => {
    const { world, id, forkJob } = await withFinishedJob({ eventRetentionMs: HOUR_MS / 2 });
    await world.clock.advance(HOUR_MS);
    const fork = { jobId: id, config: { operators: {} }, budget: {}, fingerprint: "f" };
    expect((await forkJob(ALICE, fork)).job.spec.components.prompt).toBe("reflection: improve 3");
    await expect(forkJob(ALICE, { ...fork, candidateId: "c1" })).rejects.toMatchObject({
      reason: "not_found",
    });
  });

  it("is looked for at the start, and again after a look that failed", async () => {
    const store = await emptyStore();
    const first = await withFinishedJob({}, store);
    await first.world.jobs.drain(never);
    let isDown = true;
    const flaky: Store = {
      ...store,
      endedJobs: async (query) => {
        if (isDown) throw new Error("down");
        return store.endedJobs(query);
      },
    };
    const clock = first.world.clock;
    await clock.advance(5 * HOUR_MS);
    const world = await openWorld({ store: flaky, clock, limits: { jobRetentionMs: HOUR_MS } });
    world.jobs.start();
    await settle();
    expect(world.lines.map((l) => l.event)).toContain("retention_failed");
    isDown = false;
    await clock.advance(HOUR_MS);
    expect(await store.getJob(first.id)).toBeUndefined();
  });
});
