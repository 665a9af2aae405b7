import { createParser } from "eventsource-parser";
import pg from "pg";
import { onTestFinished } from "vitest";
import { freePort } from "../../clients/service.ts";
import { type OwnPostgresServer, startOwnPostgres } from "../../support/postgres.ts";
import { type Address, createSurely, specOf, type Watch, watchGrpc, watchSse } from "../jobs.ts";
import { type Program, start, temporaryFolder } from "../program.ts";
import type { Provider } from "../provider.ts";

/** A Postgres of the test's own, and an empty database in it. */
export interface Base {
  readonly server: OwnPostgresServer;
  readonly url: string;
  /** Runs one statement past the service. */
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Starts both; they end with the test. */
export async function startBase(): Promise<Base> {
  const server = await startOwnPostgres();
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
export async function fences(base: Base): Promise<Map<string, { worker: string; fence: number }>> {
  const rows = await base.ask("SELECT id, worker, fence::int FROM jobs WHERE status = 'running'");
  return new Map(
    rows.map(({ id, worker, fence }) => [String(id), { worker: String(worker), fence: Number(fence) }]),
  );
}
