import { describe, expect, it } from "vitest";
import { createSurely, jobOf, logOf, post, specOf } from "../jobs.ts";
import { pause, type Program, tell } from "../program.ts";
import { type Provider, startProvider } from "../provider.ts";
import { type Base, checkLogs, createJobs, startBase, startNode } from "./cluster.ts";

const JOBS = 4;
const ITERATIONS = 3;

/** How long the database is away. */
const OUTAGE_MS = 30_000;

/** From the database's return until jobs go on: the lease of their rows is over, what is left is to notice. */
const RESUME_LIMIT_MS = 15_000;

/** How often connections are cut, and the time between. */
const CUTS = 8;
const BETWEEN_CUTS_MS = 1_000;

async function startCluster() {
  const base = await startBase();
  const provider = await startProvider({ latencyMs: 1_000 });
  const api = await startNode(base, provider, { role: "api", life: 0 });
  const worker = await startNode(base, provider, { role: "worker", life: 1 });
  return { base, provider, api, worker };
}

/** Asks until an answer comes; connections of the client may break off with the server's. */
async function ask(url: string, init?: RequestInit): Promise<Response> {
  for (;;) {
    const answer = await fetch(url, init).catch(() => undefined);
    if (answer !== undefined) return answer;
    await pause(50);
  }
}

/** Calls paid more than once: at most those that were given up before they were answered. */
async function repeatedCalls(base: Base, { calls }: Provider): Promise<number> {
  const [row] = await base.ask("SELECT COUNT(*)::int AS n FROM calls");
  const repeated = calls.length - Number(row?.n);
  expect(repeated).toBeLessThanOrEqual(calls.filter((call) => call.dropped).length);
  return repeated;
}

const eventsIn = async (base: Base) => Number((await base.ask("SELECT COUNT(*) AS n FROM events"))[0]?.n);

describe("a database that is away", () => {
  it("is told to callers as 503, and costs jobs nothing but time", async () => {
    const { base, provider, api } = await startCluster();
    const jobs = await createJobs([api, api], JOBS, ITERATIONS);
    await pause(3_000);
    const before = await eventsIn(base);
    const paidBefore = provider.calls.length;
    await base.server.halt();
    const gone = Date.now();

    const late = createSurely(api, specOf(100, 1), "created-while-away");
    const refusal = await ask(`${api.url}/v1/optimize/${jobs[0]?.id}`);
    expect(refusal.status).toBe(503);
    expect(await refusal.json()).toMatchObject({ error: { code: "storage_unavailable" } });
    expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(0);
    const create = await post(api, specOf(101, 1), "refused");
    expect(create.status).toBe(503);
    expect((await ask(`${api.url}/v1/readyz`)).status).toBe(503);
    expect((await ask(`${api.url}/v1/healthz`)).status).toBe(200);

    await pause(OUTAGE_MS - 10_000 - (Date.now() - gone));
    const paidThen = provider.calls.length;
    await pause(OUTAGE_MS - (Date.now() - gone));
    expect(provider.calls.length, "calls made while nothing can be recorded").toBe(paidThen);

    await base.server.resume();
    const back = Date.now();
    while ((await eventsIn(base)) === before) await pause(100);
    const resumed = Date.now() - back;
    provider.hurry();
    expect((await ask(`${api.url}/v1/readyz`)).status).toBe(200);
    const lateId = await late;
    const events = await checkLogs(api, jobs);
    expect((await logOf(api, lateId)).at(-1)?.type).toBe("finished");
    expect(await base.ask("SELECT COUNT(*)::int AS n FROM jobs")).toEqual([{ n: JOBS + 1 }]);
    const repeated = await repeatedCalls(base, provider);
    tell(
      `database away for ${OUTAGE_MS / 1000} s: ${JOBS} jobs went on ${resumed} ms after its return, ${events} events, ` +
        `0 lost; ${repeated} of ${provider.calls.length} calls paid again ` +
        `(${paidThen - paidBefore} were still made when it went)`,
    );
    expect(resumed).toBeLessThanOrEqual(RESUME_LIMIT_MS);
  });

  it("may cut every connection again and again", async () => {
    const { base, provider, api, worker } = await startCluster();
    const jobs = await createJobs([api, api], JOBS, ITERATIONS);
    for (let cut = 0; cut < CUTS; cut++) {
      await pause(BETWEEN_CUTS_MS);
      await base.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
      );
    }
    provider.hurry();
    const events = await checkLogs(api, jobs);
    for (const node of [api, worker] satisfies Program[]) {
      expect((await ask(`${node.url}/v1/readyz`)).status).toBe(200);
    }
    for (const { id } of jobs) expect((await jobOf(api, id)).status).toBe("finished");
    const repeated = await repeatedCalls(base, provider);
    tell(
      `connections cut ${CUTS} times: ${JOBS} jobs, ${events} events, 0 lost; ` +
        `${repeated} of ${provider.calls.length} calls paid again`,
    );
  });
});
