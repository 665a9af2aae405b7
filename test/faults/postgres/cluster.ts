import { createParser } from "eventsource-parser";
import pg from "pg";
import { expect, onTestFinished } from "vitest";
import { freePort } from "../../clients/service.ts";
import { type OwnPostgresOptions, type OwnPostgresServer, startOwnPostgres } from "../../support/postgres.ts";
import { type Address, createSurely, logOf, specOf, type Watch, watchGrpc, watchSse } from "../jobs.ts";
import { pause, type Program, start, temporaryFolder } from "../program.ts";
import type { Provider } from "../provider.ts";

/** A Postgres of the test's own, and an empty database in it. */
export interface Base {
  readonly server: OwnPostgresServer;
  readonly url: string;
  /** Runs one statement past the service. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Starts both; they end with the test. */
export async function startBase(options: OwnPostgresOptions = {}): Promise<Base> {
  const server = await startOwnPostgres(options);
  onTestFinished(() => server.stop());
  const { url } = await server.createDatabase();
  return {
    server,
    url,
    async ask(sql) {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => undefined); // a test cuts connections, its own included
      await client.connect();
      return (await client.query(sql).finally(() => client.end())).rows as Record<string, unknown>[];
    },
  };
}

/** How a node differs from the others. */
export interface NodeOptions {
  readonly role: "api" | "worker" | "all";
  /** Number that goes with its model calls. */
  readonly life: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a node over the database. */
export async function startNode(base: Base, provider: Provider, options: NodeOptions): Promise<Program> {
  const [dataDir, port] = [await temporaryFolder(), await freePort()];
  const env = { DATABASE_URL: base.url, SERVE_ROLE: options.role, ...provider.env(options.life) };
  const node = start({ dataDir, port, env: { ...env, LOG_LEVEL: "info", ...options.env } });
  await node.ready;
  return node;
}

/** A job, watched through two nodes by two protocols. */
export interface WatchedJob {
  readonly desk: number;
  readonly id: string;
  readonly watches: readonly Watch[];
}

/** Creates job after job on one node after the other, each watched through all of them. */
export async function createJobs(
  nodes: readonly Address[],
  count: number,
  iterations: number,
): Promise<WatchedJob[]> {
  const jobs: WatchedJob[] = [];
  for (let desk = 0; desk < count; desk++) {
    const id = await createSurely(
      nodes[desk % nodes.length] as Address,
      specOf(desk, iterations),
      `d${desk}`,
    );
    const watches = nodes.map((node, i) => ((i + desk) % 2 === 0 ? watchSse : watchGrpc)(node, id));
    jobs.push({ desk, id, watches });
  }
  return jobs;
}

/** Collects how long events take from their writing to a watcher, live ones alone. Ends with the test. */
export function measureDelays(node: Address, jobIds: readonly string[]): readonly number[] {
  const delays: number[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const watch = async (jobId: string) => {
    const response = await fetch(`${node.url}/v1/optimize/${jobId}/events`, { signal: stop.signal });
    const begun = Date.now();
    const parser = createParser({
      onEvent: ({ id, data }) => {
        const written = Math.round((JSON.parse(data) as { readonly ts: number }).ts * 1000);
        if (id !== undefined && written > begun) delays.push(Date.now() - written);
      },
    });
    const text = new TextDecoder();
    for await (const part of response.body ?? []) parser.feed(text.decode(part, { stream: true }));
  };
  for (const jobId of jobIds) watch(jobId).catch(() => undefined); // a stream that breaks measures no more
  return delays;
}

/** How often the lag is looked at. */
const LAG_MS = 20;

/** Collects how much later than asked for a timer of this process fires: what the machine adds to every wait. */
export function measureLag(): readonly number[] {
  const lags: number[] = [];
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    lags.push(Math.max(0, now - last - LAG_MS));
    last = now;
  }, LAG_MS);
  onTestFinished(() => clearInterval(timer));
  return lags;
}

/** The value that a share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Which worker has which fence of each job that runs. */
async function fences(base: Base): Promise<Map<string, { worker: string; fence: number }>> {
  const rows = await base.ask("SELECT id, worker, fence::int FROM jobs WHERE status = 'running'");
  return new Map(
    rows.map(({ id, worker, fence }) => [String(id), { worker: String(worker), fence: Number(fence) }]),
  );
}

/** A worker that is gone is noticed within this, or never; how long it took is printed, not asserted. */
const TAKEOVER_LIMIT_MS = 30_000;

/** Waits until none of the jobs is under the fence it had; gives how long each took that goes on. */
export async function takeovers(base: Base, had: ReadonlyMap<string, number>): Promise<number[]> {
  const began = Date.now();
  const times: number[] = [];
  const left = new Map(had);
  while (left.size > 0) {
    const now = await fences(base);
    for (const [id, fence] of left) {
      const running = now.get(id);
      if (running !== undefined && running.fence === fence) continue;
      left.delete(id);
      if (running !== undefined) times.push(Date.now() - began); // else it had just ended
    }
    if (Date.now() - began > TAKEOVER_LIMIT_MS) throw new Error(`never taken over: ${[...left.keys()]}`);
    await pause(50);
  }
  return times;
}

/** The jobs a process runs now, with their fences. */
export async function jobsOf(base: Base, { pid }: Program): Promise<Map<string, number>> {
  const mine = [...(await fences(base))].filter(([, { worker }]) => worker.endsWith(`-${pid}`));
  return new Map(mine.map(([id, { fence }]) => [id, fence]));
}

/** Waits until the jobs have ended: every watcher saw the whole log, each event once, in order, with one end. Gives the number of events. */
export async function checkLogs(node: Address, jobs: readonly WatchedJob[]): Promise<number> {
  let events = 0;
  for (const { id, desk, watches } of jobs) {
    await Promise.all(watches.map((watch) => watch.ended));
    const log = await logOf(node, id);
    expect(
      log.map((event) => event.id),
      `desk ${desk}`,
    ).toEqual(log.map((_, i) => i + 1));
    const ends = log.filter(({ type }) => ["finished", "failed", "cancelled"].includes(type));
    expect(
      ends.map(({ type }) => type),
      `desk ${desk}`,
    ).toEqual(["finished"]);
    for (const { seen } of watches) expect(seen, `desk ${desk}`).toEqual(log);
    events += log.length;
  }
  return events;
}
