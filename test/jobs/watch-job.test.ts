import { describe, expect, it } from "vitest";
import {
  aCreatedJob,
  ALICE,
  emptyStore,
  ended,
  idsOf,
  openWorld,
  readAll,
  settle,
} from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel } from "../support/scripted-model.ts";
import { aJob, anEvent, aWrite } from "../support/jobs.ts";
import type { Store } from "../../src/storage/store.ts";

const never = () => new AbortController().signal;

/** Ids from `first` to `last`. */
const ids = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** A world whose job waits in iteration 2 until it is let go. */
async function worldInTheMiddle() {
  const reached = deferred();
  const go = deferred();
  const reflection = scriptedModel("reflection", async (_request, call) => {
    if (call === 2) {
      reached.resolve();
      await go.promise;
    }
    return anAnswer(`text ${call}`);
  });
  const world = await openWorld({ reflection });
  world.jobs.start();
  const job = await aCreatedJob(world);
  await reached.promise;
  await settle();
  return { world, job, go: () => go.resolve() };
}

/** A store that counts its reads of events. */
function countingReads(store: Store): { readonly store: Store; reads(): number } {
  let reads = 0;
  const events: Store["events"] = (...args) => {
    reads++;
    return store.events(...args);
  };
  return { store: { ...store, events }, reads: () => reads };
}

/** A claimed job, for tests that write its log by hand. */
async function runningJob(store: Store): Promise<void> {
  await store.createJob({ job: aJob("job-a"), maxOpenJobsPerOwner: 10 });
  await store.claim("job-a", "worker", 0);
}

