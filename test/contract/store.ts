import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JOB_STATUSES, type Job, type JobStatus, type JobResult } from "../../src/domain/job.ts";
import { FencedError, type LedgerRow, type Store } from "../../src/storage/store.ts";
import { aCall, aCancel, aJob, anEvent, aRecord, aWrite, CREATED_AT, SPEC } from "../support/jobs.ts";

/** A place for data, empty at first. */
export interface StorePlace {
  /** Opens a store over it; again after that was closed. */
  open(): Promise<Store>;
  /** Removes it. */
  remove(): Promise<void>;
}

const NO_LIMIT = 1_000_000;
const LATER = CREATED_AT + 60_000;

const RESULT: JobResult = {
  champion: { candidateId: "c1", components: { prompt: "Greet warmly." }, score: 0.9 },
  stopReason: "iterations",
  report: {
    verdict: "not_measured",
    explanation: "too few examples",
    measuredOn: "in_sample",
    sampleSize: 1,
    candidatesConsidered: 2,
    championCharacters: 13,
    seedCharacters: 15,
    stopReason: "iterations",
    notes: [],
    simulated: true,
    spend: [],
  },
};

/** What every store promises. */
export function describeStore(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(name, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await newPlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const create = (job: Job) => store.createJob({ job, maxOpenJobsPerOwner: NO_LIMIT });
    const running = async (id: string, overrides: Partial<Job> = {}): Promise<Job> => {
      await create(aJob(id, overrides));
      return (await store.claim(id, "w1", CREATED_AT + 1)) as Job;
    };
    /** Brings a fresh job into a state by the moves a service would make. */
    const inStatus = async (id: string, status: JobStatus): Promise<void> => {
      if (status === "pending") await create(aJob(id));
      else if (status === "cancelled") {
        await create(aJob(id));
        await store.change(id, aCancel());
      } else {
        const { fence } = await running(id);
        if (status !== "running") await store.append(id, fence, aWrite([anEvent(1)], { status }));
      }
    };
    const ids = async (jobId: string) => (await store.events(jobId, 0, 10_000)).map((event) => event.id);
    const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

    describe("creating and reading", () => {
      test("a created job reads back as it was given", async () => {
        const job = aJob("j1", { rootId: "j0", parentId: "j0" });
        expect(await create(job)).toEqual({ kind: "created", job });
        expect(await store.getJob("j1")).toEqual(job);
      });

      test("a job nobody created is absent", async () => {
        expect(await store.getJob("nobody")).toBeUndefined();
        expect(await store.events("nobody", 0, 10)).toEqual([]);
        expect(await store.checkpoint("nobody")).toBeUndefined();
      });

      test("the same id can not be created twice", async () => {
        await create(aJob("j1"));
        await expect(create(aJob("j1", { owner: "bob" }))).rejects.toThrow();
        expect((await store.getJob("j1"))?.owner).toBe("alice");
      });

      test("examples are left out where they are not wanted", async () => {
        await create(aJob("j1"));
        const bare = aJob("j1", { spec: { ...SPEC, examples: [] } });
        expect(await store.getJob("j1", { withoutExamples: true })).toEqual(bare);
        expect(await store.listJobs({ owner: "alice", limit: 9, withoutExamples: true })).toEqual([bare]);
      });

      test("texts come back exactly, whatever they hold", async () => {
        const texts = ["", "'; DROP TABLE jobs; --", "$1 ?1 :a @b", "\u0000\u0001", "🦜 ß \u2028", "\ud800"];
        const components = Object.fromEntries(texts.map((text, i) => [`c${i}`, text]));
        await create(aJob("j1", { spec: { ...SPEC, components } }));
        expect((await store.getJob("j1"))?.spec.components).toEqual(components);
      });
    });

    describe("listing", () => {
      test("a list is of one owner, newest first, ids breaking ties", async () => {
        await create(aJob("a", { createdAt: 1 }));
        await create(aJob("b", { createdAt: 3 }));
        await create(aJob("c", { createdAt: 3 }));
        await create(aJob("x", { owner: "bob", createdAt: 9 }));
        const list = await store.listJobs({ owner: "alice", limit: 10 });
        expect(list.map((job) => job.id)).toEqual(["c", "b", "a"]);
        expect(list[0]?.spec).toEqual(SPEC);
      });

      test("pages join without gap or repeat, also within one millisecond", async () => {
        const all = ["a", "b", "c", "d", "e"];
        for (const id of all) await create(aJob(id));
        const seen: string[] = [];
        let before: { createdAt: number; id: string } | undefined;
        for (let page = 0; page < 3; page++) {
          const jobs = await store.listJobs({ owner: "alice", limit: 2, ...(before && { before }) });
          seen.push(...jobs.map((job) => job.id));
          before = jobs.at(-1);
        }
        expect(seen).toEqual(all.toReversed());
      });

      test("a list can be of one status", async () => {
        await running("a");
        await create(aJob("b"));
        const list = await store.listJobs({ owner: "alice", status: "running", limit: 10 });
        expect(list.map((job) => job.id)).toEqual(["a"]);
      });

      test("jobs are counted by status, and empty states are zero", async () => {
        await inStatus("a", "pending");
        await inStatus("b", "pending");
        await inStatus("c", "cancelled");
        expect(await store.countJobs()).toEqual({
          pending: 2,
          running: 0,
          paused: 0,
          finished: 0,
          failed: 0,
          cancelled: 1,
        });
      });

      test("ids by status come oldest first and stop at the limit", async () => {
        await create(aJob("late", { createdAt: 30 }));
        await create(aJob("early", { createdAt: 10 }));
        await running("mid", { createdAt: 20 });
        await inStatus("gone", "cancelled");
        expect(await store.jobIds(["pending", "running"], 10)).toEqual(["early", "mid", "late"]);
        expect(await store.jobIds(["pending"], 1)).toEqual(["early"]);
        expect(await store.jobIds([], 10)).toEqual([]);
      });
    });

    describe("quota and idempotency", () => {
      test("one more open job than allowed is refused, and nothing is written", async () => {
        await inStatus("a", "running");
        await inStatus("b", "paused");
        await inStatus("c", "cancelled");
        await create(aJob("x", { owner: "bob" }));
        const job = aJob("d");
        const idempotency = aRecord("k");
        expect(await store.createJob({ job, maxOpenJobsPerOwner: 2, idempotency })).toEqual({
          kind: "quota",
          open: 2,
        });
        expect(await store.getJob("d")).toBeUndefined();
        expect(await store.createJob({ job, maxOpenJobsPerOwner: 3, idempotency })).toEqual({
          kind: "created",
          job,
        });
      });

      test("creates at once never exceed the quota together", async () => {
        const outcomes = await Promise.all(
          oneTo(12).map((i) => store.createJob({ job: aJob(`j${i}`), maxOpenJobsPerOwner: 5 })),
        );
        expect(outcomes.filter((o) => o.kind === "created")).toHaveLength(5);
        expect((await store.countJobs()).pending).toBe(5);
      });

      test("a repeated request gets its job as it was created, whatever became of it", async () => {
        const job = aJob("j1");
        const idempotency = aRecord("k");
        await store.createJob({ job, idempotency, maxOpenJobsPerOwner: 1 });
        await store.claim("j1", "w1", LATER);
        const again = { job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 1 }; // the quota is used up by now
        expect(await store.createJob(again)).toEqual({ kind: "replayed", job });
        expect(await store.getJob("j2")).toBeUndefined();
      });

      test("a hundred equal requests at once make one job", async () => {
        const outcomes = await Promise.all(
          oneTo(100).map((i) =>
            store.createJob({
              job: aJob(`j${i}`),
              idempotency: aRecord("k"),
              maxOpenJobsPerOwner: NO_LIMIT,
            }),
          ),
        );
        expect(outcomes.filter((o) => o.kind === "created")).toHaveLength(1);
        expect(outcomes.filter((o) => o.kind === "replayed")).toHaveLength(99);
        expect((await store.countJobs()).pending).toBe(1);
      });

      test("the same key for another request is a mismatch", async () => {
        await store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
        const idempotency = aRecord("k", { fingerprint: "another-request" });
        expect(await store.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
          kind: "mismatch",
        });
        expect(await store.getJob("j2")).toBeUndefined();
      });

      for (const [what, overrides] of [
        ["owner", { owner: "bob" }],
        ["route", { route: "ForkJob" }],
        ["key", { key: "k2" }],
      ] as const) {
        test(`keys of another ${what} never meet`, async () => {
          await store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
          const job = aJob("j2");
          const idempotency = aRecord("k", { fingerprint: "another-request", ...overrides });
          expect(await store.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
            kind: "created",
            job,
          });
        });
      }

      test("an expired key counts as absent and is replaced", async () => {
        await store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
        const job = aJob("j2");
        const idempotency = aRecord("k", {
          fingerprint: "another-request",
          createdAt: LATER,
          validAfter: CREATED_AT + 1,
        });
        expect(await store.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
          kind: "created",
          job,
        });
        const again = { job: aJob("j3"), idempotency, maxOpenJobsPerOwner: 9 };
        expect(await store.createJob(again)).toEqual({ kind: "replayed", job });
      });

      test("old records are removed, younger ones stay", async () => {
        await store.createJob({ job: aJob("j1"), idempotency: aRecord("old"), maxOpenJobsPerOwner: 9 });
        const young = aRecord("young", { createdAt: CREATED_AT + 1 });
        await store.createJob({ job: aJob("j2"), idempotency: young, maxOpenJobsPerOwner: 9 });
        expect(await store.expireIdempotency(CREATED_AT + 1)).toBe(1);
        const outcomes = [];
        for (const key of ["old", "young"]) {
          const input = { job: aJob(`again-${key}`), idempotency: aRecord(key), maxOpenJobsPerOwner: 9 };
          outcomes.push((await store.createJob(input)).kind);
        }
        expect(outcomes).toEqual(["created", "replayed"]);
      });
    });

    describe("claiming", () => {
      test("a claim bumps the fence and says when the job first ran", async () => {
        await create(aJob("j1"));
        const first = await store.claim("j1", "w1", CREATED_AT + 10);
        expect(first).toEqual(
          aJob("j1", {
            status: "running",
            fence: 1,
            revision: 2,
            startedAt: CREATED_AT + 10,
            updatedAt: CREATED_AT + 10,
          }),
        );
        const second = await store.claim("j1", "w2", CREATED_AT + 20);
        expect(second).toMatchObject({ fence: 2, startedAt: CREATED_AT + 10, updatedAt: CREATED_AT + 20 });
        expect(await store.getJob("j1")).toEqual(second);
      });

      for (const status of ["paused", "finished", "failed", "cancelled"] as const) {
        test(`a ${status} job is not to be had`, async () => {
          await inStatus("j1", status);
          expect(await store.claim("j1", "w1", LATER)).toBeUndefined();
          expect((await store.getJob("j1"))?.status).toBe(status);
        });
      }

      test("a job nobody created is not to be had", async () => {
        expect(await store.claim("nobody", "w1", LATER)).toBeUndefined();
      });
    });

    describe("a run's writes", () => {
      test("an append numbers its events and moves the job's counters", async () => {
        const { fence } = await running("j1");
        const progress = { iteration: 2, bestScore: 0.5, fraction: 0.25, spend: [] };
        const write = aWrite([anEvent(1), anEvent(2)], { engineOrdinal: 7, progress });
        const events = await store.append("j1", fence, write);
        expect(events).toEqual([
          { ...anEvent(1), id: 1, jobId: "j1", ts: write.nowMs },
          { ...anEvent(2), id: 2, jobId: "j1", ts: write.nowMs },
        ]);
        expect(await store.events("j1", 0, 10)).toEqual(events);
        expect(await store.getJob("j1")).toMatchObject({
          lastEventId: 2,
          engineOrdinal: 7,
          progress,
          revision: 3,
          updatedAt: write.nowMs,
          status: "running",
        });
      });

      test("appends at once are numbered without gap, each in its own order", async () => {
        const { fence } = await running("j1");
        const written = await Promise.all(
          oneTo(40).map((i) => store.append("j1", fence, aWrite([anEvent(2 * i), anEvent(2 * i + 1)]))),
        );
        expect(await ids("j1")).toEqual(oneTo(80));
        for (const [first, second] of written) expect(second?.id).toBe((first?.id ?? 0) + 1);
      });

      test("one append may hold hundreds of events", async () => {
        const { fence } = await running("j1");
        await store.append("j1", fence, aWrite(oneTo(321).map(anEvent)));
        const events = await store.events("j1", 0, 1000);
        expect(events.map((event) => event.data)).toEqual(oneTo(321).map((i) => anEvent(i).data));
      });

      test("an append without events keeps the numbers and still records", async () => {
        const { fence } = await running("j1");
        expect(await store.append("j1", fence, aWrite([], { checkpoint: "state" }))).toEqual([]);
        expect(await store.checkpoint("j1")).toBe("state");
        expect((await store.getJob("j1"))?.lastEventId).toBe(0);
      });

      test("the last checkpoint stays until the next one", async () => {
        const { fence } = await running("j1");
        expect(await store.checkpoint("j1")).toBeUndefined();
        await store.append("j1", fence, aWrite([anEvent(1)], { checkpoint: "one" }));
        await store.append("j1", fence, aWrite([anEvent(2)], { checkpoint: "two" }));
        await store.append("j1", fence, aWrite([anEvent(3)]));
        expect(await store.checkpoint("j1")).toBe("two");
      });

      test("a finished run leaves its result and ends what was requested", async () => {
        const { fence } = await running("j1");
        await store.change("j1", {
          nowMs: LATER,
          from: ["running"],
          requested: "stop",
          bumpFence: false,
          events: [],
        });
        await store.append("j1", fence, aWrite([anEvent(1)], { status: "finished", result: RESULT }));
        const job = await store.getJob("j1");
        expect(job).toMatchObject({ status: "finished", result: RESULT, endedAt: CREATED_AT + 5_000 });
        expect(job).not.toHaveProperty("requested");
      });

      test("a failed run leaves its failure", async () => {
        const { fence } = await running("j1");
        const failure = { code: "model_unreachable", sentence: "No answer.", nextStep: "Check the key." };
        await store.append("j1", fence, aWrite([anEvent(1)], { status: "failed", failure }));
        expect(await store.getJob("j1")).toMatchObject({ status: "failed", failure });
      });

      test("a move the job's life does not know is refused, and nothing is written", async () => {
        const { fence } = await running("j1");
        const write = aWrite([anEvent(1)], { status: "pending" });
        await expect(store.append("j1", fence, write)).rejects.toMatchObject({ reason: "invalid_state" });
        expect(await ids("j1")).toEqual([]);
      });

      test("the worker that lost the job can write no more", async () => {
        const old = await running("j1");
        await store.append("j1", old.fence, aWrite([anEvent(1)], { checkpoint: "mine" }));
        await store.claim("j1", "w2", LATER);
        const late = store.append("j1", old.fence, aWrite([anEvent(2)], { checkpoint: "stale" }));
        await expect(late).rejects.toBeInstanceOf(FencedError);
        expect(await ids("j1")).toEqual([1]);
        expect(await store.checkpoint("j1")).toBe("mine");
      });

      for (const status of ["paused", "finished", "failed"] as const) {
        test(`nothing is added to a ${status} job under its last fence`, async () => {
          const { fence } = await running("j1");
          await store.append("j1", fence, aWrite([anEvent(1)], { status }));
          const late = store.append("j1", fence, aWrite([anEvent(2)]));
          await expect(late).rejects.toBeInstanceOf(FencedError);
          expect(await ids("j1")).toEqual([1]);
        });
      }

      test("a job nobody created can not be written", async () => {
        await expect(store.append("nobody", 0, aWrite([anEvent(1)]))).rejects.toBeInstanceOf(FencedError);
      });
    });

    describe("changes from outside", () => {
      test("a cancel ends the job with its event, its fence and without what was requested", async () => {
        const { fence } = await running("j1");
        await store.append("j1", fence, aWrite([anEvent(1)]));
        const stop = {
          nowMs: LATER,
          from: ["running"],
          requested: "stop",
          bumpFence: false,
          events: [],
        } as const;
        expect(await store.change("j1", stop)).toMatchObject({ status: "running", requested: "stop" });
        const cancelled = await store.change("j1", aCancel());
        expect(cancelled).toMatchObject({ status: "cancelled", lastEventId: 2, fence: fence + 1 });
        expect(cancelled).toMatchObject({ endedAt: aCancel().nowMs });
        expect(cancelled).not.toHaveProperty("requested");
        expect(await store.getJob("j1")).toEqual(cancelled);
        expect((await store.events("j1", 1, 10)).map((event) => event.type)).toEqual(["cancelled"]);
      });

      test("a cancel and the appends of a run have one order: nothing comes after the cancel", async () => {
        const { fence } = await running("j1");
        const before = oneTo(10).map((i) => store.append("j1", fence, aWrite([anEvent(i)])));
        const cancel = store.change("j1", aCancel());
        const after = oneTo(10).map((i) => store.append("j1", fence, aWrite([anEvent(10 + i)])));
        const outcomes = await Promise.allSettled([...before, ...after]);
        const job = (await cancel) as Job;
        const written = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
        const log = await store.events("j1", 0, 100);
        expect(log.map((event) => event.id)).toEqual(oneTo(written + 1));
        expect(log.at(-1)?.type).toBe("cancelled");
        expect(job.lastEventId).toBe(written + 1);
        for (const outcome of outcomes) {
          expect(outcome).toSatisfy(
            (o: PromiseSettledResult<unknown>) => o.status === "fulfilled" || o.reason instanceof FencedError,
          );
        }
      });

      test("of two cancels at once one is made", async () => {
        await create(aJob("j1"));
        const both = await Promise.all([store.change("j1", aCancel()), store.change("j1", aCancel())]);
        expect(both.filter((job) => job !== undefined)).toHaveLength(1);
        expect(await ids("j1")).toEqual([1]);
      });

      for (const status of JOB_STATUSES.filter((s) => s !== "paused")) {
        test(`a resume of a ${status} job is not made`, async () => {
          await inStatus("j1", status);
          const before = await store.getJob("j1");
          const resume = {
            nowMs: LATER,
            from: ["paused"],
            to: "pending",
            bumpFence: false,
            events: [anEvent(9)],
          } as const;
          expect(await store.change("j1", resume)).toBeUndefined();
          expect(await store.getJob("j1")).toEqual(before);
        });
      }

      test("a move the job's life does not know is not made, even where it is asked for", async () => {
        await inStatus("j1", "finished");
        const change = {
          nowMs: LATER,
          from: JOB_STATUSES,
          to: "pending",
          bumpFence: true,
          events: [],
        } as const;
        expect(await store.change("j1", change)).toBeUndefined();
        expect((await store.getJob("j1"))?.status).toBe("finished");
      });

      test("a change for another revision is not made", async () => {
        await create(aJob("j1"));
        expect(await store.change("j1", aCancel({ ifRevision: 2 }))).toBeUndefined();
        expect(await store.change("j1", aCancel({ ifRevision: 1 }))).toMatchObject({ revision: 2 });
      });

      test("a request is kept, replaced and cleared; what is not named stays", async () => {
        await running("j1");
        const change = { nowMs: LATER, from: ["running"], bumpFence: false, events: [] } as const;
        const seen = [];
        for (const requested of ["pause", undefined, "stop", null] as const) {
          const job = await store.change("j1", { ...change, ...(requested !== undefined && { requested }) });
          seen.push(job?.requested);
        }
        expect(seen).toEqual(["pause", "pause", "stop", undefined]);
      });

      test("a failure from outside is kept with the job", async () => {
        await create(aJob("j1"));
        const failure = { code: "worker_lost", sentence: "No worker.", nextStep: "Try again." };
        const job = await store.change("j1", aCancel({ to: "failed", failure, events: [anEvent(1)] }));
        expect(job).toMatchObject({ status: "failed", failure });
      });

      test("a job nobody created is not changed", async () => {
        expect(await store.change("nobody", aCancel())).toBeUndefined();
        expect(await store.change("nobody", aCancel({ from: [] }))).toBeUndefined();
      });
    });

    describe("the log", () => {
      test("a read starts after its cursor and stops at its limit", async () => {
        const { fence } = await running("j1");
        await running("j2").then((j) => store.append("j2", j.fence, aWrite([anEvent(99)])));
        await store.append("j1", fence, aWrite(oneTo(6).map(anEvent)));
        const read = async (after: number, limit: number) =>
          (await store.events("j1", after, limit)).map((event) => event.id);
        expect(await read(0, 2)).toEqual([1, 2]);
        expect(await read(2, 3)).toEqual([3, 4, 5]);
        expect(await read(5, 100)).toEqual([6]);
        expect(await read(6, 100)).toEqual([]);
        expect(await read(99, 100)).toEqual([]);
      });

      test("a read can be of some types", async () => {
        const { fence } = await running("j1");
        await store.append(
          "j1",
          fence,
          aWrite([anEvent(1), { type: "resumed", data: { by: "caller" } }, anEvent(3)]),
        );
        expect((await store.events("j1", 0, 10, ["resumed"])).map((event) => event.id)).toEqual([2]);
        expect((await store.events("j1", 0, 1, ["early_stop"])).map((event) => event.id)).toEqual([1]);
        expect((await store.events("j1", 1, 9, ["early_stop", "resumed"])).map((e) => e.id)).toEqual([2, 3]);
        expect((await store.events("j1", 0, 9, [])).map((event) => event.id)).toEqual([1, 2, 3]);
      });

      test("whatever order claims, appends and cancels come in, each log is 1, 2, 3 … and says who wrote it", async () => {
        type Step = { job: number; act: "claim" | "append" | "stale" | "cancel"; n: number };
        const step: fc.Arbitrary<Step> = fc.record({
          job: fc.integer({ min: 0, max: 1 }),
          act: fc.constantFrom("claim", "append", "append", "stale", "cancel"),
          n: fc.integer({ min: 0, max: 3 }),
        });
        let round = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
            const names = [`r${++round}a`, `r${round}b`];
            const model = names.map(() => ({ status: "pending" as JobStatus, fence: 0, last: 0 }));
            for (const id of names) await create(aJob(id));
            for (const { job, act, n } of steps) {
              const id = names[job] as string;
              const m = model[job] as (typeof model)[number];
              const open = m.status === "pending" || m.status === "running";
              if (act === "claim") {
                const got = await store.claim(id, "w", LATER);
                expect(got !== undefined).toBe(open);
                if (open) Object.assign(m, { status: "running", fence: m.fence + 1 });
              } else if (act === "cancel") {
                const got = await store.change(id, aCancel());
                expect(got !== undefined).toBe(open);
                if (open) Object.assign(m, { status: "cancelled", fence: m.fence + 1, last: m.last + 1 });
              } else {
                const fence = act === "stale" ? m.fence - 1 : m.fence;
                const legal = act === "append" && m.status === "running";
                const write = aWrite(oneTo(n).map(anEvent));
                const got = await store.append(id, fence, write).catch((error: unknown) => error);
                expect(got instanceof FencedError).toBe(!legal);
                if (legal) m.last += n;
              }
            }
            for (const [i, id] of names.entries()) {
              const m = model[i] as (typeof model)[number];
              const { status, fence, last: lastEventId } = m;
              expect(await store.getJob(id)).toMatchObject({ status, fence, lastEventId });
              expect(await ids(id)).toEqual(oneTo(m.last));
            }
          }),
          { numRuns: 15 },
        );
      });
    });

    describe("the ledger", () => {
      const read = async (rootId: string) => {
        const rows: LedgerRow[] = [];
        for await (const row of store.calls(rootId)) rows.push(row);
        return rows;
      };

      test("an answer is found under its key, and among all of its family", async () => {
        await create(aJob("j1"));
        await create(aJob("j2", { rootId: "j1" }));
        const one = aCall("j1", "k1", { role: "judge" });
        const two = aCall("j1", "k2", { jobId: "j2" });
        await store.recordCall(one);
        await store.recordCall(two);
        expect(await store.call("j1", "k2")).toEqual(two);
        expect(await store.call("j1", "k3")).toBeUndefined();
        expect(await store.call("j2", "k2")).toBeUndefined();
        expect(await read("j1")).toEqual([one, two]);
        expect(await read("j2")).toEqual([]);
      });

      test("the first answer under a key stays", async () => {
        await create(aJob("j1"));
        await Promise.all([
          store.recordCall(aCall("j1", "k1")),
          store.recordCall(aCall("j1", "k1", { outcome: '"another"' })),
        ]);
        await store.recordCall(aCall("j1", "k1", { outcome: '"a third"' }));
        expect(await read("j1")).toHaveLength(1);
        expect((await store.call("j1", "k1"))?.outcome).not.toBe('"a third"');
      });

      test("what was paid is booked after the job has gone to another worker or ended", async () => {
        await running("j1");
        await store.change("j1", aCancel());
        await store.recordCall(aCall("j1", "k1"));
        expect(await read("j1")).toHaveLength(1);
      });

      test("any number of answers is read, page after page, each once", async () => {
        await create(aJob("j1"));
        const keys = oneTo(301).map((i) => `k${String(i).padStart(4, "0")}`);
        await Promise.all(keys.map((key) => store.recordCall(aCall("j1", key))));
        expect((await read("j1")).map((row) => row.key)).toEqual(keys);
      });
    });

    describe("deleting", () => {
      for (const status of ["pending", "running", "paused"] as const) {
        test(`a ${status} job stays`, async () => {
          await inStatus("j1", status);
          expect(await store.deleteJob("j1")).toBe(false);
          expect((await store.getJob("j1"))?.status).toBe(status);
        });
      }

      test("an ended job goes with its events, its checkpoint and its key", async () => {
        const idempotency = aRecord("k");
        await store.createJob({ job: aJob("j1"), idempotency, maxOpenJobsPerOwner: 9 });
        await store.claim("j1", "w1", LATER);
        await store.append("j1", 1, aWrite([anEvent(1)], { checkpoint: "state", status: "finished" }));
        expect(await store.deleteJob("j1")).toBe(true);
        expect(await store.getJob("j1")).toBeUndefined();
        expect(await store.events("j1", 0, 10)).toEqual([]);
        expect(await store.checkpoint("j1")).toBeUndefined();
        const again = await store.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 });
        expect(again.kind).toBe("created");
        expect(await store.deleteJob("j1")).toBe(false);
      });

      test("a family's answers stay until its last job goes, and none is booked after", async () => {
        await inStatus("j1", "cancelled");
        await create(aJob("j2", { rootId: "j1", parentId: "j1" }));
        await store.change("j2", aCancel());
        await store.recordCall(aCall("j1", "k1"));
        await store.deleteJob("j1");
        expect(await store.call("j1", "k1")).toBeDefined();
        await store.deleteJob("j2");
        expect(await store.call("j1", "k1")).toBeUndefined();
        await store.recordCall(aCall("j1", "k2"));
        expect(await store.call("j1", "k2")).toBeUndefined();
      });
    });

    describe("news", () => {
      /** Listens; `reached` resolves once a job's news say this id. */
      const listen = () => {
        const heard: [string, number][] = [];
        let check = (): void => undefined;
        const end = store.onAppend((jobId, lastEventId) => {
          heard.push([jobId, lastEventId]);
          check();
        });
        const reached = (jobId: string, id: number) =>
          new Promise<void>((resolve) => {
            check = () => {
              if (heard.some(([job, last]) => job === jobId && last === id)) resolve();
            };
            check();
          });
        return { heard, end, reached };
      };

      test("each append and each change with events is told, once the events can be read", async () => {
        const { fence } = await running("j1");
        const { reached } = listen();
        await store.append("j1", fence, aWrite([anEvent(1), anEvent(2)]));
        await reached("j1", 2);
        await store.change("j1", aCancel());
        await reached("j1", 3);
        expect(await ids("j1")).toEqual([1, 2, 3]);
      });

      test("many appends of one turn are told in fewer words, the last one with them", async () => {
        const { fence } = await running("j1");
        const { heard, reached } = listen();
        await Promise.all(oneTo(50).map((i) => store.append("j1", fence, aWrite([anEvent(i)]))));
        await reached("j1", 50);
        expect(heard.length).toBeLessThan(50);
      });

      test("what is refused, and what has no events, is not told", async () => {
        const { fence } = await running("j1");
        const { heard, reached } = listen();
        await store.append("j1", fence - 1, aWrite([anEvent(1)])).catch(() => undefined);
        await store.append("j1", fence, aWrite([], { checkpoint: "state" }));
        await store.append("j1", fence, aWrite([anEvent(1)]));
        await reached("j1", 1);
        expect(heard).toEqual([["j1", 1]]);
      });

      test("who has left is told nothing, and a listener that throws harms nobody", async () => {
        const { fence } = await running("j1");
        const gone = listen();
        store.onAppend(() => {
          throw new Error("a broken watcher");
        });
        const { reached } = listen();
        gone.end();
        await store.append("j1", fence, aWrite([anEvent(1)]));
        await reached("j1", 1);
        expect(gone.heard).toEqual([]);
      });
    });

    describe("opening and closing", () => {
      test("an open store answers", async () => {
        await expect(store.ping()).resolves.toBeUndefined();
      });

      test("a closed store refuses with a sentence, and closing again is no harm", async () => {
        const write = create(aJob("j1"));
        await store.close();
        await expect(write).resolves.toMatchObject({ kind: "created" }); // it was under way
        await store.close();
        const calls = [store.ping(), store.getJob("j1"), create(aJob("j2")), store.claim("j1", "w", 1)];
        for (const call of calls) await expect(call).rejects.toMatchObject({ reason: "storage_unavailable" });
      });
    });
  });
}

/** What stores promise besides whose data outlives them. */
export function describeDurableStore(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(`${name}, opened again`, () => {
    test("everything that was acknowledged is there", async () => {
      const place = await newPlace();
      const first = await place.open();
      const idempotency = aRecord("k");
      const job = aJob("j1");
      await first.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 });
      const claimed = (await first.claim("j1", "w1", LATER)) as Job;
      const events = await first.append("j1", claimed.fence, aWrite([anEvent(1)], { checkpoint: "state" }));
      await first.recordCall(aCall("j1", "k1"));
      const before = await first.getJob("j1");
      await first.close();

      const second = await place.open();
      expect(await second.getJob("j1")).toEqual(before);
      expect(await second.events("j1", 0, 10)).toEqual(events);
      expect(await second.checkpoint("j1")).toBe("state");
      expect(await second.call("j1", "k1")).toEqual(aCall("j1", "k1"));
      const again = await second.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 });
      expect(again).toEqual({ kind: "replayed", job });
      const next = await second.append("j1", claimed.fence, aWrite([anEvent(2)]));
      expect(next.map((event) => event.id)).toEqual([2]);
      await second.close();
      await place.remove();
    });
  });
}
