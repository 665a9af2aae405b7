import { describe, expect, it } from "vitest";
import { LEASE_MS } from "../../../src/storage/queue.ts";
import { callsOf, openCalls, timeCancels } from "../cancels.ts";
import {
  type Address,
  createSurely,
  jobOf,
  logOf,
  type SeenEvent,
  specOf,
  tellJob,
  watchGrpc,
  watchSse,
} from "../jobs.ts";
import { pause, tell } from "../program.ts";
import { type Provider, startProvider } from "../provider.ts";
import { type Base, checkLogs, createJobs, jobsOf, startBase, startNode, takeovers } from "./cluster.ts";

/** Far more than a job gets done here. */
const MANY_ITERATIONS = 500;

/** Jobs under nodes that go, and the length of each: so many that they run when their worker is told to stop. */
const JOBS = 6;
const ITERATIONS = 4;

/** A machine with other work takes its time. */
const POLL = { timeout: 30_000, interval: 10 };

/** Calls a job may have in flight. */
const CALLS_AT_ONCE = 8;

/** So long nobody may ask anything for a job that rests. */
const REST_MS = 1_000;

/** Two nodes that answer calls and run nothing, two that run jobs. */
async function startCluster(latencyMs: number) {
  const base = await startBase();
  const provider = await startProvider({ latencyMs });
  const node = (role: "api" | "worker", life: number) =>
    startNode(base, provider, { role, life, env: { MODEL_CONCURRENCY: String(CALLS_AT_ONCE) } });
  const [near, far, first, second] = await Promise.all([
    node("api", 0),
    node("api", 1),
    node("worker", 2),
    node("worker", 3),
  ]);
  return { base, provider, apis: [near, far] as const, workers: [first, second] as const };
}

const recordedIn = async (base: Base) => Number((await base.ask("SELECT COUNT(*) AS n FROM calls"))[0]?.n);

const count = (events: readonly SeenEvent[], type: string) =>
  events.filter((event) => event.type === type).length;

const untilAsked = (provider: Provider, desk: number, calls: number) =>
  expect.poll(() => callsOf(provider, desk).length, POLL).toBeGreaterThan(calls);

describe("jobs that are steered through nodes that do not run them", () => {
  it("rest, go on with another worker, and stop with the best so far; nothing is paid twice", async () => {
    const { base, provider, apis, workers } = await startCluster(200);
    const [near, far] = apis;
    const id = await createSurely(near, specOf(0, MANY_ITERATIONS), "steered");
    const watches = [watchSse(near, id), watchGrpc(far, id)];
    await untilAsked(provider, 0, 100);
    const owners = await Promise.all(workers.map(async (worker) => (await jobsOf(base, worker)).has(id)));
    expect(owners.filter(Boolean).length).toBe(1);
    const owner = workers[owners.indexOf(true)];

    let asked = Date.now();
    expect(await tellJob(near, id, "pause")).toMatchObject({ requested: "pause" });
    await expect.poll(async () => (await jobOf(far, id)).status, POLL).toBe("paused");
    const paused = Date.now() - asked;
    const atRest = callsOf(provider, 0);
    expect(openCalls(atRest)).toEqual([]);
    expect(await recordedIn(base), "answers to calls under way").toBe(atRest.length);
    await pause(REST_MS);
    expect(callsOf(provider, 0).length, "calls for a job that rests").toBe(atRest.length);

    owner?.signal("SIGTERM");
    expect(await owner?.ended).toBe(0);
    asked = Date.now();
    await tellJob(far, id, "resume");
    await untilAsked(provider, 0, atRest.length);
    const resumed = Date.now() - asked;
    await untilAsked(provider, 0, atRest.length + 100);

    asked = Date.now();
    expect(await tellJob(near, id, "stop")).toMatchObject({ requested: "stop" });
    await Promise.all(watches.map((watch) => watch.ended));
    const stopped = Date.now() - asked;
    expect(await jobOf(far, id)).toMatchObject({
      status: "finished",
      result: { stop_reason: "stopped", prompt: expect.stringContaining("desk 0") },
    });
    const report = await fetch(`${far.url}/v1/optimize/${id}/report`);
    expect(report.status).toBe(200);
    const log = await logOf(far, id);
    expect(log.map((event) => event.id)).toEqual(log.map((_, i) => i + 1));
    for (const { seen } of watches) expect(seen).toEqual(log);
    const times = ["paused", "resumed", "final", "finished"].map((type) => count(log, type));
    expect(times).toEqual([1, 1, 1, 1]);
    const paid = callsOf(provider, 0).length;
    expect(await recordedIn(base)).toBe(paid);
    tell(
      `through another node: paused after ${paused} ms, its next call ${resumed} ms after resume, ` +
        `reported ${stopped} ms after stop; ${paid} calls, each paid once`,
    );
  });

  it("end at once when they are cancelled", async () => {
    const { provider, apis } = await startCluster(60_000);
    await timeCancels(apis[0], apis[1], provider);
  });
});

describe("nodes that go", () => {
  it("cost watchers nothing where one that serves calls is killed; a worker told to stop hands its jobs over at once", async () => {
    const { base, provider, apis, workers } = await startCluster(500);
    const [near, far] = apis;
    const [leaving] = workers;
    let reached = near;
    const balancer: Address = {
      get port() {
        return reached.port;
      },
      get url() {
        return reached.url;
      },
    };
    const jobs = await createJobs([balancer, balancer], JOBS, ITERATIONS);
    const watches = jobs.flatMap((job) => job.watches);
    await expect.poll(() => Math.min(...watches.map(({ seen }) => seen.length)), POLL).toBeGreaterThan(1);
    const seen = watches.map((watch) => watch.seen.length);

    near.signal("SIGKILL");
    await near.ended;
    reached = far;
    let asked = Date.now();
    const sawMore = () => watches.every((watch, i) => watch.seen.length > (seen[i] ?? 0));
    await expect.poll(sawMore, POLL).toBe(true);
    tell(
      `node with ${watches.length} watchers killed: each saw more at another after ${Date.now() - asked} ms`,
    );

    const had = await jobsOf(base, leaving);
    expect(had.size).toBeGreaterThan(0);
    asked = Date.now();
    leaving.signal("SIGTERM");
    const taken = takeovers(base, had);
    expect(await leaving.ended).toBe(0);
    const ended = Date.now() - asked;
    const took = await taken;
    expect(took.length).toBeGreaterThan(0);
    expect(Math.max(...took), "the lease of a worker that is gone").toBeLessThan(LEASE_MS);

    provider.hurry();
    const events = await checkLogs(far, jobs);
    const dropped = provider.calls.filter((call) => call.dropped).length;
    const repeated = provider.calls.length - (await recordedIn(base));
    expect(repeated).toBeLessThanOrEqual(had.size * CALLS_AT_ONCE);
    tell(
      `worker told to stop with ${had.size} of ${JOBS} jobs: ended after ${ended} ms, ` +
        `taken over after ${Math.min(...took)} to ${Math.max(...took)} ms; ${events} events, 0 lost; ` +
        `${repeated} of ${provider.calls.length} calls paid again, ${dropped} dropped under way`,
    );
  });
});
