import { AppError } from "../base/errors.ts";
import { isTerminal } from "../domain/job.ts";
import { jobNotFound, ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";
import type { WatchHub } from "./watch-hub.ts";

/** Removes an ended job for good. One that may still change is refused: `invalid_state`. */
export function deleteJob(
  deps: Pick<JobsDeps, "store" | "log">,
  hub: Pick<WatchHub, "poke">,
): UseCases["deleteJob"] {
  return async (caller, jobId) => {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    if (!isTerminal(job.status)) {
      throw new AppError("invalid_state", `Job ${jobId} is ${job.status}; cancel it before removing it.`, {
        metadata: { job_id: jobId, status: job.status },
      });
    }
    if (!(await deps.store.deleteJob(jobId))) throw jobNotFound(jobId); // somebody else was faster
    hub.poke(jobId); // whoever still reads its log finds out now, not at the next poll
    deps.log.info("job_deleted", { job_id: jobId, from: job.status });
  };
}
