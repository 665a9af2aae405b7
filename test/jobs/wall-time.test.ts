import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import { optimise } from "../../src/engine/optimise.ts";
import type { Optimise } from "../../src/engine/ports.ts";
import { decodeCheckpoint } from "../../src/jobs/run-writer.ts";
import type { Store } from "../../src/storage/store.ts";
import { dyingStore } from "../support/dying-store.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { aCreatedJob, emptyStore, ended, logOf, settle, type World } from "../support/job-world.ts";
import { countedDemo, SEARCH, searching } from "../support/searching.ts";

/** What each model call takes. */
const CALL_MS = 1000;

/** A world in which time passes with each model call and in no other way. */
async function paced(options: { readonly store?: Store; readonly optimise?: Optimise } = {}) {
  const clock = createFakeClock();
  let calls = 0;
  const sentAt: number[] = [];
  const elapsed = () => calls * CALL_MS;
  const passing: FakeClock = { ...clock, monotonic: elapsed } satisfies Clock;
  const before = async () => {
    sentAt.push(elapsed());
    calls++;
  };
  const world = await searching({
    clock: passing,
    target: countedDemo("target", before),
    judge: countedDemo("judge", before),
    reflection: countedDemo("reflection", before),
    ...options,
  });
  return { world, sentAt };
}

async function finish(world: World, request: Partial<SpecRequest>) {
  world.jobs.start();
  const { id } = await aCreatedJob(world, request);
  await ended(world, id);
  const job = await world.store.getJob(id);
  if (job === undefined) throw new Error("the job is gone");
  return job;
}

const within = (maxWallTimeS: number, config: SpecRequest["config"] = { operators: {} }) => ({
  ...SEARCH,
  config,
  budget: { maxIterations: 3, maxWallTimeS },
});

/** Seconds of a whole search of one width: what the cuts below are within. */
async function wholeSearch(config?: SpecRequest["config"]): Promise<number> {
  const { world, sentAt } = await paced();
  await finish(world, within(100_000, config));
  return sentAt.length;
}

/** An engine event without what may differ from run to run. */
function decided({ type, data }: Pick<EngineEvent, "type" | "data">): unknown {
  const exempt = (key: string, value: unknown) => (key === "spend" || key === "timing" ? undefined : value);
  return JSON.parse(JSON.stringify({ type, data }, exempt));
}

describe("the wall time of a job", () => {
  for (const [what, config] of [
    ["one proposal after the other", { operators: {} }],
    ["three at once", { operators: {}, width: 3 }],
    ["as gepa 0.1.4", { operators: {}, profile: "reference" }],
  ] as const) {
    it(`lets no call be sent after it, wherever in the search it ends: ${what}`, async () => {
      const whole = await wholeSearch(config);
      expect(whole).toBeGreaterThan(40);
      for (let limit = 1; limit < whole; limit += 7) {
        const { world, sentAt } = await paced();
        const job = await finish(world, within(limit, config));
        expect(Math.max(...sentAt), `${limit} s`).toBeLessThan(limit * CALL_MS);
        expect(sentAt, `${limit} s`).toHaveLength(limit);
        expect(job.status, `${limit} s`).toBe("finished");
        expect(["wall_time", "iterations"], `${limit} s`).toContain(job.result?.stopReason);
      }
    });
  }

  it("ends a search before its first score with the prompt as it was sent", async () => {
    const { world } = await paced();
    const job = await finish(world, within(2));
    expect(job.result).toMatchObject({
      stopReason: "wall_time",
      champion: { candidateId: "c0", components: SEARCH.components },
      report: { verdict: "not_measured" },
    });
  });

  it("counts in how far a job has come, where it is the limit that most is used of", async () => {
    const ending: Optimise = async function* (input, ports, signal) {
      for await (const step of optimise(input, ports, signal)) {
        yield step;
        if (step.kind === "event" && step.event.type === "progress") throw new Error("that is far enough");
      }
      throw new Error("there was no progress");
    };
    const { world, sentAt } = await paced({ optimise: ending });
    const job = await finish(world, within(100));
    expect(job.progress).toMatchObject({ iteration: 0, fraction: sentAt.length / 100 });
    expect(sentAt.length).toBeGreaterThan(5);
  });

  it("ends in the same events when the run that met it is taken up again", async () => {
    const whole = await wholeSearch();
    let cuts = 0;
    for (const limit of [5, Math.floor(whole / 2), whole - 20]) {
      for (let at = 1, died = true; died; at += 3) {
        const store = await emptyStore();
        const dying = dyingStore(store, { at, write: "append", when: "after" });
        const first = (await paced({ store: dying.store })).world;
        first.jobs.start();
        const { id } = await aCreatedJob(first, within(limit));
        await Promise.race([dying.death, ended(first, id).catch(() => undefined)]);
        await settle();
        await first.jobs.drain(new AbortController().signal);
        died = dying.isDead();
        if (!died || (await store.getJob(id))?.status !== "running") continue;

        const durable = await logOf(store, id);
        const saved = await store.checkpoint(id);
        const from = saved === undefined ? 0 : decodeCheckpoint(saved).ordinal;
        const yielded: EngineEvent[] = [];
        const listening: Optimise = async function* (input, ports, signal) {
          const steps = optimise(input, ports, signal);
          for (;;) {
            const next = await steps.next();
            if (next.done) return next.value;
            if (next.value.kind === "event") yielded.push(next.value.event);
            yield next.value;
          }
        };
        const second = (await paced({ store, optimise: listening })).world;
        second.jobs.start();
        await ended(second, id);
        const log = await logOf(store, id);
        const where = `${limit} s, write ${at}`;
        expect(log.slice(0, durable.length), where).toEqual(durable);
        const told = log.slice(from, -1) as unknown as EngineEvent[]; // all but the terminal event are the engine's
        expect(yielded.map(decided), where).toEqual(told.map(decided));
        cuts++;
      }
    }
    expect(cuts).toBeGreaterThan(5);
  });
});
