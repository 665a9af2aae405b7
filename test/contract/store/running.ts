import { describe, expect, test } from "vitest";
import { JOB_STATUSES, type Job, type JobResult } from "../../../src/domain/job.ts";
import { FencedError } from "../../../src/storage/store.ts";
import { aCancel, aJob, anEvent, aWrite, CREATED_AT } from "../../support/jobs.ts";
import { LATER, oneTo, type StoreUnderTest } from "./under-test.ts";

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

/** Claims, a run's writes, and changes from outside. */
export function describeRunning(place: StoreUnderTest): void {
  const { create, running, inStatus, ids } = place;

  describe("claiming", () => {
    test("a claim bumps the fence and says when the job first ran", async () => {
      await create(aJob("j1"));
      const first = await place.store.claim("j1", "w1", CREATED_AT + 10);
      expect(first).toEqual(
        aJob("j1", {
          status: "running",
          fence: 1,
          revision: 2,
          startedAt: CREATED_AT + 10,
          updatedAt: CREATED_AT + 10,
        }),
      );
      const second = await place.store.claim("j1", "w2", CREATED_AT + 20);
      expect(second).toMatchObject({ fence: 2, startedAt: CREATED_AT + 10, updatedAt: CREATED_AT + 20 });
      expect(await place.store.getJob("j1")).toEqual(second);
    });

    for (const status of ["paused", "finished", "failed", "cancelled"] as const) {
      test(`a ${status} job is not to be had`, async () => {
        await inStatus("j1", status);
        expect(await place.store.claim("j1", "w1", LATER)).toBeUndefined();
        expect((await place.store.getJob("j1"))?.status).toBe(status);
      });
    }

    test("a job nobody created is not to be had", async () => {
      expect(await place.store.claim("nobody", "w1", LATER)).toBeUndefined();
    });
  });

  describe("a run's writes", () => {
    test("an append numbers its events and moves the job's counters", async () => {
      const { fence } = await running("j1");
      const progress = { iteration: 2, bestScore: 0.5, fraction: 0.25, spend: [] };
      const write = aWrite([anEvent(1), anEvent(2)], { engineOrdinal: 7, progress });
      const events = await place.store.append("j1", fence, write);
      expect(events).toEqual([
        { ...anEvent(1), id: 1, jobId: "j1", ts: write.nowMs },
        { ...anEvent(2), id: 2, jobId: "j1", ts: write.nowMs },
      ]);
      expect(await place.store.events("j1", 0, 10)).toEqual(events);
      expect(await place.store.getJob("j1")).toMatchObject({
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
        oneTo(40).map((i) => place.store.append("j1", fence, aWrite([anEvent(2 * i), anEvent(2 * i + 1)]))),
      );
      expect(await ids("j1")).toEqual(oneTo(80));
      for (const [first, second] of written) expect(second?.id).toBe((first?.id ?? 0) + 1);
    });

    test("one append may hold hundreds of events", async () => {
      const { fence } = await running("j1");
      await place.store.append("j1", fence, aWrite(oneTo(321).map(anEvent)));
      const events = await place.store.events("j1", 0, 1000);
      expect(events.map((event) => event.data)).toEqual(oneTo(321).map((i) => anEvent(i).data));
    });

    test("an append without events keeps the numbers and still records", async () => {
      const { fence } = await running("j1");
      expect(await place.store.append("j1", fence, aWrite([], { checkpoint: "state" }))).toEqual([]);
      expect(await place.store.checkpoint("j1")).toBe("state");
      expect((await place.store.getJob("j1"))?.lastEventId).toBe(0);
    });

    test("the last checkpoint stays until the next one", async () => {
      const { fence } = await running("j1");
      expect(await place.store.checkpoint("j1")).toBeUndefined();
      await place.store.append("j1", fence, aWrite([anEvent(1)], { checkpoint: "one" }));
      await place.store.append("j1", fence, aWrite([anEvent(2)], { checkpoint: "two" }));
      await place.store.append("j1", fence, aWrite([anEvent(3)]));
      expect(await place.store.checkpoint("j1")).toBe("two");
    });

    test("a finished run leaves its result and ends what was requested", async () => {
      const { fence } = await running("j1");
      await place.store.change("j1", {
        nowMs: LATER,
        from: ["running"],
        requested: "stop",
        bumpFence: false,
        events: [],
      });
      await place.store.append("j1", fence, aWrite([anEvent(1)], { status: "finished", result: RESULT }));
      const job = await place.store.getJob("j1");
      expect(job).toMatchObject({ status: "finished", result: RESULT, endedAt: CREATED_AT + 5_000 });
      expect(job).not.toHaveProperty("requested");
    });

    test("a failed run leaves its failure", async () => {
      const { fence } = await running("j1");
      const failure = { code: "model_unreachable", sentence: "No answer.", nextStep: "Check the key." };
      await place.store.append("j1", fence, aWrite([anEvent(1)], { status: "failed", failure }));
      expect(await place.store.getJob("j1")).toMatchObject({ status: "failed", failure });
    });

    test("a move the job's life does not know is refused, and nothing is written", async () => {
      const { fence } = await running("j1");
      const write = aWrite([anEvent(1)], { status: "pending" });
      await expect(place.store.append("j1", fence, write)).rejects.toMatchObject({ reason: "invalid_state" });
      expect(await ids("j1")).toEqual([]);
    });

    test("the worker that lost the job can write no more", async () => {
      const old = await running("j1");
      await place.store.append("j1", old.fence, aWrite([anEvent(1)], { checkpoint: "mine" }));
      await place.store.claim("j1", "w2", LATER);
      const late = place.store.append("j1", old.fence, aWrite([anEvent(2)], { checkpoint: "stale" }));
      await expect(late).rejects.toBeInstanceOf(FencedError);
      expect(await ids("j1")).toEqual([1]);
      expect(await place.store.checkpoint("j1")).toBe("mine");
    });

    for (const status of ["paused", "finished", "failed"] as const) {
      test(`nothing is added to a ${status} job under its last fence`, async () => {
        await inStatus("j1", status);
        const { fence } = (await place.store.getJob("j1")) as Job;
        const late = place.store.append("j1", fence, aWrite([anEvent(2)]));
        await expect(late).rejects.toBeInstanceOf(FencedError);
        expect(await ids("j1")).toEqual([1]);
      });
    }

    test("a job nobody created can not be written", async () => {
      await expect(place.store.append("nobody", 0, aWrite([anEvent(1)]))).rejects.toBeInstanceOf(FencedError);
    });
  });

  describe("changes from outside", () => {
    test("a cancel ends the job with its event, its fence and without what was requested", async () => {
      const { fence } = await running("j1");
      await place.store.append("j1", fence, aWrite([anEvent(1)]));
      const stop = {
        nowMs: LATER,
        from: ["running"],
        requested: "stop",
        bumpFence: false,
        events: [],
      } as const;
      expect(await place.store.change("j1", stop)).toMatchObject({ status: "running", requested: "stop" });
      const cancelled = await place.store.change("j1", aCancel());
      expect(cancelled).toMatchObject({ status: "cancelled", lastEventId: 2, fence: fence + 1 });
      expect(cancelled).toMatchObject({ endedAt: aCancel().nowMs });
      expect(cancelled).not.toHaveProperty("requested");
      expect(await place.store.getJob("j1")).toEqual(cancelled);
      expect((await place.store.events("j1", 1, 10)).map((event) => event.type)).toEqual(["cancelled"]);
    });

    test("the figures of a cancelled job can be brought up to date, and nothing else moves", async () => {
      await running("j1");
      const cancelled = (await place.store.change("j1", aCancel())) as Job;
      const progress = { ...cancelled.progress, spend: [], iteration: 2 };
      const booked = await place.store.change("j1", {
        nowMs: LATER,
        from: ["cancelled"],
        bumpFence: false,
        events: [],
        progress,
      });
      const { status, fence, lastEventId, endedAt } = cancelled;
      expect(booked).toMatchObject({ status, fence, lastEventId, endedAt, progress });
      expect(await place.store.getJob("j1")).toEqual(booked);
    });

    test("a cancel and the appends of a run have one order: nothing comes after the cancel", async () => {
      const { fence } = await running("j1");
      const before = oneTo(10).map((i) => place.store.append("j1", fence, aWrite([anEvent(i)])));
      const cancel = place.store.change("j1", aCancel());
      const after = oneTo(10).map((i) => place.store.append("j1", fence, aWrite([anEvent(10 + i)])));
      const outcomes = await Promise.allSettled([...before, ...after]);
      const job = (await cancel) as Job;
      const written = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
      const log = await place.store.events("j1", 0, 100);
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
      const both = await Promise.all([
        place.store.change("j1", aCancel()),
        place.store.change("j1", aCancel()),
      ]);
      expect(both.filter((job) => job !== undefined)).toHaveLength(1);
      expect(await ids("j1")).toEqual([1]);
    });

    for (const status of JOB_STATUSES.filter((s) => s !== "paused")) {
      test(`a resume of a ${status} job is not made`, async () => {
        await inStatus("j1", status);
        const before = await place.store.getJob("j1");
        const resume = {
          nowMs: LATER,
          from: ["paused"],
          to: "pending",
          bumpFence: false,
          events: [anEvent(9)],
        } as const;
        expect(await place.store.change("j1", resume)).toBeUndefined();
        expect(await place.store.getJob("j1")).toEqual(before);
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
      expect(await place.store.change("j1", change)).toBeUndefined();
      expect((await place.store.getJob("j1"))?.status).toBe("finished");
    });

    test("a change for another revision is not made", async () => {
      await create(aJob("j1"));
      expect(await place.store.change("j1", aCancel({ ifRevision: 2 }))).toBeUndefined();
      expect(await place.store.change("j1", aCancel({ ifRevision: 1 }))).toMatchObject({ revision: 2 });
    });

    test("a request is kept, replaced and cleared; what is not named stays", async () => {
      await running("j1");
      const change = { nowMs: LATER, from: ["running"], bumpFence: false, events: [] } as const;
      const seen = [];
      for (const requested of ["pause", undefined, "stop", null] as const) {
        const job = await place.store.change("j1", {
          ...change,
          ...(requested !== undefined && { requested }),
        });
        seen.push(job?.requested);
      }
      expect(seen).toEqual(["pause", "pause", "stop", undefined]);
    });

    test("a failure from outside is kept with the job", async () => {
      await create(aJob("j1"));
      const failure = { code: "worker_lost", sentence: "No worker.", nextStep: "Try again." };
      const job = await place.store.change("j1", aCancel({ to: "failed", failure, events: [anEvent(1)] }));
      expect(job).toMatchObject({ status: "failed", failure });
    });

    test("a job nobody created is not changed", async () => {
      expect(await place.store.change("nobody", aCancel())).toBeUndefined();
      expect(await place.store.change("nobody", aCancel({ from: [] }))).toBeUndefined();
    });
  });
}
