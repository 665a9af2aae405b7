import type { BudgetLine, Plan, Splits } from "./budget.ts";
import type { CandidateText, FrontMember, Lesson } from "./candidate.ts";
import type { Evaluation } from "./evaluation.ts";
import type { JobFailure } from "./job.ts";
import type { Artifacts, Report } from "./report.ts";
import type { Components, Profile } from "./spec.ts";
import type { ModelUse, Spend } from "./spend.ts";
import type { StopReason } from "./stop-reason.ts";

/** What a candidate is scored for. */
export type JudgeStage = "parent_minibatch" | "minibatch" | "merge" | "validation" | "noise_floor" | "test";

/** A proposed text that was dropped before anything was paid for it. */
export interface RejectedText {
  readonly operator: string;
  readonly reason: string;
  readonly detail: string;
}

/** Data of each event type, as it is stored. Field for field the messages of `gepa/v1/event.proto`. */
export interface EventDataByType {
  readonly started: {
    readonly configDigest: string;
    readonly judgeFingerprint: string;
    readonly models: readonly ModelUse[];
    readonly splits: Splits;
    readonly plan: Plan;
    readonly profile: Profile;
    readonly seed: number;
    readonly simulated: boolean;
    readonly warnings: readonly string[];
  };
  readonly generate: {
    readonly iteration: number;
    readonly candidateId: string;
    readonly parentIds: readonly string[];
    readonly operator: string;
    readonly components: Components;
    readonly changedComponents: readonly string[];
    readonly rationale: string;
    readonly lessonIds: readonly string[];
    readonly rejectedTexts: readonly RejectedText[];
  };
  readonly judge: {
    readonly iteration: number;
    readonly candidateId: string;
    readonly stage: JudgeStage;
    readonly evaluations: readonly Evaluation[];
    readonly meanScore?: number;
  };
  readonly select: {
    readonly iteration: number;
    /** Empty where nothing could be proposed. */
    readonly candidateId: string;
    readonly accepted: boolean;
    readonly reason: string;
    readonly front: readonly FrontMember[];
    readonly lessons: readonly Lesson[];
  };
  readonly progress: {
    readonly stage: "generate" | "judge" | "select" | "final";
    readonly iteration: number;
    readonly bestScore?: number;
    readonly bestCandidateId: string;
    readonly budget: { readonly lines: readonly BudgetLine[]; readonly fraction: number };
    readonly spend: Spend;
    readonly timing: { readonly elapsedS: number; readonly etaS?: number };
  };
  readonly early_stop: { readonly iteration: number; readonly reason: StopReason; readonly detail: string };
  readonly paused: { readonly by: "caller" | "service"; readonly reason: string };
  readonly resumed: { readonly by: "caller" | "service" };
  readonly final: {
    readonly champion: CandidateText;
    readonly bestCandidate?: CandidateText;
    readonly report: Report;
    readonly artifacts: Artifacts;
  };
  readonly finished: { readonly stopReason: StopReason };
  readonly failed: JobFailure;
  readonly cancelled: { readonly reason: string };
}

/** Names of the events a job's log can hold. */
export type EventType = keyof EventDataByType;

/** An event before the store has numbered it. */
export type EventBody = {
  [T in EventType]: { readonly type: T; readonly data: EventDataByType[T] };
}[EventType];

/** Events the engine yields; the others are the runtime's. */
export type EngineEvent = Extract<
  EventBody,
  { type: "started" | "generate" | "judge" | "select" | "progress" | "early_stop" | "final" }
>;

/** An event as it is stored: `id` is 1, 2, 3 … within the job, `ts` milliseconds since the epoch. */
export type JobEvent = EventBody & { readonly id: number; readonly jobId: string; readonly ts: number };

/** Version of the data's form. */
export const EVENT_SCHEMA_VERSION = 1;

/** Types after which a job's log ends. */
export const TERMINAL_EVENTS: readonly EventType[] = ["finished", "failed", "cancelled"];

/** Whether the log ends with this event. */
export function isTerminalEvent(event: { readonly type: EventType }): boolean {
  return TERMINAL_EVENTS.includes(event.type);
}
