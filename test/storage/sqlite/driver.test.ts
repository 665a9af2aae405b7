import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/base/log.ts";
import { noMetrics, type Metrics } from "../../../src/base/metrics.ts";
import type { Driver } from "../../../src/storage/driver.ts";
import { type Connection, IN_MEMORY, openConnection } from "../../../src/storage/sqlite/connection.ts";
import { createSqliteDriver, MAX_GROUP, MAX_QUEUED } from "../../../src/storage/sqlite/driver.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";

/** A connection that counts its commits, and fails where it is told to. */
interface Probe extends Connection {
  commits: number;
  /** Thrown by the next statement whose text begins so. */
  fail: { readonly at: string; readonly code: string } | undefined;
}

function probe(): Probe {
  const inner = openConnection(IN_MEMORY);
  const failIfTold = (sql: string): void => {
    if (self.fail === undefined || !sql.startsWith(self.fail.at)) return;
    const { code } = self.fail;
    self.fail = undefined;
    throw Object.assign(new Error(`injected ${code}`), { code });
  };
  const self: Probe = {
    ...inner,
    commits: 0,
    fail: undefined,
    exec(sql) {
      failIfTold(sql);
      inner.exec(sql);
      if (sql === "COMMIT") self.commits++;
    },
    all(sql, params) {
      failIfTold(sql);
      return inner.all(sql, params);
    },
    run(sql, params) {
      failIfTold(sql);
      return inner.run(sql, params);
    },
  };
  return self;
}

