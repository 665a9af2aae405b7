import { AppError } from "../base/errors.ts";
import type { Job } from "../domain/job.ts";
import type { JobView, Store } from "../storage/store.ts";
import type { Caller } from "./use-cases.ts";

/** The answer to every question about a job that is not there, or not the caller's: the two can not be told apart. */
export function jobNotFound(jobId: string): AppError {
  return new AppError("not_found", `There is no job ${jobId}.`, { metadata: { job_id: jobId } });
}

/** The caller's own job; `not_found` otherwise. */
export async function ownJob(store: Store, caller: Caller, jobId: string, view?: JobView): Promise<Job> {
  const job = await store.getJob(jobId, view);
  if (job === undefined || job.owner !== caller.owner) throw jobNotFound(jobId);
  return job;
}
