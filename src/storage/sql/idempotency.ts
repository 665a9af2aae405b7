import type { Job } from "../../domain/job.ts";
import type { Example } from "../../domain/spec.ts";
import type { Queries, Tx } from "../driver.ts";
import type { IdempotencyRecord, KeyLookup, UsedKey } from "../store.ts";

/** What a key was used for; an expired record counts as absent. */
export async function findRecord(q: Queries, wanted: KeyLookup): Promise<UsedKey | undefined> {
  const [row] = await q.all(
    `SELECT i.fingerprint, i.job, d.body AS examples FROM idempotency i
     JOIN job_documents d ON d.job_id = i.job_id AND d.name = 'examples'
     WHERE i.owner = $1 AND i.route = $2 AND i.key = $3 AND i.created_at >= $4`,
    [wanted.owner, wanted.route, wanted.key, wanted.validAfter],
  );
  if (row === undefined) return undefined;
  const job = JSON.parse(String(row.job)) as Job;
  const examples = JSON.parse(String(row.examples)) as readonly Example[];
  return { fingerprint: String(row.fingerprint), job: { ...job, spec: { ...job.spec, examples } } };
}

/**
 * Keeps the key with the job as it is now, in place of an expired record. The examples stay in the job's own document,
 * which never changes and lives as long as the record.
 */
export async function putRecord(tx: Tx, record: IdempotencyRecord, job: Job): Promise<void> {
  const snapshot: Job = { ...job, spec: { ...job.spec, examples: [] } };
  await tx.run(
    `INSERT INTO idempotency (owner, route, key, fingerprint, created_at, job_id, job)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (owner, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,
       created_at = excluded.created_at, job_id = excluded.job_id, job = excluded.job`,
    [
      record.owner,
      record.route,
      record.key,
      record.fingerprint,
      record.createdAt,
      job.id,
      JSON.stringify(snapshot),
    ],
  );
}

/** Removes records older than `beforeMs` and gives how many there were. */
export function expireRecords(tx: Tx, beforeMs: number): Promise<number> {
  return tx.run("DELETE FROM idempotency WHERE created_at < $1", [beforeMs]);
}
