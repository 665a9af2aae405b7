import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { ROLES } from "../../src/domain/spend.ts";
import { ALICE, BOB, emptyStore, openWorld, REQUEST } from "../support/job-world.ts";
import { aJob, CREATED_AT } from "../support/jobs.ts";

const KEYED = { spec: REQUEST, requestId: "key-1", fingerprint: "same" };

describe("creating a job", () => {
  it("gives a pending job with every default filled in", async () => {
    const { jobs, sums } = await openWorld();
    const { job, replayed } = await jobs.useCases.createJob(ALICE, { spec: REQUEST, fingerprint: "f" });
    expect(replayed).toBe(false);
    expect(job).toMatchObject({
      id: "job-1",
      rootId: "job-1",
      owner: "alice",
      status: "pending",
      judgeFingerprint: "f00d",
      models: [{ role: "target", servedBy: "scripted:target" }, { role: "reflection" }],
      spec: {
        examples: [
          { id: "1", input: "one" },
          { id: "2", input: "two" },
        ],
      },
    });
    expect(sums.get("jobs_created_total")).toBe(1);
  });

  it("answers a repeated key with the job as it was first answered", async () => {
    const { jobs, sums } = await openWorld();
    const first = await jobs.useCases.createJob(ALICE, KEYED);
    await jobs.useCases.cancelJob(ALICE, first.job.id, "", "");
    const again = await jobs.useCases.createJob(ALICE, KEYED);
    expect(again).toEqual({ job: first.job, replayed: true });
    expect(sums.get("idempotent_replays_total")).toBe(1);
    expect(sums.get("jobs_created_total")).toBe(1);
  });

  it("makes one job of a thousand creates at once with one key", async () => {
    const { jobs, store } = await openWorld();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1000 }, () => jobs.useCases.createJob(ALICE, KEYED)),
    );
    const answers = outcomes.flatMap((o) => (o.status === "fulfilled" ? [o.value] : []));
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    const reasons = outcomes.flatMap((o) => (o.status === "rejected" ? [o.reason.reason] : []));
    expect(new Set(reasons)).toEqual(new Set(["idempotency_in_flight"]));
    expect(await store.countJobs()).toMatchObject({ pending: 1 });
  });

  it("tells a job that exists to any number of callers at once", async () => {
    const { jobs } = await openWorld();
    const { job } = await jobs.useCases.createJob(ALICE, KEYED);
    const again = await Promise.all(
      Array.from({ length: 1000 }, () => jobs.useCases.createJob(ALICE, KEYED)),
    );
    expect(again.every((answer) => answer.replayed && answer.job.id === job.id)).toBe(true);
  });

  it("says when to ask again while the first request is being answered", async () => {
    const { jobs } = await openWorld();
    const first = jobs.useCases.createJob(ALICE, KEYED);
    await expect(jobs.useCases.createJob(ALICE, KEYED)).rejects.toMatchObject({
      reason: "idempotency_in_flight",
      retryAfterMs: 1000,
    });
    await first;
  });

  it("refuses the key of another request", async () => {
    const { jobs } = await openWorld();
    await jobs.useCases.createJob(ALICE, KEYED);
    const other = { ...KEYED, fingerprint: "other" };
    await expect(jobs.useCases.createJob(ALICE, other)).rejects.toMatchObject({
      reason: "idempotency_mismatch",
    });
  });

  it("never lets the keys of two callers meet, nor of two addresses of the anonymous owner", async () => {
    const { jobs } = await openWorld();
    const callers = [
      ALICE,
      BOB,
      { owner: "anonymous", bucket: "10.0.0.1" },
      { owner: "anonymous", bucket: "10.0.0.2" },
    ];
    const made = await Promise.all(callers.map((caller) => jobs.useCases.createJob(caller, KEYED)));
    expect(made.map((m) => m.replayed)).toEqual([false, false, false, false]);
    expect(new Set(made.map((m) => m.job.id)).size).toBe(4);
  });

  it("leaves the key of a refused request free", async () => {
    const { jobs } = await openWorld();
    const refused = { ...KEYED, iterations: 100_000 };
    await expect(jobs.useCases.createJob(ALICE, refused)).rejects.toMatchObject({
      reason: "validation_error",
    });
    expect((await jobs.useCases.createJob(ALICE, KEYED)).replayed).toBe(false);
  });

  it("forgets a key after its time", async () => {
    const { jobs, clock } = await openWorld({ limits: { idempotencyTtlMs: 5000 } });
    const first = await jobs.useCases.createJob(ALICE, KEYED);
    await clock.advance(4999);
    expect((await jobs.useCases.createJob(ALICE, KEYED)).replayed).toBe(true);
    await clock.advance(2);
    const later = await jobs.useCases.createJob(ALICE, KEYED);
    expect(later.replayed).toBe(false);
    expect(later.job.id).not.toBe(first.job.id);
  });

  it("removes forgotten keys from the store while it runs", async () => {
    const { jobs, clock, store } = await openWorld({ limits: { idempotencyTtlMs: 5000, maxRunningJobs: 0 } });
    jobs.start();
    await jobs.useCases.createJob(ALICE, KEYED);
    await clock.advance(60_000);
    expect(await store.expireIdempotency(clock.now())).toBe(0);
  });

  for (const requestId of ["", "two words", "tab\t", "ü", "x".repeat(256)]) {
    it(`refuses a key that is not of the promised form: ${JSON.stringify(requestId.slice(0, 12))}`, async () => {
      const { jobs } = await openWorld();
      await expect(jobs.useCases.createJob(ALICE, { ...KEYED, requestId })).rejects.toMatchObject({
        reason: "validation_error",
        violations: [{ field: "request_id" }],
      });
    });
  }

  it("repeats its answer even where the same request would be refused by now", async () => {
    const store = await emptyStore();
    const input = { spec: REQUEST, fingerprint: "f", requestId: "k" };
    const { job } = await (await openWorld({ store })).jobs.useCases.createJob(ALICE, input);
    const resolveModels = () => {
      throw new AppError("model_not_configured", "Set OPENAI_API_KEY.");
    };
    const later = await openWorld({ store, resolveModels, limits: { maxIterations: 1 } });
    expect(await later.jobs.useCases.createJob(ALICE, input)).toEqual({ job, replayed: true });
    await expect(later.jobs.useCases.createJob(ALICE, { ...input, requestId: "k2" })).rejects.toMatchObject({
      reason: "model_not_configured",
    });
  });

  it("refuses one open job too many, per owner", async () => {
    const { jobs } = await openWorld({ limits: { maxOpenJobsPerOwner: 2 } });
    const input = { spec: REQUEST, fingerprint: "f" };
    await jobs.useCases.createJob(ALICE, input);
    await jobs.useCases.createJob(ALICE, input);
    await expect(jobs.useCases.createJob(ALICE, input)).rejects.toMatchObject({
      reason: "quota_exceeded",
      metadata: { open: "2", limit: "2" },
    });
    expect((await jobs.useCases.createJob(BOB, input)).job.owner).toBe("bob");
  });

  it("says in the log that a job is simulated", async () => {
    const { deps, lines } = await openWorld();
    const models = deps.resolveModels(undefined, ROLES);
    const simulated = { ...models, target: { ...models.target, simulated: true } };
    const world = await openWorld({ resolveModels: () => simulated });
    await world.jobs.useCases.createJob(ALICE, { spec: REQUEST, fingerprint: "f" });
    expect(lines).toEqual([]);
    expect(world.lines).toEqual([
      {
        level: "info",
        event: "job_transition",
        fields: { job_id: "job-1", to: "pending", reason: "created", simulated: true },
      },
    ]);
  });
});

