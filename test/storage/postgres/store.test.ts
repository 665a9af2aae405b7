import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../../src/base/log.ts";
import { noMetrics } from "../../../src/base/metrics.ts";
import type { Job } from "../../../src/domain/job.ts";
import type { Driver } from "../../../src/storage/driver.ts";
import { SCHEMA_VERSION } from "../../../src/storage/migrate.ts";
import { connectPostgres } from "../../../src/storage/postgres/connect.ts";
import { createPostgresDriver } from "../../../src/storage/postgres/driver.ts";
import { openStore } from "../../../src/storage/registry.ts";
import type { Store } from "../../../src/storage/store.ts";
import { describeDurableStore, describeStore } from "../../contract/store.ts";
import type { StorePlace } from "../../contract/store/under-test.ts";
import { aCall, aCancel, aJob, anEvent, aRecord, aWrite, CREATED_AT } from "../../support/jobs.ts";
import { type PostgresServer, startPostgres, type TestDatabase } from "../../support/postgres.ts";

/** A logger whose events can be waited for. */
function awaitableLogger(): { log: Logger; seen(event: string): Promise<void> } {
  const events: string[] = [];
  let check = (): void => undefined;
  const note = (event: string) => {
    events.push(event);
    check();
  };
  return {
    log: { ...silentLogger, info: note, warn: note, error: note },
    seen: (event) =>
      new Promise((resolve) => {
        check = () => {
          if (events.includes(event)) resolve();
        };
        check();
      }),
  };
}

/** A cluster is made in a second, or in many where the machine is busy. */
const START_TIMEOUT_MS = 60_000;

let server: PostgresServer;
let database: TestDatabase;
beforeAll(async () => {
  server = await startPostgres();
  database = await server.createDatabase();
}, START_TIMEOUT_MS);
afterAll(async () => {
  await database.drop();
  await server.stop();
});

const ports = { clock: systemClock, log: silentLogger, metrics: noMetrics };

async function newPlace(): Promise<StorePlace> {
  const { url, clear } = database;
  return { open: () => openStore({ kind: "postgres", url }, ports), remove: clear };
}

describeStore("Postgres", newPlace);
describeDurableStore("Postgres", newPlace);

/** Runs one statement past the store. */
async function ask(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}

