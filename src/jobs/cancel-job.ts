import { AppError } from "../base/errors.ts";
import { isTerminal } from "../domain/job.ts";
import type { Job } from "../domain/job.ts";
import { changeOwnJob } from "./change-own-job.ts";
import type { JobsDeps } from "./ports.ts";
import { type RunningJobs, RunStopped } from "./running-jobs.ts";
import { etagOf, type UseCases } from "./use-cases.ts";

/**
 * Ends a job in one transaction: `cancelled`, fence + 1 and the terminal event. Its run is aborted after that, so
 * that whatever it still sends to the store is refused; answers already on their way are booked, for they are paid.
 */
export function cancelJob(
  deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">,
  running: Pick<RunningJobs, "stop">,
): UseCases["cancelJob"] {
  return async (caller, jobId, reason, ifMatch) => {
    const cancelled = await changeOwnJob(deps, caller, jobId, (job) => {
      checkMatch(job, ifMatch);
      if (isTerminal(job.status)) throw notCancelable(job);
      return {
        ...(ifMatch === "" ? {} : { ifRevision: job.revision }),
        to: "cancelled",
        requested: null,
        bumpFence: true,
        events: [{ type: "cancelled", data: { reason } }],
        reason: "cancelled by the caller",
      };
    });
    running.stop(jobId, new RunStopped("cancelled"));
    return cancelled;
  };
}

function checkMatch(job: Job, ifMatch: string): void {
  if (ifMatch === "" || ifMatch === "*" || ifMatch === etagOf(job)) return;
  throw new AppError(
    "precondition_failed",
    `Job ${job.id} has changed since it was read; its etag is now ${etagOf(job)}.`,
    { metadata: { job_id: job.id, etag: etagOf(job) } },
  );
}

function notCancelable(job: Job): AppError {
  return new AppError("not_cancelable", `Job ${job.id} is ${job.status} already and can not be cancelled.`, {
    metadata: { job_id: job.id, status: job.status },
  });
}
