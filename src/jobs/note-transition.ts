import type { Job, JobStatus } from "../domain/job.ts";
import type { JobsDeps } from "./ports.ts";

/** A move of a job, for the log. */
export interface Transition {
  /** Absent for a job that was just created. */
  readonly from?: JobStatus;
  readonly to: JobStatus;
  readonly reason: string;
}

/** Whether some model of the job is simulated, so that its scores say nothing about a real one. */
export function isSimulated(job: Pick<Job, "models">): boolean {
  return job.models.some((model) => model.simulated);
}

/** One structured line and one count for every move of a job, after it is durable. */
export function noteTransition(
  deps: Pick<JobsDeps, "log" | "metrics">,
  job: Pick<Job, "id" | "models">,
  { from, to, reason }: Transition,
): void {
  deps.metrics.count("job_transitions_total", { to });
  deps.log.info("job_transition", {
    job_id: job.id,
    ...(from === undefined ? {} : { from }),
    to,
    reason,
    ...(isSimulated(job) ? { simulated: true } : {}),
  });
}
