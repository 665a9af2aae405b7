import { describe, expect, inject, it } from "vitest";
import { createRng, type Rng } from "../../src/base/rng.ts";
import { freePort } from "../clients/service.ts";
import {
  type Address,
  createSurely,
  decisionsIn,
  jobOf,
  logOf,
  type SeenEvent,
  specOf,
  type Watch,
  watchGrpc,
  watchSse,
} from "./jobs.ts";
import { imageOf } from "./ledger-image.ts";
import { pause, type Program, seedOf, start, tell, temporaryFolder } from "./program.ts";
import { keysOf, type Provider, startProvider } from "./provider.ts";

/** Services that are killed side by side; each has a machine's core. */
const LANES = 2;
const KILLS = inject("form") === "long" ? 1000 : 200;

/** Jobs that run at once in each service. */
const JOBS_AT_ONCE = 3;

/** Calls a job may have in flight. */
const CALLS_AT_ONCE = 8;

/** Longest life after the service is ready, and share of lives that end while it still starts. */
const MAX_LIFE_MS = 600;
const KILLED_AT_START = 0.1;
const MAX_START_MS = 300;

const ENV = { MODEL_CONCURRENCY: String(CALLS_AT_ONCE), MAX_RUNNING_JOBS: String(JOBS_AT_ONCE) };

/** One job under the kills, and who watches it. */
interface Tracked {
  readonly desk: number;
  readonly id: string;
  readonly watches: readonly Watch[];
  ended: boolean;
}

/** What one service went through. */
interface History {
  readonly provider: Provider;
  readonly dataDir: string;
  readonly address: Address;
  readonly jobs: readonly Tracked[];
  /** For each recorded key the first kill that found it recorded. */
  readonly recordedAt: ReadonlyMap<string, number>;
  /** Calls under way at the provider at each kill. */
  readonly openAtKill: readonly number[];
}

/** Kills a service again and again while jobs run and watchers come back, then lets the jobs end. */
async function lane(rng: Rng, kills: number, firstDesk: number): Promise<History> {
  const provider = await startProvider({ latencyMs: 10 });
  const [dataDir, port] = [await temporaryFolder(), await freePort()];
  const address = { port, url: `http://127.0.0.1:${port}` };
  const launch = (life: number) => start({ dataDir, port, env: { ...provider.env(life), ...ENV } });
  const jobs: Tracked[] = [];
  const openAtKill: number[] = [];
  const recordedAt = new Map<string, number>();

  let enough = false;
  const keepJobsRunning = async () => {
    while (!enough) {
      if (jobs.filter((job) => !job.ended).length >= JOBS_AT_ONCE) {
        await pause(10);
        continue;
      }
      const desk = firstDesk + jobs.length;
      jobs.push(await track(address, desk));
    }
  };
  let program: Program = launch(0);
  const creating = keepJobsRunning();
  while (jobs.length < JOBS_AT_ONCE) await pause(10);
  for (let kill = 0; kill < kills; kill++) {
    if (rng.random() < KILLED_AT_START) await pause(rng.random() * MAX_START_MS);
    else {
      await program.ready;
      await pause(rng.random() * MAX_LIFE_MS);
    }
    openAtKill.push(provider.calls.filter((call) => !call.answered).length);
    program.signal("SIGKILL");
    await program.ended;
    const seen = jobs.map(
      ({ id, watches }) => [id, Math.max(...watches.map((w) => w.seen.at(-1)?.id ?? 0))] as const,
    );
    const image = await imageOf(dataDir);
    for (const [id, last] of seen) {
      expect(
        image.lastEventIds.get(id),
        `kill ${kill}: ${id} was shown up to ${last}`,
      ).toBeGreaterThanOrEqual(last);
    }
    const before = recordedAt.size;
    const known = image.keys.filter((key) => recordedAt.has(key)).length;
    expect(known, `kill ${kill}: answers that were recorded before`).toBe(before);
    for (const key of image.keys) if (!recordedAt.has(key)) recordedAt.set(key, kill);
    program = launch(kill + 1);
  }
  enough = true;
  await Promise.all([program.ready, creating]);
  await Promise.all(jobs.flatMap((job) => job.watches.map((watch) => watch.ended)));
  return { provider, dataDir, address, jobs, recordedAt, openAtKill };
}

async function track(address: Address, desk: number): Promise<Tracked> {
  const id = await createSurely(address, specOf(desk), `desk-${desk}`);
  const watches = [watchSse(address, id), watchGrpc(address, id)];
  const job = { desk, id, watches, ended: false };
  const end = () => {
    job.ended = true;
  };
  Promise.all(watches.map((watch) => watch.ended)).then(end, end);
  return job;
}