/** Cuts the connections whose last statement is like this. */
const cut = (statement: string) =>
  ask(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '${statement}'`,
  );

describe("two nodes over one Postgres database", () => {
  let a: Store;
  let b: Store;
  let fromB: ReturnType<typeof awaitableLogger>;
  beforeEach(async () => {
    fromB = awaitableLogger();
    const open = (log: Logger) => openStore({ kind: "postgres", url: database.url }, { ...ports, log });
    [a, b] = await Promise.all([open(silentLogger), open(fromB.log)]); // both bring the schema up
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
    await database.clear();
  });

  const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  const running = async (id: string): Promise<Job> => {
    await a.createJob({ job: aJob(id), maxOpenJobsPerOwner: 100 });
    return (await a.claim(id, "w1", CREATED_AT + 1)) as Job;
  };
  const heardBy = (store: Store, jobId: string, id: number) =>
    new Promise<void>((resolve) => {
      store.onAppend((job, lastEventId) => {
        if (job === jobId && lastEventId === id) resolve();
      });
    });

  test("the schema is brought up once", async () => {
    const { rows } = await ask("SELECT version::int FROM schema_version ORDER BY version");
    expect(rows).toEqual(oneTo(SCHEMA_VERSION).map((version) => ({ version })));
  });

  test("equal requests to both make one job, and the quota holds for both together", async () => {
    const create = (i: number, key: string) =>
      (i % 2 === 0 ? a : b).createJob({
        job: aJob(`${key}-${i}`),
        idempotency: aRecord(key),
        maxOpenJobsPerOwner: 5,
      });
    const same = await Promise.all(oneTo(20).map((i) => create(i, "same")));
    expect(same.filter((outcome) => outcome.kind === "created")).toHaveLength(1);
    expect(same.filter((outcome) => outcome.kind === "replayed")).toHaveLength(19);
    const different = await Promise.all(oneTo(20).map((i) => create(i, `key${i}`)));
    expect(different.filter((outcome) => outcome.kind === "created")).toHaveLength(4);
  });

  test("one of two claims at once is the last, and only its fence writes", async () => {
    await a.createJob({ job: aJob("j1"), maxOpenJobsPerOwner: 9 });
    const claims = await Promise.all([a.claim("j1", "wa", 1), b.claim("j1", "wb", 1)]);
    expect(claims.map((job) => job?.fence).toSorted()).toEqual([1, 2]);
    const writes = await Promise.allSettled(
      [1, 2].flatMap((fence) => [
        a.append("j1", fence, aWrite([anEvent(fence)])),
        b.append("j1", fence, aWrite([anEvent(fence)])),
      ]),
    );
    expect(writes.map((write) => write.status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
  });

  test("events written through both are numbered without gap, and none follows a cancel", async () => {
    const { fence } = await running("j1");
    const write = (i: number) => (i % 2 === 0 ? a : b).append("j1", fence, aWrite([anEvent(i)]));
    const appends = Promise.allSettled(oneTo(30).map(write));
    const cancelled = await b.change("j1", aCancel());
    await appends;
    const log = await a.events("j1", 0, 100);
    expect(log.map((event) => event.id)).toEqual(oneTo(cancelled?.lastEventId ?? 0));
    expect(log.at(-1)?.type).toBe("cancelled");
  });

  test("the last two of a family, deleted at once, take its answers with them", async () => {
    const families = oneTo(20).map((i) => ({ first: `first${i}`, second: `second${i}` }));
    for (const { first, second } of families) {
      for (const id of [first, second]) {
        await a.createJob({ job: aJob(id, { rootId: first }), maxOpenJobsPerOwner: 9 });
        await a.change(id, aCancel());
      }
      await a.recordCall(aCall(first, "k"));
    }
    await Promise.all(families.flatMap(({ first, second }) => [a.deleteJob(first), b.deleteJob(second)]));
    const left = await Promise.all(families.map(({ first }) => a.call(first, "k")));
    expect(left).toEqual(families.map(() => undefined));
  });

  test("what one node writes the other hears", async () => {
    const { fence } = await running("j1");
    const heard = heardBy(b, "j1", 2);
    await a.append("j1", fence, aWrite([anEvent(1), anEvent(2)]));
    await heard;
    expect(await b.events("j1", 0, 10)).toHaveLength(2);
  });

  test("what one node changes from outside a run the other hears", async () => {
    await running("j1");
    const heard = new Promise<unknown>((resolve) => {
      b.onChange((...news) => resolve(news));
    });
    await a.change("j1", aCancel());
    expect(await heard).toEqual(["j1", 1]);
  });

  test("a node that lost its connection for news mends it and hears again", async () => {
    const { fence } = await running("j1");
    await cut("LISTEN%");
    await fromB.seen("fan_out_connection_lost");
    await fromB.seen("fan_out_connection_mended");
    const own = heardBy(b, "j1", 1);
    await b.append("j1", fence, aWrite([anEvent(1)]));
    await own;
  });

  test("a database that cut every connection is used again", async () => {
    const { fence } = await running("j1");
    await cut("%");
    const outcomes = [];
    for (let i = 0; i < 12; i++)
      outcomes.push(
        await a.ping().then(
          () => "up",
          (error) => error.reason,
        ),
      );
    expect(new Set(outcomes)).toEqual(
      new Set(outcomes.filter((o) => o === "up" || o === "storage_unavailable")),
    );
    expect(outcomes.at(-1)).toBe("up");
    expect(await a.append("j1", fence, aWrite([anEvent(1)]))).toHaveLength(1);
  });
});

describe("opening a Postgres database", () => {
  afterEach(() => database.clear());

  test("data of a newer version are refused", async () => {
    const location = { kind: "postgres", url: database.url } as const;
    await openStore(location, ports).then((store) => store.close());
    await ask(`INSERT INTO schema_version (version, applied_at) VALUES (${SCHEMA_VERSION + 1}, 0)`);
    await expect(openStore(location, ports)).rejects.toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining("written by a newer gepa-next"),
    });
  });

  test("a server that is not there is named as such, without the password", async () => {
    const url = "postgres://gepa:hunter2@127.0.0.1:1/none"; // port 1 is reserved and closed
    const error = await openStore({ kind: "postgres", url }, ports).catch((e: unknown) => e);
    expect(error).toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining("DATABASE_URL can not be used"),
    });
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("the Postgres driver", () => {
  let driver: Driver;
  let pool: pg.Pool;
  let observed: string[];
  beforeEach(async () => {
    pool = await connectPostgres(database.url, silentLogger);
    observed = [];
    const metrics = { ...noMetrics, observe: (name: string) => observed.push(name) };
    driver = createPostgresDriver({ pool, clock: systemClock, metrics });
    await driver.exec("CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT)");
  });
  afterEach(async () => {
    await driver.close();
    await database.clear();
  });

  const ids = async () => (await driver.all("SELECT id FROM t ORDER BY id")).map((row) => row.id);

  test("a transaction is measured, and one that fails leaves nothing", async () => {
    await driver.tx((tx) => tx.run("INSERT INTO t (id) VALUES ($1)", ["a"]));
    const failing = driver.tx(async (tx) => {
      await tx.run("INSERT INTO t (id) VALUES ($1)", ["b"]);
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await ids()).toEqual(["a"]);
    expect(observed).toEqual(["store_commit_seconds"]);
  });

  test("a transaction that went on after a failed statement is not taken for committed", async () => {
    const careless = driver.tx(async (tx) => {
      await tx.run("INSERT INTO t (id) VALUES ('a')");
      await tx.run("INSERT INTO nowhere VALUES (1)").catch(() => undefined);
      return "fine";
    });
    await expect(careless).rejects.toThrow("one of its statements had failed");
    expect(await ids()).toEqual([]);
  });

  test("a connection that is cut in a transaction undoes it, and the next one works", async () => {
    const cutOff = driver.tx(async (tx) => {
      await tx.run("INSERT INTO t (id) VALUES ('a')");
      await cut("INSERT INTO t%");
      await tx.run("INSERT INTO t (id) VALUES ('b')");
    });
    await expect(cutOff).rejects.toMatchObject({
      reason: "storage_unavailable",
      retryAfterMs: expect.any(Number),
    });
    expect(await ids()).toEqual([]);
    expect(await driver.tx((tx) => tx.run("INSERT INTO t (id) VALUES ('c')"))).toBe(1);
  });

  test("a transaction that stands still is ended by the server, and lets go of its locks", async () => {
    await driver.run("INSERT INTO t (id, n) VALUES ('a', 1)");
    const asleep = driver.tx(async (tx) => {
      await tx.run("UPDATE t SET n = 2");
      await driver.run("UPDATE t SET n = 3"); // waits for the lock, as a takeover would
      await tx.run("UPDATE t SET n = 4");
    });
    await expect(asleep).rejects.toMatchObject({ reason: "storage_unavailable" });
    expect(await driver.all("SELECT n FROM t")).toEqual([{ n: 3 }]);
  }, 15_000);

  test("whole numbers arrive as numbers", async () => {
    await driver.run("INSERT INTO t (id, n) VALUES ($1, $2)", ["a", 2 ** 52]);
    expect(await driver.all("SELECT n, COUNT(*) AS c, NULL AS z FROM t GROUP BY n")).toEqual([
      { n: 2 ** 52, c: 1, z: null },
    ]);
  });

  test("commits are durable even where the server's default is not", async () => {
    const name = new URL(database.url).pathname.slice(1);
    await ask(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    const fresh = await connectPostgres(database.url, silentLogger);
    const { rows } = await fresh.query("SHOW synchronous_commit");
    await fresh.end();
    await ask(`ALTER DATABASE ${name} RESET synchronous_commit`);
    expect(rows).toEqual([{ synchronous_commit: "on" }]);
  });

  test("a closed driver refuses with a sentence", async () => {
    await driver.close();
    const calls = [
      driver.all("SELECT 1"),
      driver.exec("SELECT 1"),
      driver.run("SELECT 1"),
      driver.tx(async () => 1),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ reason: "storage_unavailable" });
  });
});
