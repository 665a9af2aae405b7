import { AppError } from "../base/errors.ts";
import type { Job } from "../domain/job.ts";
import type { JobChange } from "../storage/store.ts";
import { noteTransition } from "./note-transition.ts";
import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { Caller } from "./use-cases.ts";

/** Attempts before a job that keeps changing under us counts as a conflict; each loses only to a real change. */
const MAX_ATTEMPTS = 5;

/** What a verb does to a job. */
export type OwnChange = Omit<JobChange, "nowMs" | "from"> & {
  /** Why the status moves, for the log. */
  readonly reason: string;
};

/**
 * Changes a job of the caller in one transaction, as `decide` says of the job as it stands; undefined leaves it alone,
 * a throw refuses. Where the job has changed in between it is looked at again. Gives the job after it.
 */
export async function changeOwnJob(
  deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">,
  caller: Caller,
  jobId: string,
  decide: (job: Job) => OwnChange | undefined,
): Promise<Job> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    const decided = decide(job);
    if (decided === undefined) return job;
    const { reason, ...change } = decided;
    const changed = await deps.store.change(jobId, {
      nowMs: deps.clock.now(),
      from: [job.status],
      ...change,
    });
    if (changed === undefined) continue;
    for (const { type } of change.events) deps.metrics.count("events_appended_total", { type });
    if (change.to !== undefined) noteTransition(deps, changed, { from: job.status, to: change.to, reason });
    return changed;
  }
  throw new AppError(
    "precondition_failed",
    `Job ${jobId} keeps changing; read it again and repeat the call.`,
  );
}

/** A request for what the intents of a job rule out for now. `sentence` follows the job's name and holds the remedy. */
export function invalidState(job: Job, sentence: string): AppError {
  return new AppError("invalid_state", `Job ${job.id} ${sentence}`, {
    metadata: { job_id: job.id, status: job.status },
  });
}
