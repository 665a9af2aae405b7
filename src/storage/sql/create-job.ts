import { isTerminal, JOB_STATUSES, type Job } from "../../domain/job.ts";
import type { SqlValue, Tx } from "../driver.ts";
import type { CreateOutcome, NewJob } from "../store.ts";
import { bindings } from "./bindings.ts";
import { putDocuments } from "./documents.ts";
import { findRecord, putRecord } from "./idempotency.ts";

const OPEN_STATUSES = JOB_STATUSES.filter((status) => !isTerminal(status));

/** The whole of a create: the key first, since a repeated request is answered even when the quota is used up. */
export async function createJob(tx: Tx, input: NewJob): Promise<CreateOutcome> {
  const { job, idempotency } = input;
  await tx.lock(`owner:${job.owner}`); // two creates of one owner must not count the same jobs, or miss each other's key
  if (idempotency !== undefined) {
    const known = await findRecord(tx, idempotency);
    if (known !== undefined) {
      return known.fingerprint === idempotency.fingerprint
        ? { kind: "replayed", job: known.job }
        : { kind: "mismatch" };
    }
  }
  const open = await countOpen(tx, job.owner);
  if (open >= input.maxOpenJobsPerOwner) return { kind: "quota", open };
  await insertJob(tx, job);
  if (idempotency !== undefined) await putRecord(tx, idempotency, job);
  return { kind: "created", job };
}

async function countOpen(tx: Tx, owner: string): Promise<number> {
  const b = bindings();
  const [row] = await tx.all(
    `SELECT COUNT(*) AS n FROM jobs WHERE owner = ${b.add(owner)} AND status IN (${b.list(OPEN_STATUSES)})`,
    b.values,
  );
  return Number(row?.n);
}

async function insertJob(tx: Tx, job: Job): Promise<void> {
  const columns: Record<string, SqlValue> = {
    id: job.id,
    owner: job.owner,
    root_id: job.rootId,
    parent_id: job.parentId ?? null,
    status: job.status,
    requested: job.requested ?? null,
    fence: job.fence,
    last_event_id: job.lastEventId,
    engine_ordinal: job.engineOrdinal,
    revision: job.revision,
    created_at: job.createdAt,
    started_at: job.startedAt ?? null,
    updated_at: job.updatedAt,
    ended_at: job.endedAt ?? null,
  };
  const b = bindings();
  const names = Object.keys(columns).join(", ");
  await tx.run(`INSERT INTO jobs (${names}) VALUES (${b.list(Object.values(columns))})`, b.values);
  const { examples, ...spec } = job.spec;
  await putDocuments(tx, job.id, {
    request: { spec, models: job.models, judgeFingerprint: job.judgeFingerprint },
    examples,
    progress: job.progress,
    ...(job.result !== undefined && { result: job.result }),
    ...(job.failure !== undefined && { failure: job.failure }),
  });
}
