import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/base/log.ts";
import { noMetrics } from "../../../src/base/metrics.ts";
import { SCHEMA_VERSION } from "../../../src/storage/migrate.ts";
import { openStore } from "../../../src/storage/registry.ts";
import { openConnection } from "../../../src/storage/sqlite/connection.ts";
import { describeDurableStore, describeStore } from "../../contract/store.ts";
import type { StorePlace } from "../../contract/store/under-test.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { aJob } from "../../support/jobs.ts";

const ports = { clock: createFakeClock(), log: silentLogger, metrics: noMetrics };

async function newFilePlace(): Promise<StorePlace> {
  const dir = await mkdtemp(join(tmpdir(), "gepa-store-"));
  return {
    open: () => openStore({ kind: "sqlite", path: join(dir, "data", "gepa.db") }, ports),
    remove: () => rm(dir, { recursive: true }),
  };
}

describeStore("SQLite in a file", newFilePlace);
describeDurableStore("SQLite in a file", newFilePlace);
describeStore("SQLite in memory", async () => ({
  open: () => openStore({ kind: "sqlite", path: ":memory:" }, ports),
  remove: async () => undefined,
}));

describe("opening a SQLite file", () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "gepa-store-"));
    path = join(dir, "gepa.db");
  });
  afterEach(() => rm(dir, { recursive: true }));

  test("a second server on the same file is refused, and the first one goes on", async () => {
    const store = await openStore({ kind: "sqlite", path }, ports);
    await expect(openStore({ kind: "sqlite", path }, ports)).rejects.toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining("Another server uses this data directory"),
    });
    await store.createJob({ job: aJob("j1"), maxOpenJobsPerOwner: 1 });
    await store.close();
    const next = await openStore({ kind: "sqlite", path }, ports);
    expect((await next.getJob("j1"))?.id).toBe("j1");
    await next.close();
  });

  test("the lock holds against another process too", async () => {
    const store = await openStore({ kind: "sqlite", path }, ports);
    const script = `
      import Database from "libsql";
      try {
        new Database(process.argv[1]).exec("BEGIN IMMEDIATE");
      } catch (error) {
        process.stdout.write(error.code);
      }`;
    const args = ["--input-type=module", "--eval", script, path];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toBe("SQLITE_BUSY");
    await store.close();
  });

  test("data of a newer version are refused and not touched", async () => {
    await openStore({ kind: "sqlite", path }, ports).then((store) => store.close());
    const connection = openConnection(path);
    connection.run("INSERT INTO schema_version (version, applied_at) VALUES ($1, 0)", [SCHEMA_VERSION + 1]);
    connection.close();
    await expect(openStore({ kind: "sqlite", path }, ports)).rejects.toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining(
        `schema ${SCHEMA_VERSION + 1}; this one knows up to ${SCHEMA_VERSION}`,
      ),
    });
    openConnection(path).close(); // the refused one has let go
  });

  test("a file that is no database is refused by name", async () => {
    await writeFile(path, "no database at all ".repeat(100));
    await expect(openStore({ kind: "sqlite", path }, ports)).rejects.toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining(`${path} is not a readable gepa-next database`),
    });
  });

  test("a path that can not be opened is refused by name", async () => {
    await expect(openStore({ kind: "sqlite", path: dir }, ports)).rejects.toMatchObject({
      reason: "storage_unavailable",
      message: expect.stringContaining(`${dir} can not be opened`),
    });
  });

  test("a new data directory is for its user alone", async () => {
    const inner = join(dir, "data");
    const store = await openStore({ kind: "sqlite", path: join(inner, "gepa.db") }, ports);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
    await store.close();
  });
});
