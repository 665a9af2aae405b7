import { isTerminal, type Job } from "../domain/job.ts";
import { changeOwnJob, invalidState, type OwnChange } from "./change-own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";

/**
 * Lets a paused job go on, with the event of it in the same transaction; a pause that was asked for and not made yet is
 * taken back. A job that is not paused stays as it is. `invalid_state` where the job has ended.
 */
export function resumeJob(
  deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">,
  wake: () => void,
): UseCases["resumeJob"] {
  return async (caller, jobId) => {
    const job = await changeOwnJob(deps, caller, jobId, decide);
    if (job.status === "pending") wake();
    return job;
  };
}

function decide(job: Job): OwnChange | undefined {
  if (isTerminal(job.status)) {
    throw invalidState(job, `is ${job.status}; it can not go on. Fork it to search on from what it found.`);
  }
  const reason = "resumed by the caller";
  if (job.status === "paused") {
    return {
      to: "pending",
      bumpFence: false,
      events: [{ type: "resumed", data: { by: "caller" } }],
      reason,
    };
  }
  if (job.requested !== "pause") return undefined;
  return { requested: null, ifRequested: "pause", bumpFence: false, events: [], reason };
}
