import type pg from "pg";
import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Driver, Queries, SqlValue, Tx } from "../driver.ts";
import { toStorageError } from "./errors.ts";

/** What the driver works with. */
export interface PostgresDriverOptions {
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Operations that may wait for a connection: seconds of work. More means the database has stalled. */
export const MAX_WAITING = 10_000;

/** A stalled queue has been worked off by then. */
const QUEUE_RETRY_MS = 1_000;

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * A driver over a pool: a transaction has a connection of its own, at READ COMMITTED. That is enough, since every
 * transaction that reads before it writes takes a row lock or {@link Tx.lock} first.
 */
export function createPostgresDriver({ pool, clock, metrics }: PostgresDriverOptions): Driver {
  let closed: Promise<void> | undefined;

  function admit(): void {
    if (closed !== undefined) throw new AppError("storage_unavailable", "The store is closed.");
    if (pool.waitingCount < MAX_WAITING) return;
    throw new AppError("storage_unavailable", "The database can not keep up. Try again later.", {
      retryAfterMs: QUEUE_RETRY_MS,
    });
  }

  async function inTransaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    admit();
    const client = await pool.connect().catch(rethrow);
    const started = clock.monotonic();
    let usable = true;
    try {
      await client.query("BEGIN").catch(rethrow);
      const value = await fn(txOver(client));
      const { command } = await client.query("COMMIT").catch(rethrow);
      // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and nobody minded.
      if (command !== "COMMIT")
        throw new Error("a transaction went on after one of its statements had failed");
      metrics.observe("store_commit_seconds", (clock.monotonic() - started) / 1000);
      return value;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {
        usable = false; // the connection is gone, and the transaction with it
      });
      throw error;
    } finally {
      client.release(!usable);
    }
  }

  const plain = queriesOver(pool);
  return {
    all: async (sql, params) => {
      admit();
      return plain.all(sql, params);
    },
    run: async (sql, params) => {
      admit();
      return plain.run(sql, params);
    },
    exec: async (sql) => {
      admit();
      return plain.exec(sql);
    },
    tx: inTransaction,
    close() {
      closed ??= pool.end(); // waits for the connections that are in use
      return closed;
    },
  };
}

function queriesOver(target: Queryable): Queries {
  return {
    all: async (sql, params = []) => (await query(target, sql, params)).rows,
    run: async (sql, params = []) => (await query(target, sql, params)).rowCount ?? 0,
    exec: async (sql) => {
      await target.query(sql).catch(rethrow);
    },
  };
}

function txOver(client: Queryable): Tx {
  return {
    ...queriesOver(client),
    async lock(name) {
      await query(client, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [name]);
    },
  };
}

function query(target: Queryable, sql: string, params: readonly SqlValue[]): Promise<pg.QueryResult> {
  return target.query(sql, [...params]).catch(rethrow);
}

function rethrow(error: unknown): never {
  throw toStorageError(error);
}
