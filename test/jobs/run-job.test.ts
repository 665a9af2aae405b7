import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { EngineOutcome, Optimise } from "../../src/engine/ports.ts";
import type { RunWrite, Store } from "../../src/storage/store.ts";
import {
  aCreatedJob,
  ALICE,
  emptyStore,
  ended,
  idsOf,
  logOf,
  openWorld,
  settle,
} from "../support/job-world.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { aStep, engineOf, scriptedEngine } from "../support/scripted-engine.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A store that remembers what runs wrote. */
function recordingWrites(store: Store): { readonly store: Store; readonly writes: RunWrite[] } {
  const writes: RunWrite[] = [];
  const append: Store["append"] = (jobId, fence, write) => {
    writes.push(write);
    return store.append(jobId, fence, write);
  };
  return { store: { ...store, append }, writes };
}

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

  it("shows what it has paid while it waits for its models, and writes nothing where that is the same", async () => {
    const clock = createFakeClock();
    const { store, writes } = recordingWrites(await emptyStore(clock));
    const target = scriptedModel("target", (_request, call, signal) =>
      call === 2 ? untilAborted(signal) : anAnswer(`text ${call}`),
    );
    const world = await openWorld({ store, clock, target });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    const spend = async () => (await world.jobs.useCases.getJob(ALICE, id)).progress.spend;
    expect(await spend()).toMatchObject([{ role: "reflection", calls: 1 }]);
    const before = writes.length;
    for (let i = 0; i < 5; i++) await clock.advance(2_000);
    expect(await spend()).toMatchObject([
      { role: "target", calls: 1 },
      { role: "reflection", calls: 1 },
    ]);
    expect(writes.slice(before)).toMatchObject([{ events: [], engineOrdinal: 2 }]);
    await world.jobs.useCases.cancelJob(ALICE, id, "", "");
    await settle();
    await clock.advance(10_000);
    expect(writes).toHaveLength(before + 1);
  });

  it("goes on where what it has paid could not be shown", async () => {
    const clock = createFakeClock();
    const whole = await emptyStore(clock);
    const refused = deferred();
    const append: Store["append"] = async (jobId, fence, write) => {
      if (write.events.length > 0 || write.checkpoint !== undefined) return whole.append(jobId, fence, write);
      await refused.promise;
      throw new AppError("storage_unavailable", "Not now.");
    };
    const answered = deferred();
    const target = scriptedModel("target", async (_request, call) => {
      if (call === 2) await answered.promise;
      return anAnswer(`text ${call}`);
    });
    const world = await openWorld({ store: { ...whole, append }, clock, target });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await settle();
    await clock.advance(2_000);
    answered.resolve();
    await settle(); // what follows from the answer waits for the write that is on its way
    refused.resolve();
    await ended(world, id);
    expect((await world.jobs.useCases.getJob(ALICE, id)).status).toBe("finished");
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
