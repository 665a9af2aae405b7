import type { EventBody } from "../../src/domain/event.ts";
import type { Job, JobRequest } from "../../src/domain/job.ts";
import type { OptimizeSpec } from "../../src/domain/spec.ts";
import type { IdempotencyRecord, JobChange, LedgerRow, RunWrite } from "../../src/storage/store.ts";

/** When the jobs of these builders were created. */
export const CREATED_AT = 1_700_000_000_000;

/** A small resolved spec. */
export const SPEC: OptimizeSpec = {
  name: "greetings",
  components: { prompt: "Greet the user." },
  targetModelId: "demo/target",
  examples: [{ id: "e1", input: "hello", ideal: "Hello!" }],
  grader: { kind: "exact", ignoreCase: false, keepWhitespace: false },
  objectives: [],
  context: {},
  budget: { maxIterations: 3 },
  constraints: { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: false },
  config: {
    width: 1,
    minibatchSize: 3,
    operators: {},
    selection: "pareto",
    merge: false,
    maxTokens: 100,
    profile: "default",
  },
  seed: 7,
};

/** A pending job as it is created. */
export function aJob(id: string, overrides: Partial<Job> = {}): Job {
  return {
    id,
    owner: "alice",
    rootId: id,
    status: "pending",
    spec: SPEC,
    models: [{ role: "target", modelId: "demo/target", servedBy: "demo:target", simulated: true }],
    judgeFingerprint: "f00d",
    progress: { iteration: 0, fraction: 0, spend: [] },
    fence: 0,
    lastEventId: 0,
    engineOrdinal: 0,
    revision: 1,
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
    ...overrides,
  };
}

/** A key that was used just now. */
export function aRecord(key: string, overrides: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    owner: "alice",
    route: "CreateJob",
    key,
    fingerprint: "same-request",
    createdAt: CREATED_AT,
    validAfter: CREATED_AT - 600_000,
    ...overrides,
  };
}

/** An event that says nothing but its number. */
export function anEvent(iteration: number): EventBody {
  return { type: "early_stop", data: { iteration, reason: "plateau", detail: "" } };
}

/** A run's write of these events. */
export function aWrite(events: readonly EventBody[], overrides: Partial<RunWrite> = {}): RunWrite {
  return { nowMs: CREATED_AT + 5_000, events, engineOrdinal: events.length, ...overrides };
}

/** A cancel of whatever has not ended. */
export function aCancel(overrides: Partial<JobChange> = {}): JobChange {
  return {
    nowMs: CREATED_AT + 9_000,
    from: ["pending", "running", "paused"],
    to: "cancelled",
    bumpFence: true,
    events: [{ type: "cancelled", data: { reason: "enough" } }],
    ...overrides,
  };
}

/** What a caller asks of a running job. */
export function aRequestTo(requested: JobRequest, overrides: Partial<JobChange> = {}): JobChange {
  return {
    nowMs: CREATED_AT + 3_000,
    from: ["running"],
    requested,
    bumpFence: false,
    events: [],
    ...overrides,
  };
}

/** A paid answer. */
export function aCall(rootId: string, key: string, overrides: Partial<LedgerRow> = {}): LedgerRow {
  return {
    rootId,
    jobId: rootId,
    key,
    role: "target",
    ts: CREATED_AT + 1_000,
    outcome: '{"text":"hi"}',
    ...overrides,
  };
}
