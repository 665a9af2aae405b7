import { AppError } from "../base/errors.ts";
import type { Driver, Queries, Row, SqlValue, Tx } from "./driver.ts";
import { bindings } from "./sql/bindings.ts";

/** A table as it is copied: its columns, those that order it, and how many rows are held at once. */
interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** The primary key. */
  readonly order: readonly string[];
  /** Rows of documents and answers can be megabytes. */
  readonly batch: number;
}

/** Every table of the store; a test holds them to the schema. */
export const TABLES = [
  {
    name: "jobs",
    columns: [
      "id",
      "owner",
      "root_id",
      "parent_id",
      "status",
      "requested",
      "worker",
      "fence",
      "last_event_id",
      "engine_ordinal",
      "revision",
      "created_at",
      "started_at",
      "updated_at",
      "ended_at",
    ],
    order: ["id"],
    batch: 500,
  },
  { name: "job_documents", columns: ["job_id", "name", "body"], order: ["job_id", "name"], batch: 50 },
  {
    name: "events",
    columns: ["job_id", "id", "ts", "type", "data"],
    order: ["job_id", "id"],
    batch: 500,
  },
  {
    name: "calls",
    columns: ["root_id", "key", "job_id", "role", "ts", "outcome"],
    order: ["root_id", "key"],
    batch: 100,
  },
  {
    name: "idempotency",
    columns: ["owner", "route", "key", "fingerprint", "created_at", "job_id", "job"],
    order: ["owner", "route", "key"],
    batch: 200,
  },
] as const satisfies readonly Table[];

/** Rows copied by table. */
export type Copied = Readonly<Record<(typeof TABLES)[number]["name"], number>>;

/**
 * Copies everything into an empty store, in one transaction of the target: afterwards all of it is there, or nothing
 * is. Jobs that were running become pending, for their worker was the source's. Both schemas are up to date, and
 * nobody else uses the source. Rejects with `storage_unavailable` where the target is not empty or counts differ.
 */
export function copyStore(from: Driver, to: Driver): Promise<Copied> {
  return to.tx(async (tx) => {
    await refuseUnlessEmpty(tx);
    const copied: Record<string, number> = {};
    for (const table of TABLES) copied[table.name] = await copyTable(table, from, tx);
    await tx.run("UPDATE jobs SET status = 'pending', worker = NULL WHERE status = 'running'");
    for (const { name } of TABLES) {
      const [wanted, found] = [await countOf(from, name), await countOf(tx, name)];
      if (wanted !== found) {
        throw refusal(`Of ${wanted} rows of ${name} only ${found} arrived; nothing was kept. Try again.`);
      }
    }
    return copied as Copied;
  });
}

async function refuseUnlessEmpty(tx: Tx): Promise<void> {
  for (const { name } of TABLES) {
    if ((await countOf(tx, name)) === 0) continue;
    throw refusal(`The target holds ${name} already. Give an empty database, so that nothing is mixed up.`);
  }
}

async function countOf(q: Queries, table: string): Promise<number> {
  const [row] = await q.all(`SELECT COUNT(*) AS n FROM ${table}`);
  return Number(row?.n);
}

/** Copies a table page by page in the order of its key; gives how many rows. */
async function copyTable(table: Table, from: Queries, to: Queries): Promise<number> {
  let count = 0;
  for (let last: Row | undefined; ; ) {
    const rows = await pageAfter(table, last, from);
    if (rows.length > 0) await insert(table, rows, to);
    count += rows.length;
    last = rows.at(-1);
    if (rows.length < table.batch) return count;
  }
}

function pageAfter(
  { name, columns, order, batch }: Table,
  last: Row | undefined,
  q: Queries,
): Promise<readonly Row[]> {
  const b = bindings();
  const key = order.join(", ");
  const after =
    last === undefined ? "" : `WHERE (${key}) > (${b.list(order.map((column) => cellOf(last, column)))})`;
  return q.all(
    `SELECT ${columns.join(", ")} FROM ${name} ${after} ORDER BY ${key} LIMIT ${b.add(batch)}`,
    b.values,
  );
}

async function insert({ name, columns }: Table, rows: readonly Row[], q: Queries): Promise<void> {
  const b = bindings();
  const values = rows.map((row) => `(${b.list(columns.map((column) => cellOf(row, column)))})`);
  await q.run(`INSERT INTO ${name} (${columns.join(", ")}) VALUES ${values.join(", ")}`, b.values);
}

function cellOf(row: Row, column: string): SqlValue {
  return row[column] ?? null;
}

function refusal(message: string): AppError {
  return new AppError("storage_unavailable", message);
}
