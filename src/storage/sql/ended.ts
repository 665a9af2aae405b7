import { isTerminal, JOB_STATUSES } from "../../domain/job.ts";
import type { Queries, Tx } from "../driver.ts";
import type { EndedQuery } from "../store.ts";
import { bindings } from "./bindings.ts";

/** Statuses of jobs that will never change again. */
export const ENDED_STATUSES = JOB_STATUSES.filter(isTerminal);

/** Ended jobs whose time may be over. The rows are small and the question is rare: it needs no index of its own. */
export async function endedJobs(q: Queries, query: EndedQuery): Promise<readonly string[]> {
  const b = bindings();
  const where = [`j.status IN (${b.list(ENDED_STATUSES)})`, `j.ended_at < ${b.add(query.endedBefore)}`];
  if (query.withMoreEventsThan !== undefined) {
    const kept = b.add(query.withMoreEventsThan);
    where.push(
      `EXISTS (SELECT 1 FROM events e WHERE e.job_id = j.id AND e.id <= j.last_event_id - CAST(${kept} AS BIGINT))`,
    );
  }
  const rows = await q.all(
    `SELECT j.id FROM jobs j WHERE ${where.join(" AND ")} ORDER BY j.ended_at, j.id LIMIT ${b.add(query.limit)}`,
    b.values,
  );
  return rows.map((row) => String(row.id));
}

/** Drops an ended job's events but the last `keep`; the job's counters stay, so that the ids do. */
export function truncateEvents(tx: Tx, jobId: string, keep: number): Promise<number> {
  const b = bindings();
  return tx.run(
    `DELETE FROM events WHERE job_id = ${b.add(jobId)} AND id <= (
       SELECT last_event_id - CAST(${b.add(keep)} AS BIGINT) FROM jobs
       WHERE id = ${b.add(jobId)} AND status IN (${b.list(ENDED_STATUSES)}))`,
    b.values,
  );
}
