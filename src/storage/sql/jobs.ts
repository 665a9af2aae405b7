import { JOB_STATUSES, type Job, type JobRequest, type JobStatus } from "../../domain/job.ts";
import type { Queries, Row } from "../driver.ts";
import type { JobQuery, JobView, Standing } from "../store.ts";
import { type Bindings, bindings } from "./bindings.ts";
import type { DocumentName, Documents } from "./documents.ts";

/** One job as it stands. */
export async function getJob(q: Queries, id: string, view: JobView): Promise<Job | undefined> {
  const b = bindings();
  const jobs = await readJobs(q, `SELECT * FROM jobs WHERE id = ${b.add(id)}`, b, view);
  return jobs[0];
}

/** An owner's jobs, newest first. */
export function listJobs(q: Queries, query: JobQuery): Promise<readonly Job[]> {
  const b = bindings();
  const where = [`owner = ${b.add(query.owner)}`];
  if (query.status !== undefined) where.push(`status = ${b.add(query.status)}`);
  if (query.before !== undefined) {
    const { createdAt, id } = query.before;
    where.push(`(created_at, id) < (${b.add(createdAt)}, ${b.add(id)})`);
  }
  const page = `SELECT * FROM jobs WHERE ${where.join(" AND ")}
    ORDER BY created_at DESC, id DESC LIMIT ${b.add(query.limit)}`;
  return readJobs(q, page, b, query);
}

/** How many jobs there are by status, those with none included. */
export async function countJobs(q: Queries): Promise<Record<JobStatus, number>> {
  const counts: Record<string, number> = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0]));
  for (const row of await q.all("SELECT status, COUNT(*) AS n FROM jobs GROUP BY status")) {
    counts[String(row.status)] = Number(row.n);
  }
  return counts as Record<JobStatus, number>;
}

/** Ids of jobs in one of these states, oldest first. */
export async function jobIds(
  q: Queries,
  statuses: readonly JobStatus[],
  limit: number,
): Promise<readonly string[]> {
  if (statuses.length === 0) return [];
  const b = bindings();
  const rows = await q.all(
    `SELECT id FROM jobs WHERE status IN (${b.list(statuses)}) ORDER BY created_at, id LIMIT ${b.add(limit)}`,
    b.values,
  );
  return rows.map((row) => String(row.id));
}

/** Status and fence of those of the jobs that exist. */
export async function standings(q: Queries, ids: readonly string[]): Promise<readonly Standing[]> {
  if (ids.length === 0) return [];
  const b = bindings();
  const rows = await q.all(`SELECT id, status, fence FROM jobs WHERE id IN (${b.list(ids)})`, b.values);
  return rows.map((row) => row as Row & Standing);
}

/** The last checkpoint, if there is one. */
export async function getCheckpoint(q: Queries, jobId: string): Promise<string | undefined> {
  const name: DocumentName = "checkpoint";
  const [row] = await q.all("SELECT body FROM job_documents WHERE job_id = $1 AND name = $2", [jobId, name]);
  return row === undefined ? undefined : (JSON.parse(String(row.body)) as string);
}

/** Jobs and their documents in one statement, so that both are of the same moment. */
async function readJobs(q: Queries, page: string, b: Bindings, view: JobView): Promise<readonly Job[]> {
  const left: DocumentName[] = view.withoutExamples ? ["checkpoint", "examples"] : ["checkpoint"];
  const rows = await q.all(
    `SELECT j.*, d.name AS document, d.body AS body FROM (${page}) j
     LEFT JOIN job_documents d ON d.job_id = j.id AND d.name NOT IN (${b.list(left)})
     ORDER BY j.created_at DESC, j.id DESC`,
    b.values,
  );
  const byJob = new Map<string, Row[]>();
  for (const row of rows) {
    const id = String(row.id);
    const known = byJob.get(id);
    if (known === undefined) byJob.set(id, [row]);
    else known.push(row);
  }
  return [...byJob.values()].map(jobFrom);
}

/** A job from its rows, one a document. The columns are those this room has written. */
function jobFrom(rows: readonly Row[]): Job {
  const row = rows[0] as JobRow;
  const documents: Partial<Documents> = Object.fromEntries(
    rows.map(({ document, body }) => [document, JSON.parse(String(body))]),
  );
  const { request, examples, progress, result, failure } = documents;
  if (request === undefined || progress === undefined)
    throw new Error(`job ${row.id} has lost its documents`);
  return {
    id: row.id,
    owner: row.owner,
    rootId: row.root_id,
    ...(row.parent_id !== null && { parentId: row.parent_id }),
    status: row.status,
    ...(row.requested !== null && { requested: row.requested }),
    spec: { ...request.spec, examples: examples ?? [] },
    models: request.models,
    judgeFingerprint: request.judgeFingerprint,
    progress,
    ...(result !== undefined && { result }),
    ...(failure !== undefined && { failure }),
    fence: row.fence,
    lastEventId: row.last_event_id,
    engineOrdinal: row.engine_ordinal,
    revision: row.revision,
    createdAt: row.created_at,
    ...(row.started_at !== null && { startedAt: row.started_at }),
    updatedAt: row.updated_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  };
}

interface JobRow extends Row {
  readonly id: string;
  readonly owner: string;
  readonly root_id: string;
  readonly parent_id: string | null;
  readonly status: JobStatus;
  readonly requested: JobRequest | null;
  readonly fence: number;
  readonly last_event_id: number;
  readonly engine_ordinal: number;
  readonly revision: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly updated_at: number;
  readonly ended_at: number | null;
}
