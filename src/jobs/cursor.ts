import { AppError } from "../base/errors.ts";
import type { Job } from "../domain/job.ts";

/** Refuses a cursor that is no event id of this job: `invalid_cursor`. 0 stands before the first event. */
export function checkCursor(job: Pick<Job, "id" | "lastEventId">, after: number): void {
  if (Number.isSafeInteger(after) && after >= 0 && after <= job.lastEventId) return;
  throw new AppError(
    "invalid_cursor",
    `The cursor must be the id of an event of this job, from 0 (before the first) to ${job.lastEventId} (the last so far).`,
    { metadata: { job_id: job.id, last_event_id: String(job.lastEventId) } },
  );
}
