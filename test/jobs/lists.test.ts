import { describe, expect, it } from "vitest";
import type { EventType } from "../../src/domain/event.ts";
import { pageSize } from "../../src/jobs/page-token.ts";
import { aCreatedJob, ALICE, BOB, ended, openWorld } from "../support/job-world.ts";

const FIRST = { pageSize: 0, pageToken: "" };

async function worldWithJobs(count: number) {
  const world = await openWorld();
  for (let i = 0; i < count; i++) {
    await aCreatedJob(world);
    await world.clock.advance(1);
  }
  return world;
}

async function worldWithLog() {
  const world = await openWorld();
  world.jobs.start();
  const job = await aCreatedJob(world);
  await ended(world, job.id);
  const list = (pageSize: number, pageToken = "", after = 0, types: EventType[] = []) =>
    world.jobs.useCases.listEvents(ALICE, job.id, { pageSize, pageToken }, after, types);
  return { world, job, list };
}

describe("listing jobs", () => {
  it("gives the newest first, page by page, each once and without its examples", async () => {
    const { jobs } = await worldWithJobs(5);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await jobs.useCases.listJobs(ALICE, { pageSize: 2, pageToken });
      seen.push(...page.items.map((job) => job.id));
      expect(page.items.flatMap((job) => job.spec.examples)).toEqual([]);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(["job-5", "job-4", "job-3", "job-2", "job-1"]);
  });

  it("gives 50 where no size is said and 500 at most", async () => {
    const { jobs } = await worldWithJobs(52);
    expect((await jobs.useCases.listJobs(ALICE, FIRST)).items).toHaveLength(50);
    expect(pageSize(9999, 50, 500)).toBe(500);
  });

  it("gives only jobs of a status where one is asked for", async () => {
    const { jobs } = await worldWithJobs(3);
    await jobs.useCases.cancelJob(ALICE, "job-2", "", "");
    const { items } = await jobs.useCases.listJobs(ALICE, FIRST, "cancelled");
    expect(items.map((job) => job.id)).toEqual(["job-2"]);
  });

  it("refuses a token of another list, and what is no token", async () => {
    const { jobs } = await worldWithJobs(3);
    const { nextPageToken } = await jobs.useCases.listJobs(ALICE, { pageSize: 1, pageToken: "" });
    const refused = { reason: "validation_error", violations: [{ field: "page_token" }] };
    const page = { pageSize: 1, pageToken: nextPageToken };
    await expect(jobs.useCases.listJobs(ALICE, page, "pending")).rejects.toMatchObject(refused);
    await expect(jobs.useCases.listJobs(BOB, page)).rejects.toMatchObject(refused);
    for (const pageToken of ["x", "!!", "bnVsbA", "W10", "WzEsMl0"]) {
      await expect(jobs.useCases.listJobs(ALICE, { pageSize: 1, pageToken })).rejects.toMatchObject(refused);
    }
  });
});

describe("listing events", () => {
  it("gives the same log as a watch, page by page", async () => {
    const { list } = await worldWithLog();
    const first = await list(10);
    const second = await list(10, first.nextPageToken);
    expect([...first.items, ...second.items].map((e) => e.id)).toEqual(
      Array.from({ length: 15 }, (_, i) => i + 1),
    );
    expect(second.nextPageToken).toBe("");
  });

  it("begins after the cursor and gives only the types asked for", async () => {
    const { list } = await worldWithLog();
    const page = await list(2, "", 5, ["generate", "finished"]);
    expect(page.items.map((e) => [e.id, e.type])).toEqual([
      [6, "generate"],
      [10, "generate"],
    ]);
    const rest = await list(2, page.nextPageToken, 5, ["generate", "finished"]);
    expect(rest).toMatchObject({ items: [{ id: 15, type: "finished" }], nextPageToken: "" });
  });

  it("refuses a cursor beyond the head and a token of another list", async () => {
    const { list } = await worldWithLog();
    await expect(list(2, "", 16)).rejects.toMatchObject({ reason: "invalid_cursor" });
    const { nextPageToken } = await list(2);
    await expect(list(2, nextPageToken, 1)).rejects.toMatchObject({ violations: [{ field: "page_token" }] });
  });
});

describe("deleting a job", () => {
  it("removes one that has ended, with its log", async () => {
    const { world, job } = await worldWithLog();
    await world.jobs.useCases.deleteJob(ALICE, job.id);
    await expect(world.jobs.useCases.getJob(ALICE, job.id)).rejects.toMatchObject({ reason: "not_found" });
    expect(await world.store.events(job.id, 0, 10)).toEqual([]);
    await expect(world.jobs.useCases.deleteJob(ALICE, job.id)).rejects.toMatchObject({ reason: "not_found" });
  });

  it("refuses one that may still change", async () => {
    const world = await openWorld();
    const job = await aCreatedJob(world);
    await expect(world.jobs.useCases.deleteJob(ALICE, job.id)).rejects.toMatchObject({
      reason: "invalid_state",
      metadata: { status: "pending" },
    });
  });
});
