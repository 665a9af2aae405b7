import type { EventBody, EventType, JobEvent } from "../../domain/event.ts";
import type { Queries, Row, Tx } from "../driver.ts";
import { bindings } from "./bindings.ts";

/** Rows of one INSERT: a round trip each in Postgres, and far below SQLite's 32,766 parameters. */
const ROWS_PER_INSERT = 50;

/** Inserts events as the last of a job's log, `lastId` being the id of the last of them. */
export async function insertEvents(
  tx: Tx,
  jobId: string,
  lastId: number,
  ts: number,
  bodies: readonly EventBody[],
): Promise<readonly JobEvent[]> {
  const before = lastId - bodies.length;
  const events = bodies.map((body, i): JobEvent => ({ ...body, id: before + i + 1, jobId, ts }));
  for (let from = 0; from < events.length; from += ROWS_PER_INSERT) {
    const b = bindings();
    const rows = events
      .slice(from, from + ROWS_PER_INSERT)
      .map((event) => `(${b.list([jobId, event.id, ts, event.type, JSON.stringify(event.data)])})`);
    await tx.run(`INSERT INTO events (job_id, id, ts, type, data) VALUES ${rows.join(", ")}`, b.values);
  }
  return events;
}

/** Events after `after`, in order; only of some types where they are named. */
export async function readEvents(
  q: Queries,
  jobId: string,
  after: number,
  limit: number,
  types: readonly EventType[],
): Promise<readonly JobEvent[]> {
  const b = bindings();
  const where = [`job_id = ${b.add(jobId)}`, `id > ${b.add(after)}`];
  if (types.length > 0) where.push(`type IN (${b.list(types)})`);
  const rows = await q.all(
    `SELECT job_id, id, ts, type, data FROM events WHERE ${where.join(" AND ")} ORDER BY id LIMIT ${b.add(limit)}`,
    b.values,
  );
  return rows.map(eventFrom);
}

function eventFrom(row: Row): JobEvent {
  const body = { type: row.type, data: JSON.parse(String(row.data)) } as EventBody;
  return { ...body, id: Number(row.id), jobId: String(row.job_id), ts: Number(row.ts) };
}
