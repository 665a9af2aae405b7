import { AppError } from "../base/errors.ts";
import type { Job, JobStatus } from "../domain/job.ts";
import { jobNotFound, ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import { readLog } from "./read-log.ts";
import type { UseCases } from "./use-cases.ts";

/** The report of a finished job; `invalid_state` for any other, with what to read instead. */
export function getReport(deps: Pick<JobsDeps, "store">): UseCases["getReport"] {
  return async (caller, jobId) => {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    if (job.status !== "finished") throw noReport(job, job.status);
    for await (const { data } of readLog(deps.store, job, "final")) return data;
    throw jobNotFound(jobId); // a finished job has its outcome in the log until both are removed
  };
}

function noReport(job: Job, status: Exclude<JobStatus, "finished">): AppError {
  const sentence = {
    pending: "has not begun; its report is there once it has finished",
    running:
      "is still running; its report is there once it has finished, and until then the job shows the best so far",
    paused:
      "is paused; its report is there once it was resumed and has finished, and until then the job shows the best so far",
    failed: "has failed and has no report; the job itself shows why, and the best prompt it had found",
    cancelled: "was cancelled and has no report; the job itself shows the best prompt it had found",
  }[status];
  return new AppError("invalid_state", `Job ${job.id} ${sentence}.`, {
    metadata: { job_id: job.id, status },
  });
}
