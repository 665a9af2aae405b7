import { describe, expect, test } from "vitest";
import { aJob, aRecord, CREATED_AT, SPEC } from "../../support/jobs.ts";
import { LATER, NO_LIMIT, oneTo, type StoreUnderTest } from "./under-test.ts";

/** Creating, reading and listing jobs; quota and idempotency. */
export function describeCreating(place: StoreUnderTest): void {
  const { create, running, inStatus } = place;

  describe("creating and reading", () => {
    test("a created job reads back as it was given", async () => {
      const job = aJob("j1", { rootId: "j0", parentId: "j0" });
      expect(await create(job)).toEqual({ kind: "created", job });
      expect(await place.store.getJob("j1")).toEqual(job);
    });

    test("a job nobody created is absent", async () => {
      expect(await place.store.getJob("nobody")).toBeUndefined();
      expect(await place.store.events("nobody", 0, 10)).toEqual([]);
      expect(await place.store.checkpoint("nobody")).toBeUndefined();
    });

    test("the same id can not be created twice", async () => {
      await create(aJob("j1"));
      await expect(create(aJob("j1", { owner: "bob" }))).rejects.toThrow();
      expect((await place.store.getJob("j1"))?.owner).toBe("alice");
    });

    test("examples are left out where they are not wanted", async () => {
      await create(aJob("j1"));
      const bare = aJob("j1", { spec: { ...SPEC, examples: [] } });
      expect(await place.store.getJob("j1", { withoutExamples: true })).toEqual(bare);
      expect(await place.store.listJobs({ owner: "alice", limit: 9, withoutExamples: true })).toEqual([bare]);
    });

    test("texts come back exactly, whatever they hold", async () => {
      const texts = ["", "'; DROP TABLE jobs; --", "$1 ?1 :a @b", "\u0000\u0001", "🦜 ß \u2028", "\ud800"];
      const components = Object.fromEntries(texts.map((text, i) => [`c${i}`, text]));
      await create(aJob("j1", { spec: { ...SPEC, components } }));
      expect((await place.store.getJob("j1"))?.spec.components).toEqual(components);
    });
  });

  describe("listing", () => {
    test("a list is of one owner, newest first, ids breaking ties", async () => {
      await create(aJob("a", { createdAt: 1 }));
      await create(aJob("b", { createdAt: 3 }));
      await create(aJob("c", { createdAt: 3 }));
      await create(aJob("x", { owner: "bob", createdAt: 9 }));
      const list = await place.store.listJobs({ owner: "alice", limit: 10 });
      expect(list.map((job) => job.id)).toEqual(["c", "b", "a"]);
      expect(list[0]?.spec).toEqual(SPEC);
    });

    test("pages join without gap or repeat, also within one millisecond", async () => {
      const all = ["a", "b", "c", "d", "e"];
      for (const id of all) await create(aJob(id));
      const seen: string[] = [];
      let before: { createdAt: number; id: string } | undefined;
      for (let page = 0; page < 3; page++) {
        const jobs = await place.store.listJobs({ owner: "alice", limit: 2, ...(before && { before }) });
        seen.push(...jobs.map((job) => job.id));
        before = jobs.at(-1);
      }
      expect(seen).toEqual(all.toReversed());
    });

    test("a list can be of one status", async () => {
      await running("a");
      await create(aJob("b"));
      const list = await place.store.listJobs({ owner: "alice", status: "running", limit: 10 });
      expect(list.map((job) => job.id)).toEqual(["a"]);
    });

    test("jobs are counted by status, and empty states are zero", async () => {
      await inStatus("a", "pending");
      await inStatus("b", "pending");
      await inStatus("c", "cancelled");
      expect(await place.store.countJobs()).toEqual({
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
      expect(await place.store.jobIds(["pending", "running"], 10)).toEqual(["early", "mid", "late"]);
      expect(await place.store.jobIds(["pending"], 1)).toEqual(["early"]);
      expect(await place.store.jobIds([], 10)).toEqual([]);
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
      expect(await place.store.createJob({ job, maxOpenJobsPerOwner: 2, idempotency })).toEqual({
        kind: "quota",
        open: 2,
      });
      expect(await place.store.getJob("d")).toBeUndefined();
      expect(await place.store.createJob({ job, maxOpenJobsPerOwner: 3, idempotency })).toEqual({
        kind: "created",
        job,
      });
    });

    test("creates at once never exceed the quota together", async () => {
      const outcomes = await Promise.all(
        oneTo(12).map((i) => place.store.createJob({ job: aJob(`j${i}`), maxOpenJobsPerOwner: 5 })),
      );
      expect(outcomes.filter((o) => o.kind === "created")).toHaveLength(5);
      expect((await place.store.countJobs()).pending).toBe(5);
    });

    test("a repeated request gets its job as it was created, whatever became of it", async () => {
      const job = aJob("j1");
      const idempotency = aRecord("k");
      await place.store.createJob({ job, idempotency, maxOpenJobsPerOwner: 1 });
      await place.store.claim("j1", "w1", LATER);
      const again = { job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 1 }; // the quota is used up by now
      expect(await place.store.createJob(again)).toEqual({ kind: "replayed", job });
      expect(await place.store.getJob("j2")).toBeUndefined();
    });

    test("a hundred equal requests at once make one job", async () => {
      const outcomes = await Promise.all(
        oneTo(100).map((i) =>
          place.store.createJob({
            job: aJob(`j${i}`),
            idempotency: aRecord("k"),
            maxOpenJobsPerOwner: NO_LIMIT,
          }),
        ),
      );
      expect(outcomes.filter((o) => o.kind === "created")).toHaveLength(1);
      expect(outcomes.filter((o) => o.kind === "replayed")).toHaveLength(99);
      expect((await place.store.countJobs()).pending).toBe(1);
    });

    test("the same key for another request is a mismatch", async () => {
      await place.store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
      const idempotency = aRecord("k", { fingerprint: "another-request" });
      expect(await place.store.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
        kind: "mismatch",
      });
      expect(await place.store.getJob("j2")).toBeUndefined();
    });

    for (const [what, overrides] of [
      ["owner", { owner: "bob" }],
      ["route", { route: "ForkJob" }],
      ["key", { key: "k2" }],
    ] as const) {
      test(`keys of another ${what} never meet`, async () => {
        await place.store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
        const job = aJob("j2");
        const idempotency = aRecord("k", { fingerprint: "another-request", ...overrides });
        expect(await place.store.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
          kind: "created",
          job,
        });
      });
    }

    test("an expired key counts as absent and is replaced", async () => {
      await place.store.createJob({ job: aJob("j1"), idempotency: aRecord("k"), maxOpenJobsPerOwner: 9 });
      const job = aJob("j2");
      const idempotency = aRecord("k", {
        fingerprint: "another-request",
        createdAt: LATER,
        validAfter: CREATED_AT + 1,
      });
      expect(await place.store.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 })).toEqual({
        kind: "created",
        job,
      });
      const again = { job: aJob("j3"), idempotency, maxOpenJobsPerOwner: 9 };
      expect(await place.store.createJob(again)).toEqual({ kind: "replayed", job });
    });

    test("old records are removed, younger ones stay", async () => {
      await place.store.createJob({ job: aJob("j1"), idempotency: aRecord("old"), maxOpenJobsPerOwner: 9 });
      const young = aRecord("young", { createdAt: CREATED_AT + 1 });
      await place.store.createJob({ job: aJob("j2"), idempotency: young, maxOpenJobsPerOwner: 9 });
      expect(await place.store.expireIdempotency(CREATED_AT + 1)).toBe(1);
      const outcomes = [];
      for (const key of ["old", "young"]) {
        const input = { job: aJob(`again-${key}`), idempotency: aRecord(key), maxOpenJobsPerOwner: 9 };
        outcomes.push((await place.store.createJob(input)).kind);
      }
      expect(outcomes).toEqual(["created", "replayed"]);
    });
  });
}
