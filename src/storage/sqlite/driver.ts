import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Driver, Queries, Tx } from "../driver.ts";
import type { Connection } from "./connection.ts";
import { isDiskFailure, sqliteCode, toStorageError } from "./errors.ts";

/** What the driver works with. */
export interface SqliteDriverOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told once, when a commit has failed and the data can no longer be trusted to reach the disk. */
  readonly onBroken?: (error: Error) => void;
}

/** Operations in one group. At some 30 µs each a full group holds the event loop for about 10 ms. */
export const MAX_GROUP = 256;

/** Operations that may wait: some 0.5 s of work. More means the disk has stalled, and callers had better hear it. */
export const MAX_QUEUED = 10_000;

/** A stalled queue has been worked off by then. */
const QUEUE_RETRY_MS = 1_000;

/** Least time between two log lines of commits that failed. */
const TELL_AGAIN_MS = 60_000;

/** A transaction or a plain query that waits its turn. */
interface Operation {
  readonly kind: "tx" | "query";
  readonly work: (tx: Tx) => Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A driver with group commit: the transactions queued in one turn of the event loop share one BEGIN … COMMIT, and so
 * one fsync, each in a savepoint of its own. A transaction that fails is undone alone; a COMMIT that fails undoes and
 * rejects them all. Plain queries take the same queue and run after the commit: none sees what is not durable yet.
 *
 * After a COMMIT that failed for anything but a full disk nobody knows what the disk holds (an fsync that failed once
 * may succeed next time without having written), so nothing is acknowledged from then on: every call rejects until
 * the service is restarted and SQLite has recovered the file.
 */
export function createSqliteDriver(options: SqliteDriverOptions): Driver {
  const { connection, clock, log, metrics } = options;
  let queue: Operation[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;
  let broken: AppError | undefined;
  let quietUntil = Number.NEGATIVE_INFINITY;
  let failures = 0; // since they were last told

  function enqueue<T>(kind: Operation["kind"], work: (tx: Tx) => Promise<T>): Promise<T> {
    const refusal = refuse();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<T>((resolve, reject) => {
      queue.push({ kind, work, resolve: resolve as (value: unknown) => void, reject });
      draining ??= drain();
    });
  }

  function refuse(): AppError | undefined {
    if (broken !== undefined) return broken;
    if (closed) return new AppError("storage_unavailable", "The store is closed.");
    if (queue.length < MAX_QUEUED) return undefined;
    return new AppError("storage_unavailable", "The server's storage can not keep up. Try again later.", {
      retryAfterMs: QUEUE_RETRY_MS,
    });
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      await nextTurn(); // everybody who has something to say in this turn joins the group
      const group = queue.slice(0, MAX_GROUP);
      queue = queue.slice(MAX_GROUP);
      await commit(group.filter((op) => op.kind === "tx"));
      for (const op of group) if (op.kind === "query") await answer(op);
    }
    draining = undefined;
  }

  async function commit(group: readonly Operation[]): Promise<void> {
    if (group.length === 0) return;
    if (broken !== undefined) return rejectAll(group, broken);
    const started = clock.monotonic();
    const settle: (() => void)[] = [];
    let committing = false;
    try {
      connection.exec("BEGIN IMMEDIATE");
      for (const op of group) settle.push(await runInSavepoint(op));
      committing = true;
      connection.exec("COMMIT");
    } catch (error) {
      undo();
      if (isDiskFailure(error) || (committing && sqliteCode(error) !== "SQLITE_FULL")) breakDown(error);
      tell(group.length, error);
      return rejectAll(group, broken ?? toStorageError(error));
    }
    metrics.observe("store_commit_seconds", (clock.monotonic() - started) / 1000);
    for (const done of settle) done();
  }

  /** A full disk fails every commit, and whoever waits for space tries about once a second. */
  function tell(transactions: number, error: unknown): void {
    failures++;
    const now = clock.monotonic();
    if (broken === undefined && now < quietUntil) return;
    log.error("store_commit_failed", { transactions, failures }, error);
    quietUntil = now + TELL_AGAIN_MS;
    failures = 0;
  }

  /** Gives what is to be told once the group is durable; throws where SQLite has given up the whole group. */
  async function runInSavepoint(op: Operation): Promise<() => void> {
    connection.exec("SAVEPOINT one");
    try {
      const value = await callWith(op);
      connection.exec("RELEASE one");
      return () => op.resolve(value);
    } catch (error) {
      if (!connection.inTransaction() || isDiskFailure(error)) throw error;
      connection.exec("ROLLBACK TO one; RELEASE one");
      return () => op.reject(toStorageError(error));
    }
  }

  async function answer(op: Operation): Promise<void> {
    try {
      if (broken !== undefined) throw broken;
      op.resolve(await callWith(op));
    } catch (error) {
      op.reject(toStorageError(error));
    }
  }

  async function callWith(op: Operation): Promise<unknown> {
    let over = false;
    const live = <T>(ask: () => T): T => {
      // A query that was not awaited would run in a neighbour's savepoint.
      if (over) throw new Error("a query was made after its transaction had ended");
      return ask();
    };
    const tx: Tx = {
      all: async (sql, params = []) => live(() => connection.all(sql, params)),
      run: async (sql, params = []) => live(() => connection.run(sql, params)),
      exec: async (sql) => live(() => connection.exec(sql)),
      lock: async () => undefined, // there is one writer
    };
    try {
      return await op.work(tx);
    } finally {
      over = true;
    }
  }

  function undo(): void {
    try {
      if (connection.inTransaction()) connection.exec("ROLLBACK");
    } catch (error) {
      breakDown(error); // neither committed nor undone: the connection is of no more use
    }
  }

  function breakDown(cause: unknown): void {
    if (broken !== undefined) return;
    broken = new AppError(
      "storage_unavailable",
      "The server's storage failed and must be restarted. Nothing was saved.",
      { cause },
    );
    options.onBroken?.(broken);
  }

  return {
    all: (sql, params) => enqueue("query", (q: Queries) => q.all(sql, params)),
    run: (sql, params) => enqueue("tx", (tx) => tx.run(sql, params)),
    exec: (sql) => enqueue("tx", (tx) => tx.exec(sql)),
    tx: (fn) => enqueue("tx", fn),
    async close() {
      if (closed) return;
      closed = true;
      await draining;
      connection.close();
    },
  };
}

function rejectAll(group: readonly Operation[], error: unknown): void {
  for (const op of group) op.reject(error);
}

/** After the callbacks of this turn: what they and their promises queue belongs to the coming group. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
