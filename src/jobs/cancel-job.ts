import { AppError } from "../base/errors.ts";
import { isTerminal, sourcesOf } from "../domain/job.ts";
import type { Job } from "../domain/job.ts";
import { noteTransition } from "./note-transition.ts";
import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import { type RunningJobs, RunStopped } from "./running-jobs.ts";
import { etagOf, type UseCases } from "./use-cases.ts";

/** Attempts before a job that keeps changing under us counts as a conflict; each loses only to a real change. */
const MAX_ATTEMPTS = 5;

/**
 * Ends a job in one transaction: `cancelled`, fence + 1 and the terminal event. Its run is aborted after that, so
 * that whatever it still sends to the store is refused; answers already on their way are booked, for they are paid.
 */
export function cancelJob(
  deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">,
  running: Pick<RunningJobs, "stop">,
): UseCases["cancelJob"] {
  return async (caller, jobId, reason, ifMatch) => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
      checkMatch(job, ifMatch);
      if (isTerminal(job.status)) throw notCancelable(job);
      const cancelled = await deps.store.change(jobId, {
        nowMs: deps.clock.now(),
        from: sourcesOf("cancelled"),
        ...(ifMatch === "" ? {} : { ifRevision: job.revision }),
        to: "cancelled",
        requested: null,
        bumpFence: true,
        events: [{ type: "cancelled", data: { reason } }],
      });
      if (cancelled === undefined) continue; // it changed between the read and the write: look again
      running.stop(jobId, new RunStopped("cancelled"));
      deps.metrics.count("events_appended_total", { type: "cancelled" });
      noteTransition(deps, cancelled, {
        from: job.status,
        to: "cancelled",
        reason: "cancelled by the caller",
      });
      return cancelled;
    }
    throw new AppError(
      "precondition_failed",
      `Job ${jobId} keeps changing; read it again and repeat the call.`,
    );
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
