import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { splitExamples } from "../../src/engine/split.ts";
import type { ForkJobInput } from "../../src/jobs/use-cases.ts";
import {
  aCreatedJob,
  ALICE,
  callsMade,
  callsRecorded,
  emptyStore,
  ended,
  logOf,
  openWorld,
  REQUEST,
  settle,
  type World,
} from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A fork that changes nothing. */
const asItIs = (jobId: string, overrides: Partial<ForkJobInput> = {}): ForkJobInput => ({
  jobId,
  config: { operators: {} },
  budget: {},
  fingerprint: "f",
  ...overrides,
});

async function finishedJob(world: World, overrides: Parameters<typeof aCreatedJob>[1] = {}) {
  world.jobs.start();
  const { id } = await aCreatedJob(world, overrides);
  await ended(world, id);
  return id;
}

const promptOf = (job: { readonly spec: { readonly components: object } }) => job.spec.components;

describe("forking a job", () => {
  it("begins with the champion, in a job of its own that names its parent and shares its root", async () => {
    const world = await openWorld();
    const parentId = await finishedJob(world);
    const { forkJob } = world.jobs.useCases;
    const { job, replayed } = await forkJob(ALICE, asItIs(parentId));
    expect(replayed).toBe(false);
    expect(job).toMatchObject({ owner: "alice", status: "pending", parentId, rootId: parentId, revision: 1 });
    expect(promptOf(job)).toEqual({ prompt: "reflection: improve 3" });
    const again = await forkJob(ALICE, asItIs(job.id));
    expect(again.job).toMatchObject({ parentId: job.id, rootId: parentId });
  });

  it("begins with any candidate that is named, from the job or from its log", async () => {
    const world = await openWorld();
    const parentId = await finishedJob(world);
    const prompts: unknown[] = [];
    for (const candidateId of ["c0", "c1", "c3"]) {
      const { job } = await world.jobs.useCases.forkJob(ALICE, asItIs(parentId, { candidateId }));
      prompts.push(job.spec.components.prompt);
    }
    expect(prompts).toEqual(["Be helpful.", "reflection: improve 1", "reflection: improve 3"]);
    await expect(
      world.jobs.useCases.forkJob(ALICE, asItIs(parentId, { candidateId: "c9" })),
    ).rejects.toMatchObject({ reason: "not_found", metadata: { job_id: parentId, candidate_id: "c9" } });
  });

  it("begins with the best so far of a job without a champion, and with the prompt as sent of one without a best", async () => {
    const reached = deferred();
    const reflection = scriptedModel("reflection", (_request, call, signal) => {
      if (call === 1) return anAnswer("better");
      reached.resolve();
      return untilAborted(signal);
    });
    const world = await openWorld({ reflection });
    const { forkJob, cancelJob } = world.jobs.useCases;
    const parent = await aCreatedJob(world);
    expect(promptOf((await forkJob(ALICE, asItIs(parent.id))).job)).toEqual({ prompt: "Be helpful." });
    world.jobs.start();
    await reached.promise;
    await settle();
    expect(promptOf((await forkJob(ALICE, asItIs(parent.id))).job)).toEqual({ prompt: "better" });
    await cancelJob(ALICE, parent.id, "", "");
    expect(promptOf((await forkJob(ALICE, asItIs(parent.id))).job)).toEqual({ prompt: "better" });
  });

  it("changes the knobs and limits that it names, and no other", async () => {
    const world = await openWorld();
    const parent = await aCreatedJob(world, {
      name: "mine",
      budget: { maxIterations: 3, maxTokens: 900 },
      config: { operators: { reflect: 2, merge: 1 }, width: 4, temperature: 0.5, maxGrades: 2 },
      seed: 11,
    });
    const { job } = await world.jobs.useCases.forkJob(
      ALICE,
      asItIs(parent.id, {
        budget: { maxMetricCalls: 50 },
        config: { operators: { merge: 0 }, width: 2 },
        iterations: 7,
        seed: 12,
      }),
    );
    expect(job.spec).toEqual({
      ...parent.spec,
      budget: { maxIterations: 7, maxTokens: 900, maxMetricCalls: 50 },
      config: { ...parent.spec.config, operators: { reflect: 2, merge: 0 }, width: 2 },
      seed: 12,
    });
  });

  it("keeps the knobs of the profile reference one by one, and leaves them with the profile", async () => {
    const world = await openWorld();
    const reference = { epsilon: 0.3, cacheEvaluation: true, sampling: { parents: 2 } };
    const config = { operators: {}, profile: "reference", reference } as const;
    const { id: parentId } = await aCreatedJob(world, { config });
    const fork = async (config: ForkJobInput["config"]) =>
      (await world.jobs.useCases.forkJob(ALICE, asItIs(parentId, { config }))).job.spec.config.reference;
    const changed = { topK: 2, sampling: { mutations: 3 }, reflectionTemplates: {} };
    expect(await fork({ operators: {}, reference: changed })).toMatchObject({
      epsilon: 0.3,
      cacheEvaluation: true,
      topK: 2,
      sampling: { parents: 2, mutations: 3 },
    });
    expect(await fork({ operators: {}, profile: "default" })).toBeUndefined();
  });

  it("checks what it changes as a create does", async () => {
    const world = await openWorld({ limits: { maxIterations: 10, maxOpenJobsPerOwner: 1 } });
    const parent = await aCreatedJob(world);
    const { forkJob } = world.jobs.useCases;
    await expect(forkJob(ALICE, asItIs(parent.id, { iterations: 11 }))).rejects.toMatchObject({
      violations: [{ field: "iterations" }],
    });
    await expect(forkJob(ALICE, asItIs(parent.id))).rejects.toMatchObject({ reason: "quota_exceeded" });
  });

  it("keeps the division of the examples, so that its test holds nothing a prompt was made from", async () => {
    const world = await openWorld();
    const examples = Array.from({ length: 20 }, (_, i) => ({ input: `input ${i}` }));
    const parent = await aCreatedJob(world, { examples, seed: 1 });
    const { job } = await world.jobs.useCases.forkJob(ALICE, asItIs(parent.id, { seed: 2 }));
    const { policy: _drawn, ...drawn } = splitExamples(parent.spec.examples, 1);
    expect(splitExamples(job.spec.examples, 2)).toEqual({ ...drawn, policy: "given" });
    expect(splitExamples(parent.spec.examples, 2).test).not.toEqual(drawn.test);
  });

  it("gives the first answer to a repeated key, whatever has become of the parent and the models", async () => {
    const store = await emptyStore();
    const world = await openWorld({ store });
    const parentId = await finishedJob(world);
    const request = asItIs(parentId, { requestId: "k" });
    const first = await world.jobs.useCases.forkJob(ALICE, request);
    await world.jobs.useCases.deleteJob(ALICE, parentId);
    const resolveModels = () => {
      throw new AppError("model_not_configured", "Set OPENAI_API_KEY.");
    };
    const { useCases } = (await openWorld({ store, resolveModels })).jobs;
    expect(await useCases.forkJob(ALICE, request)).toEqual({ job: first.job, replayed: true });
    await expect(useCases.forkJob(ALICE, { ...request, fingerprint: "other" })).rejects.toMatchObject({
      reason: "idempotency_mismatch",
    });
    await expect(
      useCases.createJob(ALICE, { spec: REQUEST, requestId: "k", fingerprint: "f" }),
    ).rejects.toMatchObject({ reason: "model_not_configured" }); // keys of creates are others
  });
});

