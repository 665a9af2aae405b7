import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { sha256 } from "../../src/base/digest.ts";
import type { JobEvent } from "../../src/domain/event.ts";
import type { Job } from "../../src/domain/job.ts";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import { ROLES, type Role } from "../../src/domain/spend.ts";
import { optimise } from "../../src/engine/optimise.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";
import { createGrader } from "../../src/graders/registry.ts";
import { callKey } from "../../src/jobs/ledger.ts";
import type { Model } from "../../src/models/model.ts";
import { openStore } from "../../src/storage/registry.ts";
import type { Store } from "../../src/storage/store.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { ended, logOf, openWorld, REQUEST, type World, type WorldOptions } from "../support/job-world.ts";
import { anAnswer, scriptedModel } from "../support/scripted-model.ts";
import { answerOf, shareOf } from "./answers.ts";

/** A job of the real engine: small enough to be run a thousand times. */
export function specRequest(size: { readonly examples: number; readonly iterations: number }): SpecRequest {
  return {
    ...REQUEST,
    components: { prompt: "You work at the desk 1." },
    examples: Array.from({ length: size.examples }, (_, i) => ({
      input: `A customer at desk 1 asks question ${i}.`,
    })),
    budget: { maxIterations: size.iterations },
    config: { operators: {}, width: 3, earlyStopPatience: 1000 },
  };
}

/** A world with the engine, the graders and the ledger of the service over models that count. */
export interface RealWorld extends World {
  /** Ledger keys of the calls that reached a model, in order. */
  readonly asked: string[];
}

/** A process over `store`; its runs are not started. */
export async function openRealWorld(store: Store, options: WorldOptions = {}): Promise<RealWorld> {
  const asked: string[] = [];
  const models = Object.fromEntries(ROLES.map((role) => [role, countingModel(role, asked)])) as Record<
    Role,
    Model
  >;
  const world = await openWorld({
    store,
    optimise,
    graders: { create: createGrader, check: checkGrader },
    resolveModels: () => models,
    ...options,
  });
  return { ...world, asked };
}

/** Turns of the event loop an answer may take; each takes its own number, so that answers overtake each other. */
const MAX_TURNS = 4;

function countingModel(role: Role, asked: string[]): Model {
  const model = scriptedModel(role, async (request) => {
    asked.push(callKey(role, model.servedBy, request));
    for (let turn = shareOf(sha256(JSON.stringify(request))) * MAX_TURNS; turn > 0; turn--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return anAnswer(answerOf(role, request.messages));
  });
  return model;
}

/** A store in a file of its own. */
export function openFile(path: string): Promise<Store> {
  return openStore(
    { kind: "sqlite", path },
    { clock: createFakeClock(), log: silentLogger, metrics: noMetrics },
  );
}

/** A folder that goes away with the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "gepa-faults-store-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** How a job ended, but for times and money. */
export interface Ending {
  readonly status: string;
  readonly log: readonly unknown[];
  readonly champion: unknown;
  readonly report: unknown;
}

/** The ending of a job in a store. */
export async function endingOf(store: Store, jobId: string): Promise<Ending> {
  const job = await store.getJob(jobId);
  return {
    status: job?.status ?? "absent",
    log: decisions(await logOf(store, jobId)),
    champion: job?.result?.champion,
    report: withoutMoney(job?.result?.report),
  };
}

function decisions(log: readonly JobEvent[]): unknown[] {
  return log.map(({ id, type, data }) => ({ id, type, data: withoutMoney(data) }));
}

function withoutMoney(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, v: unknown) => (key === "spend" || key === "timing" ? undefined : v)),
  );
}

/** Keys of every answer in the ledger of a job. */
export async function recordedKeys(store: Store, jobId: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const row of store.calls(jobId)) keys.add(row.key);
  return keys;
}

/** Starts a process over `store`, lets it end the job, and holds it to what an undisturbed run did. */
export async function goesOn(store: Store, jobId: string, wanted: Ending, why: string): Promise<RealWorld> {
  const recorded = await recordedKeys(store, jobId);
  const world = await openRealWorld(store);
  world.jobs.start();
  await ended(world, jobId);
  await world.jobs.drain(new AbortController().signal);
  expect(await endingOf(store, jobId), why).toEqual(wanted);
  expect(
    world.asked.filter((key) => recorded.has(key)),
    `${why}: recorded calls that were made again`,
  ).toEqual([]);
  expect(new Set(world.asked).size, `${why}: each call is made once`).toBe(world.asked.length);
  return world;
}

/** Creates a job whose id is known, and runs it undisturbed. */
export async function runThrough(world: RealWorld, spec: SpecRequest): Promise<Job> {
  world.jobs.start();
  const { job } = await world.jobs.useCases.createJob(
    { owner: "alice", bucket: "alice" },
    { spec, fingerprint: "f" },
  );
  await ended(world, job.id);
  return job;
}
