import { describe, expect, test } from "vitest";
import type { Job } from "../../../src/domain/job.ts";
import { FencedError, WithdrawnError } from "../../../src/storage/store.ts";
import { aCancel, aJob, anEvent, aRecord, aRequestTo, aWrite, CREATED_AT } from "../../support/jobs.ts";
import { LATER, NO_LIMIT, oneTo, type StoreUnderTest } from "./under-test.ts";

/** What is asked of a running job, keys looked up before the work, and what becomes of ended jobs. */
export function describeControlling(place: StoreUnderTest): void {
  const { running, inStatus, ids } = place;

  describe("a pause", () => {
    const paused = aWrite([{ type: "paused", data: { by: "caller", reason: "" } }], { status: "paused" });

    test("is recorded where it is asked for, and the request is fulfilled", async () => {
      const { fence } = await running("j1");
      await place.store.change("j1", aRequestTo("pause"));
      await place.store.append("j1", fence, paused);
      const job = await place.store.getJob("j1");
      expect(job).toMatchObject({ status: "paused", lastEventId: 1, fence });
      expect(job).not.toHaveProperty("requested");
    });

    for (const [what, requested] of [
      ["nobody asks for any more", null],
      ["became a stop", "stop"],
    ] as const) {
      test(`that ${what} is not made, and the run still owns its job`, async () => {
        const { fence } = await running("j1");
        await place.store.change("j1", aRequestTo("pause"));
        await place.store.change("j1", { ...aRequestTo("stop"), requested });
        const before = await place.store.getJob("j1");
        await expect(place.store.append("j1", fence, paused)).rejects.toBeInstanceOf(WithdrawnError);
        expect(await place.store.getJob("j1")).toEqual(before);
        expect(await ids("j1")).toEqual([]);
        await place.store.append("j1", fence, aWrite([anEvent(1)]));
      });
    }

    test("of a worker that lost the job is refused as everything else", async () => {
      const { fence } = await running("j1");
      await place.store.change("j1", aRequestTo("pause"));
      await place.store.claim("j1", "w2", LATER);
      await expect(place.store.append("j1", fence, paused)).rejects.toBeInstanceOf(FencedError);
    });
  });

  describe("a change that depends on what is requested", () => {
    for (const [requested, ifRequested, made] of [
      [undefined, null, true],
      [undefined, "pause", false],
      ["pause", "pause", true],
      ["pause", null, false],
      ["stop", "pause", false],
    ] as const) {
      test(`${requested ?? "nothing"} requested, ${ifRequested ?? "nothing"} wanted: ${made ? "made" : "not made"}`, async () => {
        await running("j1");
        if (requested !== undefined) await place.store.change("j1", aRequestTo(requested));
        const changed = await place.store.change("j1", aRequestTo("stop", { ifRequested }));
        expect(changed?.requested).toBe(made ? "stop" : undefined);
        expect((await place.store.getJob("j1"))?.requested).toBe(made ? "stop" : requested);
      });
    }

    test("a request outlives the move to pending and the claim after it", async () => {
      await inStatus("j1", "paused");
      const resumed = aRequestTo("stop", { from: ["paused"], to: "pending", events: [anEvent(2)] });
      expect(await place.store.change("j1", resumed)).toMatchObject({ status: "pending", requested: "stop" });
      expect(await place.store.claim("j1", "w2", LATER)).toMatchObject({
        status: "running",
        requested: "stop",
      });
    });
  });

  describe("a key that is looked up", () => {
    test("names the job as it was created, whatever became of it, and changes nothing", async () => {
      const job = aJob("j1");
      await place.store.createJob({ job, idempotency: aRecord("k"), maxOpenJobsPerOwner: NO_LIMIT });
      await place.store.claim("j1", "w1", LATER);
      const before = await place.store.getJob("j1");
      expect(await place.store.usedKey(aRecord("k"))).toEqual({ fingerprint: "same-request", job });
      expect(await place.store.getJob("j1")).toEqual(before);
    });

    test("is unused for another owner, route or key, and once it has expired", async () => {
      const record = { job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: NO_LIMIT };
      await place.store.createJob(record);
      for (const other of [
        { owner: "bob" },
        { route: "ForkJob" },
        { key: "k2" },
        { validAfter: CREATED_AT + 1 },
      ]) {
        expect(await place.store.usedKey(aRecord("k", other)), JSON.stringify(other)).toBeUndefined();
      }
    });
  });

  describe("ended jobs", () => {
    const endsAt = async (id: string, nowMs: number, events = 0) => {
      const { fence } = await running(id);
      await place.store.append(id, fence, aWrite(oneTo(events).map(anEvent)));
      await place.store.change(id, aCancel({ nowMs }));
    };

    test("are listed by their end, those that have not ended or ended later left out", async () => {
      await endsAt("b", CREATED_AT + 200);
      await endsAt("a", CREATED_AT + 100);
      await endsAt("late", CREATED_AT + 300);
      await running("open");
      const query = { endedBefore: CREATED_AT + 300, limit: 9 };
      expect(await place.store.endedJobs(query)).toEqual(["a", "b"]);
      expect(await place.store.endedJobs({ ...query, limit: 1 })).toEqual(["a"]);
    });

    test("are listed by how much of their log is stored", async () => {
      await endsAt("long", CREATED_AT + 100, 5);
      await endsAt("short", CREATED_AT + 100, 1);
      const query = { endedBefore: LATER, withMoreEventsThan: 2, limit: 9 };
      expect(await place.store.endedJobs(query)).toEqual(["long"]);
      expect(await place.store.truncateEvents("long", 2)).toBe(4);
      expect(await place.store.endedJobs(query)).toEqual([]);
    });

    test("keep the last events of a log that is cut, under their ids, and everything else", async () => {
      await endsAt("j1", CREATED_AT + 100, 5);
      const before = (await place.store.getJob("j1")) as Job;
      const last = await place.store.events("j1", 4, 9);
      expect(await place.store.truncateEvents("j1", 2)).toBe(4);
      expect(await place.store.events("j1", 0, 9)).toEqual(last);
      expect(await place.store.getJob("j1")).toEqual(before);
      expect(await place.store.truncateEvents("j1", 2)).toBe(0);
    });

    test("are the only ones whose log can be cut", async () => {
      const { fence } = await running("j1");
      await place.store.append("j1", fence, aWrite(oneTo(5).map(anEvent)));
      expect(await place.store.truncateEvents("j1", 2)).toBe(0);
      expect(await ids("j1")).toEqual(oneTo(5));
      expect(await place.store.truncateEvents("nobody", 2)).toBe(0);
    });
  });
}
