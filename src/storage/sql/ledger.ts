import type { Role } from "../../domain/spend.ts";
import type { Queries, Row, Tx } from "../driver.ts";
import type { LedgerRow } from "../store.ts";

/** Rows read at once. An outcome is some kilobytes, at worst a megabyte or so. */
export const LEDGER_PAGE = 100;

const COLUMNS = "job_id, key, role, ts, outcome";

/** The answer under a key, if there is one. */
export async function readCall(q: Queries, rootId: string, key: string): Promise<LedgerRow | undefined> {
  const [row] = await q.all(`SELECT ${COLUMNS} FROM calls WHERE root_id = $1 AND key = $2`, [rootId, key]);
  return row === undefined ? undefined : callFrom(rootId, row);
}

/** Every answer paid for under a root job, a page in memory at a time, in the order of the keys. */
export async function* readCalls(q: Queries, rootId: string): AsyncGenerator<LedgerRow, void, void> {
  let after = "";
  for (;;) {
    const rows = await q.all(
      `SELECT ${COLUMNS} FROM calls WHERE root_id = $1 AND key > $2 ORDER BY key LIMIT $3`,
      [rootId, after, LEDGER_PAGE],
    );
    for (const row of rows) yield callFrom(rootId, row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < LEDGER_PAGE) return;
    after = String(last.key);
  }
}

/**
 * Books an answer. The first under a key stays: later runs have used it. Nothing is booked for a family that was
 * deleted while the call was under way; nobody could ever read or remove the row. Gives the row that stands.
 */
export async function recordCall(tx: Tx, row: LedgerRow): Promise<LedgerRow> {
  const booked = await tx.run(
    `INSERT INTO calls (root_id, key, job_id, role, ts, outcome)
     SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), $6
     WHERE EXISTS (SELECT 1 FROM jobs WHERE root_id = $1)
     ON CONFLICT (root_id, key) DO NOTHING`,
    [row.rootId, row.key, row.jobId, row.role, row.ts, row.outcome],
  );
  return booked > 0 ? row : ((await readCall(tx, row.rootId, row.key)) ?? row);
}

function callFrom(rootId: string, row: Row): LedgerRow {
  return {
    rootId,
    jobId: String(row.job_id),
    key: String(row.key),
    role: row.role as Role,
    ts: Number(row.ts),
    outcome: String(row.outcome),
  };
}
