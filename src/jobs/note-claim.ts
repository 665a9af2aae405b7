import type { Job, JobStatus } from "../domain/job.ts";
import { isSimulated, noteTransition } from "./note-transition.ts";
import type { JobsDeps } from "./ports.ts";

/** Says in the log that a job was claimed; one that was `running` already has lost its worker, and does not move. */
export function noteClaim(deps: Pick<JobsDeps, "log" | "metrics">, job: Job, from: JobStatus): void {
  if (from === "pending") {
    noteTransition(deps, job, { from, to: "running", reason: "claimed" });
    return;
  }
  deps.log.info("job_taken_up", {
    job_id: job.id,
    from,
    to: "running",
    reason: "its worker was gone",
    ...(isSimulated(job) ? { simulated: true } : {}),
  });
}
