import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { JOB_STATUSES, type Job } from "../../src/domain/job.ts";
import { TABLES } from "../../src/storage/copy.ts";
import { openStore } from "../../src/storage/registry.ts";
import { openConnection } from "../../src/storage/sqlite/connection.ts";
import type { LedgerRow, Store } from "../../src/storage/store.ts";
import { backUpSqlite, moveToPostgres } from "../../src/storage/tools.ts";
import { aCall, aCancel, aJob, anEvent, aRecord, aWrite, CREATED_AT } from "../support/jobs.ts";
import { type PostgresServer, startPostgres, type TestDatabase } from "../support/postgres.ts";

/** A cluster is made in a second, or in many where the machine is busy. */
const START_TIMEOUT_MS = 60_000;

const ports = { clock: systemClock, log: silentLogger, metrics: noMetrics };

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "gepa-tools-"));
  path = join(dir, "gepa.db");
});
afterEach(() => rm(dir, { recursive: true }));

const sqlite = (at = path) => openStore({ kind: "sqlite", path: at }, ports);

/** More rows than are copied at once, jobs in several states, and texts that no encoding may hurt. */
async function fill(store: Store): Promise<string[]> {
  const create = (job: Job) =>
    store.createJob({ job, idempotency: aRecord(`key of ${job.id}`), maxOpenJobsPerOwner: 100 });
  await create(aJob("waiting", { createdAt: CREATED_AT + 1 }));
  await create(aJob("running", { createdAt: CREATED_AT + 2 }));
  const { fence } = (await store.claim("running", "w1", CREATED_AT)) as Job;
  for (let i = 0; i < 3; i++) {
    const events = Array.from({ length: 200 }, (_, k) => anEvent(200 * i + k + 1));
    await store.append("running", fence, aWrite(events, { checkpoint: `state ${i} “Zürich” \\u0001 👋` }));
  }
  for (let i = 0; i < 250; i++) await store.recordCall(aCall("running", `k${String(i).padStart(3, "0")}`));
  await create(aJob("over", { createdAt: CREATED_AT + 3 }));
  await store.change("over", aCancel());
  return ["waiting", "running", "over"];
}

async function callsOf(store: Store, rootId: string): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for await (const row of store.calls(rootId)) rows.push(row);
  return rows.toSorted((a, b) => a.key.localeCompare(b.key));
}

/** All that can be asked of these jobs. */
async function contents(store: Store, jobIds: readonly string[]) {
  const one = async (id: string) => ({
    job: await store.getJob(id),
    checkpoint: await store.checkpoint(id),
    events: await store.events(id, 0, 10_000),
    calls: await callsOf(store, id),
    replay: await store.createJob({
      job: aJob("another"),
      idempotency: aRecord(`key of ${id}`),
      maxOpenJobsPerOwner: 100,
    }),
  });
  return Promise.all(jobIds.map(one));
}

describe("moving a store to Postgres", () => {
  let server: PostgresServer;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    database = await server.createDatabase();
  }, START_TIMEOUT_MS);
  afterEach(() => database.clear());
  afterAll(() => server.stop());

  const postgres = () => openStore({ kind: "postgres", url: database.url }, ports);
  const move = () => moveToPostgres(path, database.url, ports);

  test("both hold the same afterwards, but that what was running waits for a worker", async () => {
    const source = await sqlite();
    const ids = await fill(source);
    await source.close();
    expect(await move()).toEqual({
      jobs: 3,
      job_documents: expect.any(Number),
      events: 601,
      calls: 250,
      idempotency: 3,
    });
    const [before, after] = [await sqlite(), await postgres()];
    const wanted = await contents(before, ids);
    const running = wanted.find(({ job }) => job?.id === "running");
    expect(running?.job?.status).toBe("running");
    const expected = wanted.map((entry) =>
      entry === running ? { ...entry, job: { ...entry.job, status: "pending" } } : entry,
    );
    expect(await contents(after, ids)).toEqual(expected);
    const claimed = await after.claim("running", "w2", CREATED_AT);
    const next = await after.append("running", claimed?.fence ?? 0, aWrite([anEvent(1)]));
    expect(next.map((event) => event.id)).toEqual([601]);
    await Promise.all([before.close(), after.close()]);
  });

  test("a target that holds something is refused, and nothing is added to it", async () => {
    await (await sqlite()).close();
    const target = await postgres();
    await target.createJob({ job: aJob("theirs"), maxOpenJobsPerOwner: 9 });
    await expect(move()).rejects.toMatchObject({ message: expect.stringContaining("holds jobs already") });
    expect(await target.countJobs()).toMatchObject({ pending: 1 });
    await target.close();
  });

  test("a source that a server uses is refused, and so is one that is not there", async () => {
    await expect(move()).rejects.toMatchObject({ message: expect.stringContaining("no database at") });
    expect(existsSync(path)).toBe(false);
    const source = await sqlite();
    await expect(move()).rejects.toMatchObject({ message: expect.stringContaining("Another server uses") });
    await source.close();
  });

  test("a move that fails leaves the target empty, so that it can be made again", async () => {
    const source = await sqlite();
    const ids = await fill(source);
    await source.close();
    const broken = openConnection(path);
    broken.run("UPDATE events SET ts = 'not a time' WHERE id = 600", []); // SQLite keeps it, Postgres does not
    broken.close();
    await expect(move()).rejects.toThrow();
    const mended = openConnection(path);
    mended.run("UPDATE events SET ts = 1 WHERE id = 600", []);
    mended.close();
    const target = await postgres();
    expect(await target.countJobs()).toEqual(Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])));
    await target.close();
    expect((await move()).jobs).toBe(ids.length);
  });
});

describe("the tables that are moved", () => {
  test("are those of the schema, with every column", async () => {
    await (await sqlite()).close();
    const connection = openConnection(path);
    const columns = connection.all(
      `SELECT m.name AS "table", p.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) p
       WHERE m.type = 'table' AND m.name <> 'schema_version' ORDER BY m.name, p.cid`,
      [],
    );
    connection.close();
    const copied = TABLES.flatMap(({ name, columns }) => columns.map((column) => ({ table: name, column })));
    const order = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).toSorted();
    expect(order(copied)).toEqual(order(columns.map(({ table, column }) => ({ table, column }))));
  });
});

describe("a backup of a SQLite file", () => {
  test("is a whole store of its own", async () => {
    const source = await sqlite();
    const ids = await fill(source);
    await source.close();
    const copy = join(dir, "copy.db");
    await backUpSqlite(path, copy);
    const [before, after] = [await sqlite(), await sqlite(copy)];
    expect(await contents(after, ids)).toEqual(await contents(before, ids));
    await Promise.all([before.close(), after.close()]);
  });

  test("overwrites nothing, and is not made of a store in use or one that is not there", async () => {
    const copy = join(dir, "copy.db");
    await expect(backUpSqlite(path, copy)).rejects.toThrow("no database at");
    const source = await sqlite();
    await expect(backUpSqlite(path, copy)).rejects.toThrow("Another server uses");
    await source.close();
    await writeFile(copy, "precious");
    await expect(backUpSqlite(path, copy)).rejects.toThrow("there already");
    await expect(backUpSqlite(path, join(dir, "nowhere", "copy.db"))).rejects.toThrow("could not be written");
  });
});
