import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "libsql";
import { AppError } from "../../base/errors.ts";
import type { Row, SqlValue } from "../driver.ts";
import { sqliteCode } from "./errors.ts";

/** One synchronous connection: what the grouping driver needs of SQLite. Errors are SQLite's own. */
export interface Connection {
  exec(sql: string): void;
  all(sql: string, params: readonly SqlValue[]): readonly Row[];
  run(sql: string, params: readonly SqlValue[]): number;
  /** False once SQLite has rolled back by itself, as it does when the disk is full. */
  inTransaction(): boolean;
  close(): void;
}

/** Path of a database that lives in memory and ends with its connection. */
export const IN_MEMORY = ":memory:";

/** Grace for a predecessor that is just exiting; it blocks the event loop, but only while the service starts. */
const OPEN_BUSY_MS = 500;

/** The write-ahead log is cut back to this after a burst, so that one large job does not hold the disk for ever. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** The statements are a closed set, apart from the row counts of batched inserts; beyond this they are prepared anew. */
const MAX_PREPARED = 256;

/**
 * Opens a database file, or creates it with its directory (readable by its user alone: prompts may be secret).
 *
 * `locking_mode=EXCLUSIVE` comes before the switch to WAL: it keeps every other process out for as long as this one
 * lives, and with a single connection the WAL-reset defect of SQLite before 3.51.3 can not occur.
 */
export function openConnection(path: string): Connection {
  try {
    if (path !== IN_MEMORY) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const db = new Database(path, { timeout: OPEN_BUSY_MS });
    try {
      for (const pragma of [
        "locking_mode=EXCLUSIVE",
        "journal_mode=WAL",
        "synchronous=FULL",
        `journal_size_limit=${WAL_LIMIT_BYTES}`,
      ]) {
        db.prepare(`PRAGMA ${pragma}`).all([]);
      }
      db.exec("BEGIN IMMEDIATE; COMMIT"); // takes the lock now, so that a second server fails at its start
    } catch (error) {
      db.close();
      throw error;
    }
    return connectionOver(db);
  } catch (error) {
    throw openFailure(path, error);
  }
}

function openFailure(path: string, cause: unknown): AppError {
  const code = sqliteCode(cause);
  const message =
    code === "SQLITE_BUSY"
      ? `Another server uses this data directory (${path} is locked). Stop it, or give this one a directory of its own.`
      : code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT"
        ? `${path} is not a readable gepa-next database. Restore a backup, or move the file away to start empty.`
        : `The database ${path} can not be opened. Check that the directory exists, is writable and has free space.`;
  return new AppError("storage_unavailable", message, { cause });
}

function connectionOver(db: Database.Database): Connection {
  const prepared = new Map<string, Database.Statement>();
  const prepare = (sql: string): Database.Statement => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    // SQLite numbers `$1` by order of appearance, as any named parameter; only `?1` is the first by position.
    const statement = db.prepare(sql.replaceAll(/\$(\d+)/g, "?$1"));
    prepared.set(sql, statement);
    return statement;
  };
  return {
    exec: (sql) => {
      db.exec(sql);
    },
    all: (sql, params) => prepare(sql).all(params) as Row[],
    run: (sql, params) => prepare(sql).run(params).changes,
    inTransaction: () => db.inTransaction,
    close: () => {
      prepared.clear();
      letGo(db);
      db.close();
    },
  };
}

/**
 * Folds the write-ahead log into the file and gives up the lock. Closing alone does so only once the statements have
 * been collected as garbage, and EXCLUSIVE can be left only by way of leaving WAL (https://sqlite.org/wal.html#noshm).
 */
function letGo(db: Database.Database): void {
  try {
    for (const pragma of ["journal_mode=DELETE", "locking_mode=NORMAL", "user_version"]) {
      db.prepare(`PRAGMA ${pragma}`).all([]);
    }
  } catch {
    // On a failing disk the log stays as it is: it is recovered at the next start, and the lock ends with the process.
  }
}
