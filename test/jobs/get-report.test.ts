import { describe, expect, it } from "vitest";
import type { Job, JobStatus } from "../../src/domain/job.ts";
import { getReport } from "../../src/jobs/get-report.ts";
import type { Store } from "../../src/storage/store.ts";
import { FULL_EVENTS } from "../support/full-events.ts";
import { ALICE, BOB, emptyStore } from "../support/job-world.ts";
import { aJob, aWrite } from "../support/jobs.ts";

async function finishedJob(): Promise<Store> {
  const store = await emptyStore();
  await store.createJob({ job: aJob("job-1"), maxOpenJobsPerOwner: 100 });
  const job = await store.claim("job-1", "worker-1", 0);
  const events = [
    { type: "final", data: FULL_EVENTS.final },
    { type: "finished", data: FULL_EVENTS.finished },
  ] as const;
  await store.append("job-1", job?.fence ?? 0, aWrite(events, { status: "finished" }));
  return store;
}

/** A store that holds one job, in this state, and no events. */
const holding = (job: Job) => ({ getJob: async () => job, events: async () => [] }) as unknown as Store;

describe("the report", () => {
  it("of a finished job is its outcome as it was recorded: champion, report and artifacts", async () => {
    const store = await finishedJob();
    expect(await getReport({ store })(ALICE, "job-1")).toEqual(FULL_EVENTS.final);
  });

  const without: readonly (readonly [status: JobStatus, what: RegExp])[] = [
    ["pending", /has not begun; its report is there once it has finished\.$/],
    ["running", /still running; its report is there once it has finished, .* shows the best so far\.$/],
    ["paused", /paused; its report is there once it was resumed and has finished/],
    ["failed", /has failed and has no report; the job itself shows why, and the best prompt/],
    ["cancelled", /was cancelled and has no report; the job itself shows the best prompt/],
  ];
  for (const [status, message] of without) {
    it(`of a ${status} job is refused with what to do instead`, async () => {
      const store = holding(aJob("job-1", { status }));
      await expect(getReport({ store })(ALICE, "job-1")).rejects.toMatchObject({
        reason: "invalid_state",
        message: expect.stringMatching(message),
        metadata: { job_id: "job-1", status },
      });
    });
  }

  it("is not found in a job of somebody else, in none, and in one that is removed just now", async () => {
    const store = await finishedJob();
    await expect(getReport({ store })(BOB, "job-1")).rejects.toMatchObject({ reason: "not_found" });
    await expect(getReport({ store })(ALICE, "job-9")).rejects.toMatchObject({ reason: "not_found" });
    const removed = holding(aJob("job-1", { status: "finished", lastEventId: 9 }));
    await expect(getReport({ store: removed })(ALICE, "job-1")).rejects.toMatchObject({
      reason: "not_found",
    });
  });
});
