import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";

/** One job of the caller as it stands. */
export function getJob(deps: Pick<JobsDeps, "store">): UseCases["getJob"] {
  return (caller, jobId) => ownJob(deps.store, caller, jobId);
}
