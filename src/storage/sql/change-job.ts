import { isTerminal, type Job, sourcesOf } from "../../domain/job.ts";
import type { Tx } from "../driver.ts";
import type { JobChange } from "../store.ts";
import { bindings } from "./bindings.ts";
import { putDocuments } from "./documents.ts";
import { insertEvents } from "./events.ts";
import { getJob } from "./jobs.ts";

/**
 * Changes a job from outside its run, as compare-and-set on the status: a move that the job's life does not know is
 * never made, even where `from` names it. Ending a job ends what was requested of it.
 */
export async function changeJob(tx: Tx, jobId: string, change: JobChange): Promise<Job | undefined> {
  const { to, nowMs } = change;
  const from = to === undefined ? change.from : change.from.filter((s) => sourcesOf(to).includes(s));
  if (from.length === 0) return undefined;
  const b = bindings();
  const set = [
    "revision = revision + 1",
    `updated_at = ${b.add(nowMs)}`,
    `last_event_id = last_event_id + ${b.add(change.events.length)}`,
  ];
  if (change.bumpFence) set.push("fence = fence + 1");
  if (to !== undefined) set.push(`status = ${b.add(to)}`);
  if (to !== undefined && isTerminal(to)) set.push(`ended_at = ${b.add(nowMs)}`, "requested = NULL");
  else if (change.requested !== undefined) set.push(`requested = ${b.add(change.requested)}`);
  const where = [`id = ${b.add(jobId)}`, `status IN (${b.list(from)})`];
  if (change.ifRevision !== undefined) where.push(`revision = ${b.add(change.ifRevision)}`);
  if (change.ifRequested === null) where.push("requested IS NULL");
  else if (change.ifRequested !== undefined) where.push(`requested = ${b.add(change.ifRequested)}`);
  const [row] = await tx.all(
    `UPDATE jobs SET ${set.join(", ")} WHERE ${where.join(" AND ")} RETURNING last_event_id`,
    b.values,
  );
  if (row === undefined) return undefined;
  const { failure, progress } = change;
  await putDocuments(tx, jobId, {
    ...(failure !== undefined && { failure }),
    ...(progress !== undefined && { progress }),
  });
  await insertEvents(tx, jobId, Number(row.last_event_id), nowMs, change.events);
  return getJob(tx, jobId, {});
}
