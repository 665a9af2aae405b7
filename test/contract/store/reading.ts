import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobStatus } from "../../../src/domain/job.ts";
import { FencedError, type LedgerRow } from "../../../src/storage/store.ts";
import { aCall, aCancel, aJob, anEvent, aRecord, aWrite } from "../../support/jobs.ts";
import { LATER, oneTo, type StoreUnderTest } from "./under-test.ts";

/** The log, the ledger, deleting, news, and closing. */
export function describeReading(place: StoreUnderTest): void {
  const { create, running, inStatus, ids } = place;

  describe("the log", () => {
    test("a read starts after its cursor and stops at its limit", async () => {
      const { fence } = await running("j1");
      await running("j2").then((j) => place.store.append("j2", j.fence, aWrite([anEvent(99)])));
      await place.store.append("j1", fence, aWrite(oneTo(6).map(anEvent)));
      const read = async (after: number, limit: number) =>
        (await place.store.events("j1", after, limit)).map((event) => event.id);
      expect(await read(0, 2)).toEqual([1, 2]);
      expect(await read(2, 3)).toEqual([3, 4, 5]);
      expect(await read(5, 100)).toEqual([6]);
      expect(await read(6, 100)).toEqual([]);
      expect(await read(99, 100)).toEqual([]);
    });

    test("a read can be of some types", async () => {
      const { fence } = await running("j1");
      await place.store.append(
        "j1",
        fence,
        aWrite([anEvent(1), { type: "resumed", data: { by: "caller" } }, anEvent(3)]),
      );
      expect((await place.store.events("j1", 0, 10, ["resumed"])).map((event) => event.id)).toEqual([2]);
      expect((await place.store.events("j1", 0, 1, ["early_stop"])).map((event) => event.id)).toEqual([1]);
      expect((await place.store.events("j1", 1, 9, ["early_stop", "resumed"])).map((e) => e.id)).toEqual([
        2, 3,
      ]);
      expect((await place.store.events("j1", 0, 9, [])).map((event) => event.id)).toEqual([1, 2, 3]);
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
            const legal = act === "append" ? m.status === "running" : act !== "stale" && open;
            const write = aWrite(oneTo(n).map(anEvent));
            const done = {
              claim: () => place.store.claim(id, "w", LATER),
              cancel: () => place.store.change(id, aCancel()),
              append: () => place.store.append(id, m.fence, write),
              stale: () => place.store.append(id, m.fence - 1, write),
            }[act]();
            const outcome = await done.catch((error: unknown) =>
              error instanceof FencedError ? undefined : error,
            );
            expect(outcome !== undefined).toBe(legal);
            if (!legal) continue;
            if (act === "append") m.last += n;
            else m.fence += 1;
            if (act === "claim") m.status = "running";
            if (act === "cancel") Object.assign(m, { status: "cancelled", last: m.last + 1 });
          }
          for (const [i, id] of names.entries()) {
            const m = model[i] as (typeof model)[number];
            const { status, fence, last: lastEventId } = m;
            expect(await place.store.getJob(id)).toMatchObject({ status, fence, lastEventId });
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
      for await (const row of place.store.calls(rootId)) rows.push(row);
      return rows;
    };

    test("an answer is found under its key, and among all of its family", async () => {
      await create(aJob("j1"));
      await create(aJob("j2", { rootId: "j1" }));
      const one = aCall("j1", "k1", { role: "judge" });
      const two = aCall("j1", "k2", { jobId: "j2" });
      await place.store.recordCall(one);
      await place.store.recordCall(two);
      expect(await place.store.call("j1", "k2")).toEqual(two);
      expect(await place.store.call("j1", "k3")).toBeUndefined();
      expect(await place.store.call("j2", "k2")).toBeUndefined();
      expect(await read("j1")).toEqual([one, two]);
      expect(await read("j2")).toEqual([]);
    });

    test("the first answer under a key stays", async () => {
      await create(aJob("j1"));
      const told = await Promise.all([
        place.store.recordCall(aCall("j1", "k1")),
        place.store.recordCall(aCall("j1", "k1", { outcome: '"another"' })),
      ]);
      told.push(await place.store.recordCall(aCall("j1", "k1", { outcome: '"a third"' })));
      const [stands, ...others] = await read("j1");
      expect(others).toEqual([]);
      expect(stands?.outcome).not.toBe('"a third"');
      expect(told, "what each was told to use").toEqual([stands, stands, stands]);
    });

    test("what was paid is booked after the job has gone to another worker or ended", async () => {
      await running("j1");
      await place.store.change("j1", aCancel());
      await place.store.recordCall(aCall("j1", "k1"));
      expect(await read("j1")).toHaveLength(1);
    });

    test("any number of answers is read, page after page, each once", async () => {
      await create(aJob("j1"));
      const keys = oneTo(301).map((i) => `k${String(i).padStart(4, "0")}`);
      await Promise.all(keys.map((key) => place.store.recordCall(aCall("j1", key))));
      expect((await read("j1")).map((row) => row.key)).toEqual(keys);
    });
  });

  describe("deleting", () => {
    for (const status of ["pending", "running", "paused"] as const) {
      test(`a ${status} job stays`, async () => {
        await inStatus("j1", status);
        expect(await place.store.deleteJob("j1")).toBe(false);
        expect((await place.store.getJob("j1"))?.status).toBe(status);
      });
    }

    test("an ended job goes with its events, its checkpoint and its key", async () => {
      const idempotency = aRecord("k");
      await place.store.createJob({ job: aJob("j1"), idempotency, maxOpenJobsPerOwner: 9 });
      await place.store.claim("j1", "w1", LATER);
      await place.store.append("j1", 1, aWrite([anEvent(1)], { checkpoint: "state", status: "finished" }));
      expect(await place.store.deleteJob("j1")).toBe(true);
      expect(await place.store.getJob("j1")).toBeUndefined();
      expect(await place.store.events("j1", 0, 10)).toEqual([]);
      expect(await place.store.checkpoint("j1")).toBeUndefined();
      const again = await place.store.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 });
      expect(again.kind).toBe("created");
      expect(await place.store.deleteJob("j1")).toBe(false);
    });

    test("a family's answers stay until its last job goes, and none is booked after", async () => {
      await inStatus("j1", "cancelled");
      await create(aJob("j2", { rootId: "j1", parentId: "j1" }));
      await place.store.change("j2", aCancel());
      await place.store.recordCall(aCall("j1", "k1"));
      await place.store.deleteJob("j1");
      expect(await place.store.call("j1", "k1")).toBeDefined();
      await place.store.deleteJob("j2");
      expect(await place.store.call("j1", "k1")).toBeUndefined();
      await place.store.recordCall(aCall("j1", "k2"));
      expect(await place.store.call("j1", "k2")).toBeUndefined();
    });
  });

  describe("news", () => {
    /** Listens; `reached` resolves once a job's news say this id. */
    const listen = () => {
      const heard: [string, number][] = [];
      let check = (): void => undefined;
      const end = place.store.onAppend((jobId, lastEventId) => {
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
      await place.store.append("j1", fence, aWrite([anEvent(1), anEvent(2)]));
      await reached("j1", 2);
      await place.store.change("j1", aCancel());
      await reached("j1", 3);
      expect(await ids("j1")).toEqual([1, 2, 3]);
    });

    test("after many appends at once the last one is told, and no id twice", async () => {
      const { fence } = await running("j1");
      const { heard, reached } = listen();
      await Promise.all(oneTo(50).map((i) => place.store.append("j1", fence, aWrite([anEvent(i)]))));
      await reached("j1", 50);
      expect(new Set(heard.map(String)).size).toBe(heard.length);
    });

    test("what is refused, and what has no events, is not told", async () => {
      const { fence } = await running("j1");
      const { heard, reached } = listen();
      await place.store.append("j1", fence - 1, aWrite([anEvent(1)])).catch(() => undefined);
      await place.store.append("j1", fence, aWrite([], { checkpoint: "state" }));
      await place.store.append("j1", fence, aWrite([anEvent(1)]));
      await reached("j1", 1);
      expect(heard).toEqual([["j1", 1]]);
    });

    test("who has left is told nothing, and a listener that throws harms nobody", async () => {
      const { fence } = await running("j1");
      const gone = listen();
      place.store.onAppend(() => {
        throw new Error("a broken watcher");
      });
      const { reached } = listen();
      gone.end();
      await place.store.append("j1", fence, aWrite([anEvent(1)]));
      await reached("j1", 1);
      expect(gone.heard).toEqual([]);
    });
  });

  describe("opening and closing", () => {
    test("an open store answers", async () => {
      await expect(place.store.ping()).resolves.toBeUndefined();
    });

    test("a closed store refuses with a sentence, and closing again is no harm", async () => {
      const write = create(aJob("j1"));
      await place.store.close();
      await expect(write).resolves.toMatchObject({ kind: "created" }); // it was under way
      await place.store.close();
      const calls = [
        place.store.ping(),
        place.store.getJob("j1"),
        create(aJob("j2")),
        place.store.claim("j1", "w", 1),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ reason: "storage_unavailable" });
    });
  });
}
