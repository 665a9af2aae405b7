import type { Job } from "../domain/job.ts";
import type { Spend } from "../domain/spend.ts";
import type { JobsDeps } from "./ports.ts";

/**
 * Brings the spend of a cancelled job up to date with its books, after its run has let go: the one thing a run may
 * still say of a job that is no longer its own. Does nothing for any other job. Never rejects: the books themselves
 * are durable already.
 */
export async function bookSpend(
  { store, clock, log }: Pick<JobsDeps, "store" | "clock" | "log">,
  job: Job,
  spend: Spend,
): Promise<void> {
  try {
    const now = await store.getJob(job.id, { withoutExamples: true });
    if (now?.status !== "cancelled") return;
    await store.change(job.id, {
      nowMs: clock.now(),
      from: ["cancelled"],
      bumpFence: false,
      events: [],
      progress: { ...now.progress, spend },
    });
  } catch (error) {
    log.warn("spend_not_booked", { job_id: job.id }, error);
  }
}
