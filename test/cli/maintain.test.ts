import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { openStore, type StoreLocation } from "../../src/storage/registry.ts";
import { aJob } from "../support/jobs.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { ROOT } from "../support/source-tree.ts";

/** A process starts within a second, or many where the machine is busy. */
const PROCESS_TIMEOUT_MS = 60_000;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, PROCESS_TIMEOUT_MS);
afterAll(() => server.stop());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gepa-cli-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the program as a shell would, with nothing of the configuration of whoever runs the tests. */
function gepa(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const line = ["--import", import.meta.resolve("tsx"), join(ROOT, "src/cli/main.ts"), ...args];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH ?? "", ...env } };
    execFile(process.execPath, line, options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const open = (location: StoreLocation) =>
  openStore(location, { clock: systemClock, log: silentLogger, metrics: noMetrics });

/** A data folder with one job. */
async function aDataFolder(): Promise<string> {
  const data = join(folder, "data");
  const store = await open({ kind: "sqlite", path: join(data, "gepa.db") });
  await store.createJob({ job: aJob("j1"), maxOpenJobsPerOwner: 9 });
  await store.close();
  return data;
}

async function jobsIn(location: StoreLocation): Promise<number> {
  const store = await open(location);
  const counts = await store.countJobs().finally(() => store.close());
  return counts.pending;
}

describe("gepa-next backup", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("writes a file that a service starts from, and never over another one", async () => {
    const data = await aDataFolder();
    expect(await gepa(["backup", "copy.db", "--data-dir", data])).toEqual({
      code: 0,
      out: "Wrote copy.db.\n",
      err: "",
    });
    expect(await jobsIn({ kind: "sqlite", path: join(folder, "copy.db") })).toBe(1);
    const again = await gepa(["backup", "copy.db"], { DATA_DIR: data });
    expect(again.code).toBe(1);
    expect(again.err).toContain("is there already");
  });

  it("says so where the service still runs", async () => {
    const data = await aDataFolder();
    const store = await open({ kind: "sqlite", path: join(data, "gepa.db") });
    const { code, err } = await gepa(["backup", "copy.db", "--data-dir", data]);
    await store.close();
    expect(code).toBe(1);
    expect(err).toMatch(/^gepa-next: Another server uses this data directory/);
  });
});

describe("gepa-next migrate", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("moves everything to the address given, says what, and refuses to do it twice", async () => {
    const data = await aDataFolder();
    const { url } = await server.createDatabase();
    const moved = await gepa(["migrate", "--to", url, "--data-dir", data]);
    expect(moved).toMatchObject({ code: 0, err: "" });
    expect(moved.out).toMatch(/^jobs +1$/m);
    expect(await jobsIn({ kind: "postgres", url })).toBe(1);
    const again = await gepa(["migrate", "--data-dir", data], { DATABASE_URL: url });
    expect(again.code).toBe(1);
    expect(again.err).toContain("holds jobs already");
  });

  it("asks where to, and refuses what is no address", async () => {
    const data = await aDataFolder();
    expect((await gepa(["migrate", "--data-dir", data])).err).toContain("where to?");
    const wrong = await gepa(["migrate", "--to", "mysql://user:hunter2@db/gepa", "--data-dir", data]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("postgres://user:password@host");
    expect(wrong.err).not.toContain("hunter2");
  });
});