describe("a job and its caller", () => {
  const never = new AbortController().signal;
  const page = { pageSize: 0, pageToken: "" };

  for (const [whose, jobId] of [
    ["somebody else's", "job-a"],
    ["no job's", "job-z"],
  ] as const) {
    it(`is not found under ${whose} id, by any verb, in the same words`, async () => {
      const world = await openWorld();
      await world.store.createJob({ job: aJob("job-a", { owner: "alice" }), maxOpenJobsPerOwner: 10 });
      const { getJob, watchJob, listEvents, cancelJob, deleteJob, ...control } = world.jobs.useCases;
      const verbs = [
        () => getJob(BOB, jobId),
        () => watchJob(BOB, jobId, 0, never)[Symbol.asyncIterator]().next(),
        () => listEvents(BOB, jobId, page, 0, []),
        () => cancelJob(BOB, jobId, "", ""),
        () => deleteJob(BOB, jobId),
        () => control.stopJob(BOB, jobId),
        () => control.pauseJob(BOB, jobId),
        () => control.resumeJob(BOB, jobId),
        () => control.forkJob(BOB, { jobId, config: { operators: {} }, budget: {}, fingerprint: "f" }),
      ];
      for (const verb of verbs) {
        await expect(verb()).rejects.toMatchObject({
          reason: "not_found",
          message: `There is no job ${jobId}.`,
        });
      }
      expect((await world.store.getJob("job-a"))?.status).toBe("pending");
    });
  }

  it("does not show in the lists of others", async () => {
    const world = await openWorld();
    await world.store.createJob({ job: aJob("job-a", { owner: "alice" }), maxOpenJobsPerOwner: 10 });
    expect((await world.jobs.useCases.listJobs(BOB, page)).items).toEqual([]);
    expect((await world.jobs.useCases.listJobs(ALICE, page)).items).toMatchObject([
      { id: "job-a", createdAt: CREATED_AT },
    ]);
  });
});
