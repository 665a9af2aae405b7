import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { noMetrics } from "../../../src/base/metrics.ts";
import type { JobQueue } from "../../../src/storage/queue.ts";
import { openStorage, openStore, type Storage } from "../../../src/storage/registry.ts";
import type { Store } from "../../../src/storage/store.ts";
import { aCancel, aJob, anEvent, aRequestTo, aWrite, CREATED_AT } from "../../support/jobs.ts";
import { type PostgresServer, startPostgres, type TestDatabase } from "../../support/postgres.ts";

/** A cluster is made in a second, or in many where the machine is busy. */
const START_TIMEOUT_MS = 60_000;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, START_TIMEOUT_MS);
afterAll(() => server.stop());

const ports = { clock: systemClock, log: silentLogger, metrics: noMetrics };

let database: TestDatabase;
let node: Storage & { readonly queue: JobQueue };
let store: Store;
beforeEach(async () => {
  database = await server.createDatabase();
  node = await openNode();
  store = node.store;
}, START_TIMEOUT_MS);
afterEach(async () => {
  await closeNode(node);
  await database.drop();
});

async function openNode(): Promise<typeof node> {
  const { store, queue } = await openStorage({ kind: "postgres", url: database.url }, ports);
  if (queue === undefined) throw new Error("Postgres has a queue");
  return { store, queue };
}

async function closeNode({ store, queue }: typeof node): Promise<void> {
  await queue.stop();
  await store.close();
}

const create = (id: string, over: Store = store) =>
  over.createJob({ job: aJob(id), maxOpenJobsPerOwner: 100 });

/** Runs one statement past the store. */
async function ask(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}

/** Takes jobs, and lets the test wait for them and decide how each ends. */
function taker(queue: JobQueue) {
  const taken: string[] = [];
  let heard = (): void => undefined;
  let answer: (jobId: string, signal: AbortSignal) => Promise<void> = async () => undefined;
  return {
    taken,
    start: (atOnce = 4) =>
      queue.take(atOnce, (jobId, signal) => {
        taken.push(jobId);
        heard();
        return answer(jobId, signal);
      }),
    answerWith(fn: typeof answer) {
      answer = fn;
    },
    /** Resolves once so many were taken. */
    async until(count: number) {
      while (taken.length < count) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    },
  };
}

/** A handler that ends when the test says so. */
function held() {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { handler: () => ended, end: () => end() };
}

describe("the queue over Postgres", () => {
  test("hands out each job that was created, once, on one of the nodes", async () => {
    const other = await openNode();
    const [one, two] = [taker(node.queue), taker(other.queue)];
    await Promise.all([one.start(), two.start()]);
    const ids = Array.from({ length: 12 }, (_, i) => `j${i}`);
    for (const id of ids) await create(id);
    await expect.poll(() => one.taken.length + two.taken.length, { timeout: 10_000 }).toBe(ids.length);
    await closeNode(other); // waits for the handlers
    expect([...one.taken, ...two.taken].toSorted()).toEqual(ids.toSorted());
  });

  test("hands a job out again when its handler could not finish", async () => {
    const { taken, start, answerWith, until } = taker(node.queue);
    answerWith(async () => {
      if (taken.length < 3) throw new Error("not this time");
    });
    await start();
    await create("j1");
    await until(3);
    await node.queue.stop();
    expect(taken).toEqual(["j1", "j1", "j1"]);
  });

  test("brings a job that is resumed while its last run still ends, when that has ended", async () => {
    const { taken, start, answerWith, until } = taker(node.queue);
    const first = held();
    answerWith(first.handler);
    await start();
    await create("j1");
    await until(1);
    const claimed = await store.claim("j1", "w1", CREATED_AT);
    await store.change("j1", aRequestTo("pause"));
    await store.append("j1", claimed?.fence ?? 0, aWrite([anEvent(1)], { status: "paused" }));
    await store.change("j1", {
      nowMs: CREATED_AT,
      from: ["paused"],
      to: "pending",
      bumpFence: false,
      events: [],
    });
    answerWith(async () => undefined);
    expect(taken).toEqual(["j1"]);
    first.end();
    await until(2);
    expect(taken).toEqual(["j1", "j1"]);
  });

  test("puts back what it does not know, and only that", async () => {
    const past = await openStore({ kind: "postgres", url: database.url }, ports);
    await create("known");
    for (const id of ["pending", "running", "cancelled"]) await create(id, past);
    await past.claim("running", "a worker that is gone", CREATED_AT);
    await past.change("cancelled", aCancel());
    await past.close();
    expect(await node.queue.refill()).toBe(2);
    expect(await node.queue.refill()).toBe(0);
    const { taken, start, until } = taker(node.queue);
    await start();
    await until(3);
    expect(taken.toSorted()).toEqual(["known", "pending", "running"]);
  });

  test("says which of the jobs at hand are still ours", async () => {
    const { start, answerWith, until } = taker(node.queue);
    const all = held();
    answerWith(all.handler);
    await start();
    expect(await node.queue.beat()).toEqual(new Set());
    await create("mine");
    await create("lost");
    await until(2);
    expect(await node.queue.beat()).toEqual(new Set(["mine", "lost"]));
    // What the queue's supervision does to a job whose worker is silent, and another worker after it.
    await ask("UPDATE gepa_queue.job SET retry_count = retry_count + 1 WHERE singleton_key = 'lost'");
    expect(await node.queue.beat()).toEqual(new Set(["mine"]));
    all.end();
  });

  test("aborts the signal of a job that was given to somebody else", async () => {
    const { start, answerWith, until } = taker(node.queue);
    const aborted = new Promise<void>((resolve) => {
      answerWith(
        (_jobId, signal) =>
          new Promise((end) =>
            signal.addEventListener("abort", () => {
              resolve();
              end();
            }),
          ),
      );
    });
    await start();
    await create("j1");
    await until(1);
    await ask("UPDATE gepa_queue.job SET retry_count = retry_count + 1");
    await aborted;
  }, 15_000);
});
