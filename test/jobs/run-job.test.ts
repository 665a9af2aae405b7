import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { EngineOutcome, EngineStep, Optimise } from "../../src/engine/ports.ts";
import type { RunWrite, Store } from "../../src/storage/store.ts";
import {
  aCreatedJob,
  aGrader,
  ALICE,
  emptyStore,
  ended,
  idsOf,
  logOf,
  openWorld,
  settle,
} from "../support/job-world.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { scriptedEngine } from "../support/scripted-engine.ts";
import { anAnswer, aRequest, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A store that remembers what runs wrote. */
function recordingWrites(store: Store): { readonly store: Store; readonly writes: RunWrite[] } {
  const writes: RunWrite[] = [];
  const append: Store["append"] = (jobId, fence, write) => {
    writes.push(write);
    return store.append(jobId, fence, write);
  };
  return { store: { ...store, append }, writes };
}

/** An engine that yields these steps and ends so. */
function engineOf(steps: readonly EngineStep[], outcome: EngineOutcome): Optimise {
  return async function* () {
    yield* steps;
    return outcome;
  };
}

const aStep = (iteration: number): EngineStep => ({
  kind: "event",
  event: { type: "early_stop", data: { iteration, reason: "plateau", detail: "" } },
});

describe("a job that runs undisturbed", () => {
  it("goes from created to finished, with its log and result", async () => {
    const world = await openWorld();
    world.jobs.start();
    const created = await aCreatedJob(world);

    expect(idsOf(await ended(world, created.id))).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    const log = await logOf(world.store, created.id);
    expect(log.map((e) => e.type)).toEqual([
      "started",
      ...Array.from({ length: 3 }, () => ["generate", "judge", "select", "progress"]).flat(),
      "final",
      "finished",
    ]);
    expect(await world.jobs.useCases.getJob(ALICE, created.id)).toMatchObject({
      status: "finished",
      engineOrdinal: 14,
      result: { stopReason: "iterations", champion: { candidateId: "c3" } },
      progress: {
        iteration: 3,
        bestScore: 0.03,
        bestSoFar: { candidateId: "c3", components: { prompt: "reflection: improve 3" }, score: 0.03 },
        fraction: 1,
        spend: [
          {
            role: "target",
            calls: 6,
            failedCalls: 0,
            inputTokens: 60,
            cachedInputTokens: 12,
            outputTokens: 30,
          },
          { role: "reflection", calls: 3 },
        ],
      },
    });
  });

  it("is through when it ends with a result, whatever is left of its budget, and nowhere near it when it fails", async () => {
    const failure = { code: "x", sentence: "", nextStep: "" };
    const cases = [
      { fails: false, status: "finished", fraction: 1 },
      { fails: true, status: "failed", fraction: 0.1 },
    ] as const;
    for (const { fails, status, fraction } of cases) {
      const early: Optimise = async function* (input, ports, signal) {
        const short = { ...input, spec: { ...input.spec, budget: { maxIterations: 1 } } };
        const steps = scriptedEngine({ checkpoints: false })(short, ports, signal);
        for (;;) {
          const next = await steps.next();
          if (next.done) return fails ? { kind: "failed", failure } : next.value;
          const step = next.value;
          if (step.kind === "event" && step.event.type === "progress") {
            const data = { ...step.event.data, budget: { lines: [], fraction: 0.1 } };
            yield { kind: "event", event: { type: "progress", data } };
          } else if (!(fails && step.kind === "event" && step.event.type === "final")) yield step;
        }
      };
      const world = await openWorld({ optimise: early });
      world.jobs.start();
      const { id } = await aCreatedJob(world);
      await ended(world, id);
      expect(await world.jobs.useCases.getJob(ALICE, id)).toMatchObject({ status, progress: { fraction } });
    }
  });

  it("logs each of its transitions once, and counts them", async () => {
    const world = await openWorld();
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    await settle();
    const moves = world.lines.filter((l) => l.event === "job_transition").map((l) => l.fields);
    expect(moves).toEqual([
      { job_id: id, to: "pending", reason: "created" },
      { job_id: id, from: "pending", to: "running", reason: "claimed" },
      { job_id: id, from: "running", to: "finished", reason: "iterations" },
    ]);
    expect(Object.fromEntries(world.sums)).toMatchObject({
      "job_transitions_total to=finished": 1,
      "events_appended_total type=generate": 3,
      "events_appended_total type=finished": 1,
      jobs_running: 0,
    });
  });

  it("writes the outcome, its status and the end of the log at once", async () => {
    const { store, writes } = recordingWrites(await emptyStore());
    const world = await openWorld({ store });
    world.jobs.start();
    await ended(world, (await aCreatedJob(world)).id);
    const ends = writes.filter((w) => w.events.some((e) => e.type === "final" || e.type === "finished"));
    expect(ends).toHaveLength(1);
    expect(ends[0]?.events.map((e) => e.type)).toEqual(["final", "finished"]);
    expect(ends[0]).toMatchObject({ status: "finished", result: { champion: { candidateId: "c3" } } });
  });

  it("never has two writes under way, and puts what comes during one into the next", async () => {
    const store = await emptyStore();
    let writing = 0;
    let most = 0;
    let count = 0;
    const slow: Store = {
      ...store,
      async append(jobId, fence, write) {
        count++;
        most = Math.max(most, ++writing);
        await settle(3);
        const events = await store.append(jobId, fence, write);
        writing--;
        return events;
      },
    };
    const steps = Array.from({ length: 200 }, (_, i) => aStep(i));
    const outcome: EngineOutcome = { kind: "failed", failure: { code: "x", sentence: "", nextStep: "" } };
    const world = await openWorld({ store: slow, optimise: engineOf(steps, outcome) });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect(most).toBe(1);
    expect(count).toBeLessThan(20);
    const iterations = (await logOf(store, id)).flatMap((e) =>
      e.type === "early_stop" ? e.data.iteration : [],
    );
    expect(iterations).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("gives the engine its spend, its time and the time left at this pace", async () => {
    const timings: unknown[] = [];
    const clock = createFakeClock();
    const optimise: Optimise = async function* (input, ports, signal) {
      timings.push(ports.measure().timing);
      await clock.advance(3000);
      yield* scriptedEngine({ checkpoints: false })(
        { ...input, spec: { ...input.spec, budget: { maxIterations: 1 } } },
        ports,
        signal,
      );
      await clock.advance(1000);
      yield {
        kind: "event",
        event: {
          type: "progress",
          data: {
            stage: "final",
            iteration: 1,
            bestCandidateId: "c1",
            budget: { lines: [], fraction: 0.25 },
            ...ports.measure(0.25),
          },
        },
      };
      timings.push(ports.measure(0.25).timing, ports.measure().timing);
      return { kind: "failed", failure: { code: "x", sentence: "", nextStep: "" } };
    };
    const world = await openWorld({ clock, optimise });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle(100);
    expect(timings).toEqual([{ elapsedS: 0 }, { elapsedS: 4, etaS: 12 }, { elapsedS: 4 }]);
    expect((await world.store.getJob(id))?.progress.elapsedMs).toBe(4000);
  });
});

describe("a run that can not go on", () => {
  it("ends its job as failed, with what happened and what to do", async () => {
    const failure = {
      code: "model_unavailable",
      sentence: "The target model is gone.",
      nextStep: "Try later.",
    };
    const world = await openWorld({ optimise: engineOf([aStep(1)], { kind: "failed", failure }) });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect((await logOf(world.store, id)).at(-1)).toMatchObject({ id: 2, type: "failed", data: failure });
    expect(await world.store.getJob(id)).toMatchObject({ status: "failed", failure });
  });

  it("fails on a bug with a sentence for the caller and the error for the log", async () => {
    const optimise: Optimise = async function* () {
      yield aStep(1);
      throw new TypeError("secret detail");
    };
    const world = await openWorld({ optimise });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    const job = await world.store.getJob(id);
    expect(job?.failure?.code).toBe("internal_error");
    expect(JSON.stringify(job?.failure)).not.toContain("secret");
    expect(world.lines).toContainEqual(expect.objectContaining({ level: "error", event: "run_failed" }));
  });

  it("stops the calls in flight when it fails on a bug", async () => {
    const optimise: Optimise = async function* (_input, ports, signal) {
      void ports.target.call(aRequest("slow"), signal).catch(() => undefined);
      yield aStep(1);
      await settle();
      throw new TypeError("a bug");
    };
    let stopped = false;
    const target = scriptedModel("target", (_request, _call, signal) =>
      untilAborted(signal).finally(() => {
        stopped = true;
      }),
    );
    const world = await openWorld({ optimise, target });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect(stopped).toBe(true);
    expect((await world.store.getJob(id))?.status).toBe("failed");
  });

  it("refuses a checkpoint that does not stand where it says", async () => {
    const steps: EngineStep[] = [aStep(1), { kind: "checkpoint", state: "", ordinal: 7 }];
    const world = await openWorld({ optimise: engineOf(steps, { kind: "paused" }) });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await ended(world, id);
    expect((await world.store.getJob(id))?.status).toBe("failed");
  });

  for (const [what, change] of [
    ["another judge", { graders: { create: () => aGrader({ fingerprint: "beef" }), check: () => [] } }],
    ["another model", { target: scriptedModel("target", undefined, { servedBy: "elsewhere" }) }],
  ] as const) {
    it(`fails a job whose process came back with ${what}, for its scores could not be compared`, async () => {
      const store = await emptyStore();
      const { id } = await aCreatedJob(await openWorld({ store }));
      const world = await openWorld({ store, ...change });
      world.jobs.start();
      await ended(world, id);
      expect((await store.getJob(id))?.failure).toMatchObject({
        code: "models_changed",
        nextStep: expect.stringContaining("scripted:target"),
      });
    });
  }

  it("fails a job whose model has no provider any more, with the remedy", async () => {
    const store = await emptyStore();
    const { id } = await aCreatedJob(await openWorld({ store }));
    const resolveModels = () => {
      throw new AppError("model_not_configured", "Set OPENAI_API_KEY.");
    };
    const world = await openWorld({ store, resolveModels });
    world.jobs.start();
    await ended(world, id);
    expect((await store.getJob(id))?.failure).toMatchObject({
      code: "model_not_configured",
      sentence: "Set OPENAI_API_KEY.",
    });
  });

  it("aborts quietly once the job is somebody else's", async () => {
    const store = await emptyStore();
    const optimise: Optimise = async function* (_input, ports, signal) {
      yield aStep(1);
      await store.claim("job-1", "another worker", 0);
      yield aStep(2);
      await settle();
      await ports.target.call(aRequest("never sent"), signal);
      return { kind: "paused" };
    };
    const world = await openWorld({ store, optimise });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle(100);
    expect(world.lines.map((l) => l.event)).toContain("run_lost");
    expect(world.target.requests).toEqual([]);
    expect(await store.getJob(id)).toMatchObject({ status: "running", lastEventId: 1, fence: 2 });
  });

  it("stops paying at once when a write fails, and goes on when the store is well again", async () => {
    const store = await emptyStore();
    let full = true;
    const filling: Store = {
      ...store,
      append: async (...args) => {
        if (full) throw new AppError("storage_full", "the disk is full");
        return store.append(...args);
      },
    };
    const world = await openWorld({ store: filling });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    expect(world.lines.map((l) => l.event)).toContain("run_interrupted");
    expect(world.sums.get("jobs_running")).toBe(0);
    expect((await store.getJob(id))?.status).toBe("running");
    full = false;
    const watching = ended(world, id);
    await world.clock.advance(5000);
    expect(idsOf(await watching)).toHaveLength(15);
  });
});

describe("wall time", () => {
  it("ends the job at the first commit after the deadline, counting running time only", async () => {
    const clock = createFakeClock();
    const target = scriptedModel("target", async (_request, call) => {
      await clock.sleep(4000);
      return anAnswer(`text ${call}`);
    });
    const world = await openWorld({ clock, target });
    const { id } = await aCreatedJob(world, { budget: { maxIterations: 100, maxWallTimeS: 10 } });
    await clock.advance(60_000); // waiting for a worker costs nothing
    world.jobs.start();
    for (let iteration = 1; iteration <= 3; iteration++) {
      await clock.untilSleeping(4); // the model on two examples, beside the two timers of the runtime
      await clock.advance(4000);
    }
    await ended(world, id);
    expect(await world.store.getJob(id)).toMatchObject({
      status: "finished",
      result: { stopReason: "wall_time", champion: { candidateId: "c3" } },
      progress: { told: { commit: 4, input: "wall_time" }, elapsedMs: 12_000 },
    });
  });
});