describe("the SQLite driver", () => {
  let connection: Probe;
  let driver: Driver;
  let broken: Error[];
  let observed: string[];
  let clock: FakeClock;
  let told: unknown[];

  beforeEach(async () => {
    connection = probe();
    broken = [];
    observed = [];
    clock = createFakeClock();
    told = [];
    const metrics: Metrics = { ...noMetrics, observe: (name) => observed.push(name) };
    driver = createSqliteDriver({
      connection,
      clock,
      log: { ...silentLogger, error: (event, fields) => told.push([event, fields]) },
      metrics,
      onBroken: (error) => broken.push(error),
    });
    await driver.exec("CREATE TABLE t (id TEXT PRIMARY KEY)");
    connection.commits = 0;
    observed = [];
  });
  afterEach(() => driver.close());

  const insert = (id: string) => driver.tx((tx) => tx.run("INSERT INTO t (id) VALUES ($1)", [id]));
  const ids = async () => (await driver.all("SELECT id FROM t ORDER BY id")).map((row) => row.id);
  const kinds = (outcomes: readonly PromiseSettledResult<unknown>[]) => outcomes.map((o) => o.status);

  test("transactions of one turn share one commit, and each is measured as one", async () => {
    await Promise.all(["a", "b", "c"].map(insert));
    expect(connection.commits).toBe(1);
    expect(observed).toEqual(["store_commit_seconds"]);
    await insert("d");
    expect(connection.commits).toBe(2);
    expect(await ids()).toEqual(["a", "b", "c", "d"]);
  });

  test("a group has a bound: what is above it comes in the next", async () => {
    const names = Array.from({ length: MAX_GROUP + 1 }, (_, i) => `n${i}`);
    await Promise.all(names.map(insert));
    expect(connection.commits).toBe(2);
    expect(await ids()).toHaveLength(MAX_GROUP + 1);
  });

  test("a transaction that fails is undone alone and rejects alone", async () => {
    const failing = driver.tx(async (tx) => {
      await tx.run("INSERT INTO t (id) VALUES ($1)", ["undone"]);
      throw new Error("changed my mind");
    });
    const outcomes = await Promise.allSettled([insert("a"), failing, insert("a"), insert("b")]);
    expect(kinds(outcomes)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    await expect(failing).rejects.toThrow("changed my mind");
    expect(connection.commits).toBe(1);
    expect(await ids()).toEqual(["a", "b"]);
  });

  test("a plain query sees nothing of a group that is not committed", async () => {
    const order: string[] = [];
    let seen: unknown;
    const write = driver.tx(async (tx) => {
      await tx.run("INSERT INTO t (id) VALUES ('a')");
      order.push(`written, ${connection.commits} commits`);
      void ids().then((now) => {
        seen = now;
        order.push(`read, ${connection.commits} commits`);
      });
      return tx.all("SELECT id FROM t"); // its own writes it sees
    });
    expect(await write).toEqual([{ id: "a" }]);
    expect(await ids()).toEqual(["a"]);
    expect(seen).toEqual(["a"]);
    expect(order).toEqual(["written, 0 commits", "read, 1 commits"]);
  });

  test("no promise resolves before the commit", async () => {
    const commitsAtResolve = await Promise.all(
      ["a", "b"].map((id) => insert(id).then(() => connection.commits)),
    );
    expect(commitsAtResolve).toEqual([1, 1]);
  });

  test("a query that is made after its transaction has ended is refused", async () => {
    let late: (() => Promise<unknown>) | undefined;
    await driver.tx(async (tx) => {
      late = () => tx.run("INSERT INTO t (id) VALUES ('late')");
    });
    await expect(late?.()).rejects.toThrow("after its transaction had ended");
    expect(await ids()).toEqual([]);
  });

  test("values keep their kind", async () => {
    await driver.exec("CREATE TABLE v (s TEXT, n BIGINT, z TEXT)");
    await driver.run("INSERT INTO v (n, s, z) VALUES ($2, $1, $3)", ["$1 'quoted'", 2 ** 52, null]);
    expect(await driver.all("SELECT s, n, z FROM v WHERE s = $1", ["$1 'quoted'"])).toEqual([
      { s: "$1 'quoted'", n: 2 ** 52, z: null },
    ]);
  });

  describe("when the disk is full", () => {
    for (const at of ["BEGIN", "COMMIT"]) {
      test(`at ${at}, the whole group is refused and the next one works`, async () => {
        connection.fail = { at, code: "SQLITE_FULL" };
        const doubtful = driver.tx(async () => {
          throw new Error("an answer from what was never committed");
        });
        const group = [insert("a"), insert("b"), doubtful];
        for (const write of group) {
          await expect(write).rejects.toMatchObject({
            reason: "storage_full",
            retryAfterMs: expect.any(Number),
          });
        }
        expect(observed).toEqual([]);
        await insert("c");
        expect(await ids()).toEqual(["c"]);
        expect(broken).toEqual([]);
      });
    }

    test("the log says so once a minute, with the number of commits that failed since", async () => {
      for (let second = 0; second <= 60; second++) {
        connection.fail = { at: "COMMIT", code: "SQLITE_FULL" };
        await expect(insert("a")).rejects.toMatchObject({ reason: "storage_full" });
        await clock.advance(1_000);
      }
      expect(told).toEqual([
        ["store_commit_failed", { transactions: 1, failures: 1 }],
        ["store_commit_failed", { transactions: 1, failures: 60 }],
      ]);
    });

    test("at a statement, SQLite undoes the whole group, and all of it is refused", async () => {
      connection.all("PRAGMA max_page_count = 4", []);
      const big = driver.tx((tx) => tx.run("INSERT INTO t (id) VALUES ($1)", ["x".repeat(100_000)]));
      for (const write of [insert("a"), big, insert("b")]) {
        await expect(write).rejects.toMatchObject({ reason: "storage_full" });
      }
      await insert("c");
      expect(await ids()).toEqual(["c"]);
    });
  });

  describe("when the disk fails", () => {
    for (const [at, code] of [
      ["COMMIT", "SQLITE_IOERR_FSYNC"],
      ["COMMIT", "SQLITE_IOERR_WRITE"],
      ["COMMIT", "SQLITE_BUSY"],
      ["INSERT", "SQLITE_IOERR_READ"],
      ["INSERT", "SQLITE_CORRUPT"],
    ] as const) {
      test(`${code} at ${at}: the group is refused, and nothing is acknowledged from then on`, async () => {
        connection.fail = { at, code };
        const group = [insert("a"), insert("b")];
        for (const write of group)
          await expect(write).rejects.toMatchObject({ reason: "storage_unavailable" });
        for (const call of [insert("c"), ids(), driver.exec("SELECT 1")]) {
          await expect(call).rejects.toMatchObject({ reason: "storage_unavailable" });
        }
        expect(connection.commits).toBe(0);
        expect(connection.all("SELECT id FROM t", [])).toEqual([]);
        expect(broken).toHaveLength(1);
      });
    }

    test("what waits behind a failing commit is refused as well", async () => {
      connection.fail = { at: "COMMIT", code: "SQLITE_IOERR_FSYNC" };
      const names = Array.from({ length: MAX_GROUP + 2 }, (_, i) => `n${i}`);
      const outcomes = await Promise.allSettled([...names.map(insert), ids()]);
      expect(new Set(kinds(outcomes))).toEqual(new Set(["rejected"]));
      expect(connection.commits).toBe(0);
    });

    test("a read that fails harms nobody else", async () => {
      connection.fail = { at: "SELECT", code: "SQLITE_IOERR_READ" };
      await expect(ids()).rejects.toMatchObject({ reason: "storage_unavailable" });
      await insert("a");
      expect(await ids()).toEqual(["a"]);
      expect(broken).toEqual([]);
    });
  });

  test("a queue that is full refuses with a time to come back, and works on", async () => {
    const waiting = Array.from({ length: MAX_QUEUED }, () => driver.all("SELECT 1 AS one"));
    await expect(insert("a")).rejects.toMatchObject({
      reason: "storage_unavailable",
      retryAfterMs: expect.any(Number),
    });
    await Promise.all(waiting);
    await insert("b");
    expect(await ids()).toEqual(["b"]);
  });

  test("closing waits for what is under way", async () => {
    const write = insert("a");
    await driver.close();
    expect(await write).toBe(1);
    await expect(insert("b")).rejects.toMatchObject({ reason: "storage_unavailable" });
  });
});
