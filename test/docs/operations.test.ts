import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../src/storage/migrate.ts";
import { openConnection } from "../../src/storage/sqlite/connection.ts";
import { type Block, type BlockClass, documents } from "../support/documents.ts";
import { installedPostgres, type PostgresServer, startOwnPostgres } from "../support/postgres.ts";
import { blocksOf, newReader, type Reader, readmeServer, SERVICE, type ShellEnv } from "./reader.ts";

const DOCUMENT = "docs/OPERATIONS.md";

/** A job ends within a few seconds, or many where the machine is busy. */
const JOB_LIMIT_MS = 60_000;

/** The port that the document gives to a worker. */
const WORKER_PORT = 8001;

/** Settings of an operator who has no provider and no tokens. */
const OF_ALL_NODES = {
  REQUIRE_AUTH: "false",
  TARGET_MODEL_DEFAULT: "demo/target",
  JUDGE_MODEL_ID: "demo/judge",
};

let postgres: PostgresServer;
let bin: string;
beforeAll(async () => {
  bin = installedPostgres();
  postgres = await startOwnPostgres({ bin });
});
afterAll(() => postgres.stop());

let reader: Reader;
beforeEach(async () => {
  reader = await newReader();
});
afterEach(() => reader.leave());

/** The blocks of one class under a heading, which must be as many as a test runs. */
function blocks<const N extends readonly string[]>(
  heading: string,
  kind: BlockClass,
  names: N,
): { readonly [K in N[number]]: Block } {
  const found = blocksOf(DOCUMENT, kind).filter((block) => block.heading === heading);
  expect(found.length, `${kind} blocks under "${heading}": ${names.join(", ")}`).toBe(names.length);
  return Object.fromEntries(names.map((name, i) => [name, found[i]])) as { [K in N[number]]: Block };
}

/** The shell of an operator whose Postgres holds nothing yet. */
async function emptyDatabase(): Promise<ShellEnv> {
  const { url } = await postgres.createDatabase();
  return { DATABASE_URL: url, PATH: [bin, process.env.PATH].join(delimiter) };
}

/** Creates a job of so many iterations; gives its id. */
async function createJob(iterations: number): Promise<string> {
  const answer = await fetch(`${SERVICE}/v1/optimize?iterations=${iterations}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Answer in short.", examples: [{ input: "2 + 2", ideal: "4" }] }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { readonly job_id: string }).job_id;
}

/** Status of a job; undefined where the service has no such job. */
async function statusOf(id: string): Promise<string | undefined> {
  const answer = await fetch(`${SERVICE}/v1/optimize/${id}`);
  if (answer.status === 404) return undefined;
  return ((await answer.json()) as { readonly status: string }).status;
}

const untilFinished = (id: string) =>
  expect.poll(() => statusOf(id), { timeout: JOB_LIMIT_MS, interval: 50 }).toBe("finished");

async function finishedJob(): Promise<string> {
  const id = await createJob(1);
  await untilFinished(id);
  return id;
}

/** Leaves the data folder as a newer version does whose tables differ. */
function upgradeTables(): void {
  const db = openConnection(join(reader.folder, ".gepa-next/gepa.db"));
  db.run("INSERT INTO schema_version (version, applied_at) VALUES ($1, 0)", [SCHEMA_VERSION + 1]);
  db.close();
}

describe(`the operator's commands of ${DOCUMENT}`, () => {
  it("stand where these tests look for them", () => {
    const kinds = ["operate", "operatePostgres"] as const;
    const all = documents().flatMap((document) => kinds.flatMap((kind) => blocksOf(document, kind)));
    const places = new Set(all.map((block) => `${block.document} ${block.heading}`));
    const known = ["Postgres", "SQLite", "Over Postgres", "From SQLite to Postgres", "Upgrades"];
    expect([...places].sort()).toEqual(known.map((heading) => `${DOCUMENT} ${heading}`).sort());
  });

  it("spread one service over nodes", async () => {
    const { api, worker } = blocks("Postgres", "operatePostgres", ["api", "worker"]);
    const env = { ...(await emptyDatabase()), ...OF_ALL_NODES };
    await reader.start(api, env);
    const id = await createJob(1);
    expect(await statusOf(id)).toBe("pending");
    await reader.start(worker, env, WORKER_PORT);
    await untilFinished(id);
    expect((await fetch(`http://127.0.0.1:${WORKER_PORT}/v1/optimize/${id}`)).status).toBe(501);
  });

  it("bring a data folder back to its backup", async () => {
    const { backUp, restore } = blocks("SQLite", "operate", ["backUp", "restore"]);
    await reader.start(readmeServer());
    const kept = await finishedJob();
    await reader.stop();
    await reader.run([backUp]);
    await reader.start(readmeServer());
    const later = await finishedJob();
    await reader.stop();
    await reader.run([restore]);
    await reader.start(readmeServer());
    expect([await statusOf(kept), await statusOf(later)]).toEqual(["finished", undefined]);
  });

  it("upgrade a data folder, and go back where the new version has changed its tables", async () => {
    const { backUp } = blocks("Upgrades", "operate", ["backUp"]);
    const { start } = blocks("Upgrades", "server", ["start"]);
    const { restore } = blocks("SQLite", "operate", ["backUp", "restore"]);
    await reader.start(readmeServer());
    const kept = await finishedJob();
    await reader.stop();
    await reader.run([backUp]);
    await writeFile(join(reader.folder, ".env"), "REQUIRE_AUTH=false\n");
    await reader.start(start);
    expect(await statusOf(kept)).toBe("finished");
    await reader.stop();
    upgradeTables();
    await expect(reader.start(start)).rejects.toThrow("written by a newer gepa-next");
    await reader.run([restore]);
    await reader.start(start);
    expect(await statusOf(kept)).toBe("finished");
  });

  it("copy a Postgres database under a running service, and bring it back", async () => {
    const { dump, restore } = blocks("Over Postgres", "operatePostgres", ["dump", "restore"]);
    const env = await emptyDatabase();
    await reader.start(readmeServer(), env);
    const kept = await finishedJob();
    const under = await createJob(3);
    await reader.run([dump], env);
    await untilFinished(under);
    const later = await finishedJob();
    await reader.stop();
    await reader.run([restore], env);
    await reader.start(readmeServer(), env);
    expect([await statusOf(kept), await statusOf(later)]).toEqual(["finished", undefined]);
    await untilFinished(under); // by a queue that was not in the copy
    await finishedJob();
  });

  it("move a data folder to Postgres, where unfinished jobs go on", async () => {
    const { move } = blocks("From SQLite to Postgres", "operatePostgres", ["move"]);
    const env = await emptyDatabase();
    await reader.start(readmeServer());
    const kept = await finishedJob();
    const under = await createJob(5);
    await reader.stop();
    expect(await reader.run([move], env)).toMatch(/^jobs +2$/m);
    await reader.start(readmeServer(), env);
    expect(await statusOf(kept)).toBe("finished");
    await untilFinished(under);
  });
});
