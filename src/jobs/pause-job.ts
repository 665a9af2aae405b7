import type { EventBody } from "../domain/event.ts";
import { isTerminal, type Job } from "../domain/job.ts";
import { changeOwnJob, invalidState, type OwnChange } from "./change-own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { UseCases } from "./use-cases.ts";

/** The event of a pause that a caller asked for. */
export const PAUSED_BY_CALLER: EventBody = {
  type: "paused",
  data: { by: "caller", reason: "The caller asked for it." },
};

/**
 * Asks a job to rest. One that waits is paused at once; a run obeys at its next commit, when the calls it has in flight
 * are answered and booked. Asking again changes nothing. `invalid_state` where the job has ended or is being stopped.
 */
export function pauseJob(deps: Pick<JobsDeps, "store" | "clock" | "log" | "metrics">): UseCases["pauseJob"] {
  return (caller, jobId) => changeOwnJob(deps, caller, jobId, decide);
}

function decide(job: Job): OwnChange | undefined {
  if (job.status === "paused" || job.requested === "pause") return undefined;
  if (isTerminal(job.status)) throw invalidState(job, `is ${job.status} already; there is nothing to pause.`);
  if (job.requested === "stop") {
    throw invalidState(job, "is being stopped; wait for its end, or cancel it.");
  }
  const asked = { ifRequested: null, bumpFence: false, reason: "paused by the caller" } as const;
  if (job.status === "running") return { ...asked, requested: "pause", events: [] };
  return { ...asked, to: "paused", events: [PAUSED_BY_CALLER] };
}