describe("watching a job", () => {
  it("shows every event to whoever began before it, in the middle, or after the end", async () => {
    const { world, job, go } = await worldInTheMiddle();
    const { watchJob } = world.jobs.useCases;
    const middle = readAll(watchJob(ALICE, job.id, 0, never()));
    const fromThree = readAll(watchJob(ALICE, job.id, 3, never()));
    const early = ended(world, job.id);
    go();
    expect(idsOf(await early)).toEqual(ids(1, 15));
    expect(idsOf(await middle)).toEqual(ids(1, 15));
    expect(idsOf(await fromThree)).toEqual(ids(4, 15));
    expect(idsOf(await ended(world, job.id))).toEqual(ids(1, 15));
  });

  it("begins with the job as it stands, without its examples", async () => {
    const { world, job, go } = await worldInTheMiddle();
    const watch = world.jobs.useCases.watchJob(ALICE, job.id, 5, never())[Symbol.asyncIterator]();
    const { value } = await watch.next();
    expect(value).toMatchObject({
      kind: "job",
      job: { id: job.id, status: "running", lastEventId: 5, spec: { examples: [] } },
    });
    go();
    await ended(world, job.id);
  });

  it("ends at once where the cursor is the terminal event", async () => {
    const world = await openWorld();
    world.jobs.start();
    const job = await aCreatedJob(world);
    await ended(world, job.id);
    const items = await readAll(world.jobs.useCases.watchJob(ALICE, job.id, 15, never()));
    expect(items.map((i) => i.kind)).toEqual(["job"]);
  });

  for (const after of [1, 16, -1, 1.5, Number.NaN]) {
    it(`refuses a cursor that is no event of the job: ${after}`, async () => {
      const world = await openWorld();
      const job = await aCreatedJob(world);
      const watch = world.jobs.useCases.watchJob(ALICE, job.id, after, never());
      await expect(readAll(watch)).rejects.toMatchObject({ reason: "invalid_cursor" });
    });
  }

  it("is not harmed by a watcher that never reads, nor is the job", async () => {
    const { world, job, go } = await worldInTheMiddle();
    const asleep = world.jobs.useCases.watchJob(ALICE, job.id, 0, never())[Symbol.asyncIterator]();
    await asleep.next();
    await asleep.next();
    go();
    expect(idsOf(await ended(world, job.id))).toEqual(ids(1, 15));
    const { value } = await asleep.next();
    expect(value).toMatchObject({ kind: "event", event: { id: 2 } });
    const rest = await readAll({ [Symbol.asyncIterator]: () => asleep });
    expect(idsOf(rest)).toEqual(ids(3, 15));
  });

  it("finds a new event by the safety poll when the wake-up was lost", async () => {
    const store = await emptyStore();
    await runningJob(store);
    const world = await openWorld({ store: { ...store, onAppend: () => () => undefined } });
    const watch = world.jobs.useCases.watchJob(ALICE, "job-a", 0, never())[Symbol.asyncIterator]();
    await watch.next();
    const next = watch.next();
    await settle();
    await store.append("job-a", 1, aWrite([anEvent(1)]));
    await world.clock.advance(1000);
    expect((await next).value).toMatchObject({ kind: "event", event: { id: 1 } });
  });

  it("ends with the signal's reason and gives everything back", async () => {
    const store = await emptyStore();
    await runningJob(store);
    const world = await openWorld({ store });
    const controller = new AbortController();
    const watching = readAll(world.jobs.useCases.watchJob(ALICE, "job-a", 0, controller.signal));
    await settle();
    expect(world.sums.get("watch_streams")).toBe(1);
    expect(world.clock.sleepers()).toHaveLength(1);
    controller.abort(new Error("gone"));
    await expect(watching).rejects.toThrow("gone");
    expect(world.sums.get("watch_streams")).toBe(0);
    expect(world.clock.sleepers()).toEqual([]);
  });

  it("gives its place back by the signal where nobody reads any more", async () => {
    const store = await emptyStore();
    await runningJob(store);
    const world = await openWorld({ store });
    const controller = new AbortController();
    const left = world.jobs.useCases.watchJob(ALICE, "job-a", 0, controller.signal)[Symbol.asyncIterator]();
    await left.next();
    controller.abort(new Error("gone"));
    expect(world.sums.get("watch_streams")).toBe(0);
    expect(world.clock.sleepers()).toEqual([]);
  });

  it("costs one read of the log an event however many watch", async () => {
    const store = await emptyStore();
    await runningJob(store);
    const counted = countingReads(store);
    const world = await openWorld({ store: counted.store });
    const watching = Array.from({ length: 100 }, () =>
      readAll(world.jobs.useCases.watchJob(ALICE, "job-a", 0, never())),
    );
    await settle();
    const before = counted.reads();
    await store.append("job-a", 1, aWrite([anEvent(1)]));
    await settle();
    expect(counted.reads() - before).toBe(1);
    await store.append("job-a", 1, aWrite([{ type: "finished", data: { stopReason: "plateau" } }]));
    const all = await Promise.all(watching);
    expect(all.map(idsOf)).toEqual(Array.from({ length: 100 }, () => [1, 2]));
  });

  it("says where the log begins when older events are gone", async () => {
    const store = await emptyStore();
    await runningJob(store);
    await store.append("job-a", 1, aWrite([anEvent(1), anEvent(2), anEvent(3)]));
    await store.append("job-a", 1, aWrite([{ type: "finished", data: { stopReason: "plateau" } }]));
    const kept: Store = {
      ...store,
      events: (id, after, limit) => store.events(id, Math.max(after, 2), limit),
    };
    const world = await openWorld({ store: kept });
    const items = await readAll(world.jobs.useCases.watchJob(ALICE, "job-a", 0, never()));
    expect(items[1]).toMatchObject({ kind: "truncated", jobId: "job-a", firstAvailable: 3 });
    expect(idsOf(items)).toEqual([3, 4]);
  });

  it("reads a long log page by page", async () => {
    const store = await emptyStore();
    await runningJob(store);
    await store.append("job-a", 1, aWrite(Array.from({ length: 200 }, (_, i) => anEvent(i))));
    await store.append("job-a", 1, aWrite([{ type: "finished", data: { stopReason: "plateau" } }]));
    const limits: number[] = [];
    const spy: Store = {
      ...store,
      events: (id, after, limit) => {
        limits.push(limit);
        return store.events(id, after, limit);
      },
    };
    const world = await openWorld({ store: spy });
    expect(idsOf(await ended(world, "job-a"))).toEqual(ids(1, 201));
    expect(Math.max(...limits)).toBeLessThanOrEqual(32);
  });

  it("ends where the job is removed under it", async () => {
    const store = await emptyStore();
    await runningJob(store);
    await store.append("job-a", 1, aWrite([anEvent(1)]));
    let gone = false;
    const hiding: Store = {
      ...store,
      events: async (...args) => (gone ? [] : store.events(...args)),
      getJob: async (...args) => (gone ? undefined : store.getJob(...args)),
    };
    const world = await openWorld({ store: hiding });
    const watching = readAll(world.jobs.useCases.watchJob(ALICE, "job-a", 0, never()));
    await settle();
    gone = true;
    await world.clock.advance(1000);
    expect(idsOf(await watching)).toEqual([1]);
  });
});
