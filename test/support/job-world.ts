import { onTestFinished } from "vitest";
import type { Ids } from "../../src/base/ids.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/base/log.ts";
import { type Metrics, noMetrics } from "../../src/base/metrics.ts";
import type { EventType, JobEvent } from "../../src/domain/event.ts";
import type { Job } from "../../src/domain/job.ts";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import type { Grader } from "../../src/graders/grader.ts";
import type { HandOut } from "../../src/jobs/dispatch.ts";
import { createJobs, type Jobs } from "../../src/jobs/jobs.ts";
import type { JobsDeps } from "../../src/jobs/ports.ts";
import type { Caller, WatchItem } from "../../src/jobs/use-cases.ts";
import { openStore } from "../../src/storage/registry.ts";
import type { Store } from "../../src/storage/store.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { scriptedEngine } from "./scripted-engine.ts";
import { type ScriptedModel, scriptedModel } from "./scripted-model.ts";

export const ALICE: Caller = { owner: "alice", bucket: "alice" };
export const BOB: Caller = { owner: "bob", bucket: "bob" };

/** A request that asks for nothing special. */
export const REQUEST: SpecRequest = {
  components: { prompt: "Be helpful." },
  examples: [{ input: "one" }, { input: "two" }],
  objectives: [],
  context: {},
  budget: { maxIterations: 3 },
  constraints: { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: false },
  config: { operators: {} },
  seed: 1,
};

/** A line of the log. */
export interface Line {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

/** The jobs room over a real store, with scripted models, a scripted engine and a clock that stands still. */
export interface World {
  readonly deps: JobsDeps;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly target: ScriptedModel;
  readonly judge: ScriptedModel;
  readonly reflection: ScriptedModel;
  readonly lines: Line[];
  /** Sums of counters and gauges by name and labels, such as `job_transitions_total to=running`. */
  readonly sums: Map<string, number>;
}

/** What a test may want otherwise. */
export type WorldOptions = Partial<Omit<JobsDeps, "limits">> & {
  readonly clock?: FakeClock;
  readonly limits?: Partial<JobsDeps["limits"]>;
  readonly handOut?: HandOut;
  readonly target?: ScriptedModel;
  readonly judge?: ScriptedModel;
  readonly reflection?: ScriptedModel;
};

/** An empty store in memory, closed after the test. */
export async function emptyStore(clock = createFakeClock()): Promise<Store> {
  const store = await openStore(
    { kind: "sqlite", path: ":memory:" },
    { clock, log: silentLogger, metrics: noMetrics },
  );
  onTestFinished(() => store.close());
  return store;
}

/** A world; its runs are not started. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = options.clock ?? createFakeClock();
  const store = options.store ?? (await emptyStore(clock));
  const target = options.target ?? scriptedModel("target");
  const reflection = options.reflection ?? scriptedModel("reflection");
  const judge = options.judge ?? scriptedModel("judge");
  const lines: Line[] = [];
  const sums = new Map<string, number>();
  const deps: JobsDeps = {
    ids: numberedIds(),
    log: collectingLogger(lines),
    metrics: summingMetrics(sums),
    resolveModels: () => ({ target, judge, reflection }),
    graders: { create: () => aGrader(), check: () => [] },
    optimise: scriptedEngine({ checkpoints: true }),
    ...options,
    store,
    clock,
    limits: {
      maxIterations: 1000,
      maxOpenJobsPerOwner: 10_000,
      idempotencyTtlMs: 600_000,
      maxRunningJobs: 4,
      callsInFlightPerJob: 8,
      ...options.limits,
    },
  };
  const jobs = createJobs(deps, "worker-1", options.handOut);
  onTestFinished(() => jobs.close());
  return { deps, jobs, store, clock, target, judge, reflection, lines, sums };
}

/** A grader that calls nobody. */
export function aGrader(overrides: Partial<Grader> = {}): Grader {
  return {
    fingerprint: "f00d",
    callsPerGrade: 0,
    grade: async () => ({ score: 1, feedback: "", objectives: {} }),
    ...overrides,
  };
}

/** Creates a job of Alice's. */
export async function aCreatedJob(
  { jobs }: Pick<World, "jobs">,
  overrides: Partial<SpecRequest> = {},
): Promise<Job> {
  const spec = { ...REQUEST, ...overrides };
  return (await jobs.useCases.createJob(ALICE, { spec, fingerprint: "f" })).job;
}

/** The whole log of a job. */
export async function logOf(store: Store, jobId: string): Promise<readonly JobEvent[]> {
  return store.events(jobId, 0, 10_000);
}

/** What determinism promises of a log: ids, types and data, but for money and time. */
export function decisions(log: readonly JobEvent[]): unknown {
  const told = log.map(({ id, type, data }) => ({ id, type, data }));
  const exempt = (key: string, value: unknown) => (key === "spend" || key === "timing" ? undefined : value);
  return JSON.parse(JSON.stringify(told, exempt));
}

/** The same without the pauses and the ids they shift. */
export function decisionsBesidePauses(log: readonly JobEvent[]): unknown {
  const told = log.filter(({ type }) => type !== "paused" && type !== "resumed");
  return decisions(told.map((event, i) => ({ ...event, id: i + 1 })));
}

/** Calls that were made to the models of a world. */
export function callsMade({ target, judge, reflection }: World): number {
  return target.requests.length + judge.requests.length + reflection.requests.length;
}

/** Calls in the books of a root job. */
export async function callsRecorded(store: Store, rootId: string): Promise<number> {
  let count = 0;
  for await (const _row of store.calls(rootId)) count++;
  return count;
}

/** Event ids of a watch's items. */
export function idsOf(items: readonly WatchItem[]): number[] {
  return items.flatMap((item) => (item.kind === "event" ? [item.event.id] : []));
}

/** Reads a watch to its end. */
export async function readAll(watch: AsyncIterable<WatchItem>): Promise<WatchItem[]> {
  const items: WatchItem[] = [];
  for await (const item of watch) items.push(item);
  return items;
}

/** Watches a job from the start to its end: how a test waits for a job. */
export function ended({ jobs }: Pick<World, "jobs">, jobId: string): Promise<WatchItem[]> {
  return readAll(jobs.useCases.watchJob(ALICE, jobId, 0, new AbortController().signal));
}

/** Watches a job until an event of this type. */
export async function untilEvent(
  { jobs }: Pick<World, "jobs">,
  jobId: string,
  type: EventType,
  after = 0,
): Promise<JobEvent> {
  const stop = new AbortController();
  for await (const item of jobs.useCases.watchJob(ALICE, jobId, after, stop.signal)) {
    if (item.kind === "event" && item.event.type === type) return item.event;
  }
  throw new Error(`the log of ${jobId} ended without ${type}`);
}

/** Lets everything that is ready go on. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

function numberedIds(): Ids {
  let jobs = 0;
  let requests = 0;
  return { job: () => `job-${++jobs}`, request: () => `request-${++requests}` };
}

function collectingLogger(lines: Line[]): Logger {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}

function summingMetrics(sums: Map<string, number>): Metrics {
  const add = (name: string, by: number, labels: Readonly<Record<string, string>> = {}) => {
    const key = [name, ...Object.entries(labels).map(([k, v]) => `${k}=${v}`)].join(" ");
    sums.set(key, (sums.get(key) ?? 0) + by);
  };
  return {
    count: (name, labels, by = 1) => add(name, by, labels),
    gauge: (name, by, labels) => add(name, by, labels),
    observe: () => undefined,
  };
}
