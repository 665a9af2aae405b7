/**
 * What a database must do for `sql-store.ts`: the SQL that both SQLite and Postgres speak, and no more. Parameters are
 * `$1`, `$2`, …; texts (JSON too) are TEXT, numbers and times (milliseconds) BIGINT, and arrive as JS numbers.
 * ON CONFLICT and RETURNING are used; data-modifying CTEs, arrays, JSONB and now() are not.
 */

/** A value that goes in or comes out. */
export type SqlValue = string | number | null;

/** A row by column name. */
export type Row = Readonly<Record<string, SqlValue>>;

/** What can be asked inside and outside a transaction. */
export interface Queries {
  /** Runs one statement and gives its rows: a SELECT, or within a transaction a write with RETURNING. */
  all(sql: string, params?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Runs one statement and gives the number of rows it changed. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Runs statements without parameters, separated by `;`. */
  exec(sql: string): Promise<void>;
}

/** What can be asked inside a transaction. */
export interface Tx extends Queries {
  /** Waits until no other transaction holds `name`, and holds it until this one ends. */
  lock(name: string): Promise<void>;
}

/** A database. Every error it rejects with is an AppError `storage_full` or `storage_unavailable`, or a bug. */
export interface Driver extends Queries {
  /**
   * Runs `fn` in a transaction and resolves with what it gave once the commit is durable. If `fn` rejects, nothing it
   * wrote counts. `fn` awaits nothing but its own queries: other transactions wait for it.
   */
  tx<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Waits for what is under way and lets go of the database. Later calls reject. */
  close(): Promise<void>;
}
