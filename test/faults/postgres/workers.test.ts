import { describe, expect, inject, it } from "vitest";
import { pause, type Program, tell } from "../program.ts";
import { keysOf, type Provider, startProvider } from "../provider.ts";
import {
  type Base,
  checkLogs,
  createJobs,
  jobsOf,
  measureDelays,
  measureLag,
  percentile,
  startBase,
  startNode,
  takeovers,
} from "./cluster.ts";

const LONG = inject("form") === "long";
const JOBS = 20;

/** Iterations of each job, and how long its calls take at most: so long that jobs run when the second worker is woken. */
const ITERATIONS = LONG ? 40 : 2;
const ROUNDS = LONG ? 5 : 1;
const LATENCY_MS = 1_500;

/** Calls in flight a worker, over all its jobs. */
const CALLS_AT_ONCE = 16;

/** Every job has a place on each worker, so that a takeover waits for nothing but the lease. */
const ENV = { MAX_RUNNING_JOBS: String(JOBS), MODEL_CONCURRENCY: String(CALLS_AT_ONCE) };

/** What the ledger and the provider knew at one moment. */
interface Snapshot {
  readonly asked: number;
  readonly keys: ReadonlySet<string>;
}

async function snapshot(base: Base, provider: Provider): Promise<Snapshot> {
  const asked = provider.calls.length; // first: what is recorded until then was asked before
  const rows = await base.ask("SELECT key FROM calls");
  return { asked, keys: new Set(rows.map((row) => String(row.key))) };
}

/** No call was made again once its answer was recorded; others at most once for each disturbance they were under way at. */
function checkCalls(provider: Provider, snapshots: readonly Snapshot[], end: Snapshot): number {
  const contents = new Map(provider.calls.map((call) => [call.content, call.body]));
  const keys = new Map([...contents].map(([content, body]) => [content, keysOf(body)]));
  let unrecorded = 0;
  for (const [i, { asked, keys: known }] of snapshots.entries()) {
    const later = provider.calls.slice(asked, snapshots[i + 1]?.asked ?? end.asked);
    const times = new Map<string, number>();
    for (const { content } of later) times.set(content, (times.get(content) ?? 0) + 1);
    const again = [...times].filter(([content, count]) => {
      const open = (keys.get(content) ?? []).filter((key) => end.keys.has(key) && !known.has(key));
      return count > open.length;
    });
    expect(again, `recorded calls made again after disturbance ${i}`).toEqual([]);
    unrecorded += asked - known.size;
  }
  const repeated = end.asked - end.keys.size;
  expect(repeated).toBeLessThanOrEqual(unrecorded);
  return repeated;
}

describe("workers that share jobs", () => {
  it("lose nothing and pay nothing twice when one is killed and one is stopped and woken", async () => {
    const base = await startBase();
    const provider = await startProvider({ latencyMs: LATENCY_MS });
    const node = (role: "api" | "worker", life: number) =>
      startNode(base, provider, { role, life, env: ENV });
    const apis = await Promise.all([node("api", 0), node("api", 1)]);
    const [initial, second] = await Promise.all([node("worker", 2), node("worker", 3)]);
    let first = initial;
    const began = Date.now();
    const jobs = await createJobs(apis, JOBS, ITERATIONS);
    const delays = measureDelays(
      apis[0],
      jobs.map((job) => job.id),
    );
    const lags = measureLag();
    const snapshots: Snapshot[] = [];
    const taken: number[] = [];
    const zombies: Program[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await pause(2_000);
      const ofFirst = await jobsOf(base, first);
      expect(ofFirst.size, "jobs of the worker that is killed").toBeGreaterThan(0);
      first.signal("SIGKILL");
      await first.ended;
      const killed = takeovers(base, ofFirst);
      snapshots.push(await snapshot(base, provider));
      taken.push(...(await killed)); // by the second: nobody else is there
      first = await node("worker", 4 + round);

      const ofSecond = await jobsOf(base, second);
      expect(ofSecond.size, "jobs of the worker that is stopped").toBeGreaterThan(0);
      second.signal("SIGSTOP");
      const stopped = takeovers(base, ofSecond);
      snapshots.push(await snapshot(base, provider));
      taken.push(...(await stopped));
      second.signal("SIGCONT");
      zombies.push(second);
    }
    const [p50, p99, lag] = [percentile(delays, 0.5), percentile(delays, 0.99), percentile(lags, 0.99)];
    const live = delays.length;
    provider.hurry();
    const events = await checkLogs(apis[1], jobs);
    const took = Math.round((Date.now() - began) / 1000);
    const repeated = checkCalls(provider, snapshots, await snapshot(base, provider));
    expect(taken.length).toBeGreaterThan(0);
    for (const zombie of zombies) expect(zombie.output()).toMatch(/"event":"run_(stopped|lost)"/);
    tell(
      `${JOBS} jobs in ${took} s: ${events} events on 2 nodes, 0 lost; ` +
        `${provider.calls.length} calls paid, ${repeated} of them again; ` +
        `takeover ${Math.min(...taken)} to ${Math.max(...taken)} ms (${taken.length}); ` +
        `event to watcher on another node p50 ${p50} ms, p99 ${p99} ms (${live}; the machine itself lags by ${lag} ms)`,
    );
  });
});