/** Every watcher saw the whole log, each event once, in order and for good. Gives the number of events. */
async function checkLogs({ jobs, address }: History): Promise<number> {
  let events = 0;
  for (const { id, desk, watches } of jobs) {
    const log = await logOf(address, id);
    expect(ids(log), `desk ${desk}`).toEqual(log.map((_, i) => i + 1));
    for (const { seen } of watches) expect(seen, `desk ${desk}`).toEqual(log);
    events += log.length;
  }
  return events;
}

function ids(events: readonly SeenEvent[]): number[] {
  return events.map((event) => event.id);
}

/** Holds the provider's books against the ledger: what was recorded at a kill was never asked for again. */
async function checkCalls(history: History): Promise<{ calls: number; repeated: number; answered: number }> {
  const { provider, recordedAt, openAtKill, dataDir } = history;
  const { keys } = await imageOf(dataDir);
  const bodies = new Map(provider.calls.map((call) => [call.content, call.body]));
  const contentOf = new Map(
    [...bodies].flatMap(([content, body]) => keysOf(body).map((key) => [key, content])),
  );
  expect(
    keys.filter((key) => !contentOf.has(key)),
    "recorded answers that nobody was asked for",
  ).toEqual([]);

  const kills = openAtKill.length;
  let recordedAgain = 0;
  let unrecorded = 0;
  for (let life = 0; life <= kills; life++) {
    const asked = provider.calls.filter((call) => call.life === life);
    const open = tally(
      keys.filter((key) => (recordedAt.get(key) ?? kills) >= life).map((key) => contentOf.get(key)),
    );
    for (const [content, times] of tally(asked.map((call) => call.content))) {
      recordedAgain += Math.max(0, times - (open.get(content) ?? 0));
    }
    const recordedNow = keys.filter((key) => (recordedAt.get(key) ?? kills) === life).length;
    const lost = asked.length - recordedNow;
    expect(lost, `life ${life}: asked for and not recorded`).toBeLessThanOrEqual(
      life < kills ? JOBS_AT_ONCE * CALLS_AT_ONCE : 0,
    );
    unrecorded += lost;
  }
  expect(recordedAgain, "recorded calls that were made again").toBe(0);
  const repeated = provider.calls.length - keys.length;
  expect(repeated, "calls made again, at most those in flight at the kills").toBeLessThanOrEqual(unrecorded);
  const openAtProvider = openAtKill.reduce((sum, open) => sum + open, 0);
  return { calls: keys.length, repeated, answered: repeated - openAtProvider };
}

function tally<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** The same jobs by a service that nobody kills, and a provider that answers at once: decisions depend on neither. */
async function checkDecisions({ jobs, address }: History): Promise<void> {
  const provider = await startProvider({ latencyMs: 0 });
  const [dataDir, port] = [await temporaryFolder(), await freePort()];
  const calm = start({ dataDir, port, env: { ...provider.env(0), ...ENV } });
  await calm.ready;
  const calmJobs = jobs.map(async (job) => ({
    ...job,
    calmId: await createSurely(calm, specOf(job.desk), `desk-${job.desk}`),
  }));
  for (const { desk, id, calmId } of await Promise.all(calmJobs)) {
    const calmLog = await logOf(calm, calmId);
    const log = await logOf(address, id);
    expect(
      log.map((event) => decisionsIn(event.data)),
      `desk ${desk}`,
    ).toEqual(calmLog.map((event) => decisionsIn(event.data)));
    const [result, calmResult] = [(await jobOf(address, id)).result, (await jobOf(calm, calmId)).result];
    expect(result, `desk ${desk}`).toBeDefined();
    expect(decisionsIn(JSON.stringify(result)), `desk ${desk}`).toEqual(
      decisionsIn(JSON.stringify(calmResult)),
    );
  }
  calm.signal("SIGKILL");
  await calm.ended;
}

describe("a service that is killed again and again", () => {
  it(`loses nothing, repeats no recorded call and decides as if nothing had happened: ${KILLS} kills`, async () => {
    const seed = seedOf("kill loop");
    const began = Date.now();
    const lanes = Array.from({ length: LANES }, async (_, i) => {
      const history = await lane(createRng({ seed: seed + i }), KILLS / LANES, i * 10_000);
      const events = await checkLogs(history);
      const figures = { jobs: history.jobs.length, events, ...(await checkCalls(history)) };
      await checkDecisions(history);
      return figures;
    });
    const all = await Promise.all(lanes);
    const sum = (pick: (figures: (typeof all)[number]) => number) =>
      all.reduce((total, one) => total + pick(one), 0);
    tell(
      `${KILLS} kills in ${Math.round((Date.now() - began) / 1000)} s: ${sum((f) => f.jobs)} jobs, ` +
        `${sum((f) => f.events)} events on 2 watchers each, 0 lost; ${sum((f) => f.calls)} calls recorded, ` +
        `0 of them made again; ${sum((f) => f.repeated)} made again in all (${sum((f) => f.answered)} were answered and not yet recorded)`,
    );
  });
});
