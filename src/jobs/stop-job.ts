import { isTerminal, type Job } from "../domain/job.ts";
import { changeOwnJob, invalidState, type OwnChange } from "./change-own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";

/**
 * Asks a job to end with the best it has found. Its run does so at its next commit: it starts nothing new, validates
 * and tests what it has, and finishes with `stop_reason` "stopped". A paused job is handed to a worker for that. Asking
 * again changes nothing. `invalid_state` where there is nothing to report, or the job has ended in another way.
 */
export function stopJob(
  deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">,
  wake: () => void,
): UseCases["stopJob"] {
  return async (caller, jobId) => {
    const job = await changeOwnJob(deps, caller, jobId, decide);
    if (job.status === "pending") wake();
    return job;
  };
}

function decide(job: Job): OwnChange | undefined {
  if (job.requested === "stop" || job.result?.stopReason === "stopped") return undefined;
  if (isTerminal(job.status)) throw invalidState(job, `is ${job.status} already; there is nothing to stop.`);
  if (job.startedAt === undefined) {
    throw invalidState(job, "has not begun, so that it has nothing to report; cancel it instead.");
  }
  const intent = {
    requested: "stop",
    ifRequested: job.requested ?? null,
    bumpFence: false,
    reason: "stopped by the caller",
  } as const;
  if (job.status !== "paused") return { ...intent, events: [] };
  return { ...intent, to: "pending", events: [{ type: "resumed", data: { by: "caller" } }] };
}