describe("the calls of a family", () => {
  it("are not paid again by a fork", async () => {
    const world = await openWorld();
    const parentId = await finishedJob(world);
    const paid = callsMade(world);
    expect(paid).toBe(9);
    const { job } = await world.jobs.useCases.forkJob(ALICE, asItIs(parentId));
    await ended(world, job.id);
    expect(callsMade(world)).toBe(paid);
    const fork = await world.store.getJob(job.id);
    expect(fork).toMatchObject({ status: "finished", progress: { spend: [] } });
    expect((await logOf(world.store, job.id)).map((e) => e.type)).toEqual(
      (await logOf(world.store, parentId)).map((e) => e.type),
    );
  });

  it("are still there for a fork when its parent is removed", async () => {
    const world = await openWorld();
    const parentId = await finishedJob(world);
    const paid = callsMade(world);
    const { job } = await world.jobs.useCases.forkJob(ALICE, asItIs(parentId, { iterations: 4 }));
    await world.jobs.useCases.deleteJob(ALICE, parentId);
    await ended(world, job.id);
    expect(callsMade(world)).toBe(paid + 3);
  });

  it("are made once by forks that run at the same time", async () => {
    const world = await openWorld();
    const parent = await aCreatedJob(world);
    const forks = await Promise.all(
      [1, 2, 3].map((seed) => world.jobs.useCases.forkJob(ALICE, asItIs(parent.id, { seed }))),
    );
    world.jobs.start();
    await Promise.all([parent, ...forks.map(({ job }) => job)].map(({ id }) => ended(world, id)));
    expect(callsMade(world)).toBe(9);
    expect(await callsRecorded(world.store, parent.id)).toBe(9);
  });

  it("are taken over where the one that was making them is cancelled", async () => {
    const reached = deferred();
    const reflection = scriptedModel("reflection", (_request, call, signal) => {
      if (call > 1) return anAnswer(`text ${call}`);
      reached.resolve();
      return untilAborted(signal);
    });
    const world = await openWorld({ reflection });
    world.jobs.start();
    const parent = await aCreatedJob(world);
    await reached.promise;
    const { job } = await world.jobs.useCases.forkJob(ALICE, asItIs(parent.id));
    await settle();
    expect(reflection.requests).toHaveLength(1); // the fork waits for the parent's call
    await world.jobs.useCases.cancelJob(ALICE, parent.id, "", "");
    await ended(world, job.id);
    expect((await world.store.getJob(job.id))?.status).toBe("finished");
  });
});
