import type { Tx } from "../driver.ts";
import { bindings } from "./bindings.ts";
import { ENDED_STATUSES } from "./ended.ts";

/** Removes an ended job and what hangs on it; false where there is none. */
export async function deleteJob(tx: Tx, jobId: string): Promise<boolean> {
  const [job] = await tx.all("SELECT root_id FROM jobs WHERE id = $1", [jobId]);
  if (job === undefined) return false;
  const rootId = String(job.root_id);
  await tx.lock(`family:${rootId}`); // the last two of a family, deleted at once, must not each leave the ledger to the other
  const b = bindings();
  const removed = await tx.run(
    `DELETE FROM jobs WHERE id = ${b.add(jobId)} AND status IN (${b.list(ENDED_STATUSES)})`,
    b.values,
  );
  if (removed === 0) return false;
  for (const table of ["job_documents", "events", "idempotency"]) {
    await tx.run(`DELETE FROM ${table} WHERE job_id = $1`, [jobId]);
  }
  await tx.run(
    "DELETE FROM calls WHERE root_id = $1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE root_id = $1)",
    [rootId],
  );
  return true;
}
