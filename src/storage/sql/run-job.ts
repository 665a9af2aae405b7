import { isTerminal, type Job, type JobStatus, transition } from "../../domain/job.ts";
import type { JobEvent } from "../../domain/event.ts";
import type { Tx } from "../driver.ts";
import { FencedError, type RunWrite, WithdrawnError } from "../store.ts";
import { bindings } from "./bindings.ts";
import { putDocuments } from "./documents.ts";
import { insertEvents } from "./events.ts";
import { getJob } from "./jobs.ts";

/** Running ones too: their worker may have died. Whether it has is the dispatcher's to know. */
const CLAIMABLE: readonly JobStatus[] = ["pending", "running"];

/** Takes a job for a worker; whoever had it before can write no more. */
export async function claim(tx: Tx, jobId: string, worker: string, nowMs: number): Promise<Job | undefined> {
  const b = bindings();
  const changed = await tx.run(
    `UPDATE jobs SET status = 'running', fence = fence + 1, revision = revision + 1, worker = ${b.add(worker)},
       started_at = COALESCE(started_at, ${b.add(nowMs)}), updated_at = ${b.add(nowMs)}
     WHERE id = ${b.add(jobId)} AND status IN (${b.list(CLAIMABLE)})`,
    b.values,
  );
  return changed === 0 ? undefined : getJob(tx, jobId, {});
}

/**
 * The one rule of every run's write: its first statement moves the job's counters where id and fence match and the job
 * is running. That row is locked until the commit, so there is one writer and the numbers have no gap; no row means
 * that the job has another owner, and nothing is written. A pause is the caller's to take back until it is recorded:
 * one that is no longer requested is not made either.
 */
export async function append(
  tx: Tx,
  jobId: string,
  fence: number,
  write: RunWrite,
): Promise<readonly JobEvent[]> {
  const status = write.status === undefined ? "running" : transition("running", write.status);
  const [row] = await tx.all(
    `UPDATE jobs SET last_event_id = last_event_id + $3, engine_ordinal = $4, revision = revision + 1,
       updated_at = $5, status = $6, ended_at = $7, requested = CASE WHEN $6 = 'running' THEN requested END
     WHERE id = $1 AND fence = $2 AND status = 'running' AND ($6 <> 'paused' OR requested = 'pause')
     RETURNING last_event_id`,
    [
      jobId,
      fence,
      write.events.length,
      write.engineOrdinal,
      write.nowMs,
      status,
      isTerminal(status) ? write.nowMs : null,
    ],
  );
  if (row === undefined) throw await refusal(tx, jobId, fence);
  const { progress, checkpoint, result, failure } = write;
  await putDocuments(tx, jobId, {
    ...(progress !== undefined && { progress }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(result !== undefined && { result }),
    ...(failure !== undefined && { failure }),
  });
  return insertEvents(tx, jobId, Number(row.last_event_id), write.nowMs, write.events);
}

async function refusal(tx: Tx, jobId: string, fence: number): Promise<Error> {
  const own = await tx.all("SELECT 1 AS own FROM jobs WHERE id = $1 AND fence = $2 AND status = 'running'", [
    jobId,
    fence,
  ]);
  return own.length > 0 ? new WithdrawnError(jobId) : new FencedError(jobId);
}
