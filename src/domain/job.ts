import { AppError } from "../base/errors.ts";
import type { CandidateText } from "./candidate.ts";
import type { ModelUse, Spend } from "./spend.ts";
import type { Report } from "./report.ts";
import type { OptimizeSpec } from "./spec.ts";
import type { StopReason } from "./stop-reason.ts";

/** Where a job stands. */
export const JOB_STATUSES = ["pending", "running", "paused", "finished", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What a caller has asked for and the worker has not done yet. */
export type JobRequest = "stop" | "pause";

/** Every move there is. Terminal states have none. */
export const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  pending: ["running", "paused", "cancelled", "failed"],
  running: ["paused", "finished", "failed", "cancelled"],
  paused: ["pending", "running", "finished", "cancelled", "failed"],
  finished: [],
  failed: [],
  cancelled: [],
};

/** Whether a job in this state will never change again. */
export function isTerminal(status: JobStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** Returns `to` if the move is allowed; throws `invalid_state` otherwise. */
export function transition(from: JobStatus, to: JobStatus): JobStatus {
  if (!TRANSITIONS[from].includes(to)) {
    throw new AppError("invalid_state", `A ${from} job can not become ${to}.`, {
      metadata: { status: from, wanted: to },
    });
  }
  return to;
}

/** Statuses from which `to` can be reached: the compare of the store's compare-and-set. */
export function sourcesOf(to: JobStatus): JobStatus[] {
  return JOB_STATUSES.filter((from) => TRANSITIONS[from].includes(to));
}

/** The outcome of a finished job. */
export interface JobResult {
  readonly champion: CandidateText;
  readonly bestCandidate?: CandidateText;
  readonly report: Report;
  readonly stopReason: StopReason;
}

/** Why a job could not go on: a recorded value, never thrown at a caller. */
export interface JobFailure {
  readonly code: string;
  readonly sentence: string;
  readonly nextStep: string;
}

/** What the worker keeps up to date in the job's row, from its own events. */
export interface JobProgress {
  readonly iteration: number;
  readonly bestScore?: number;
  readonly bestSoFar?: CandidateText;
  /** Share used of the tightest limit, in [0, 1]; 1 once the job is finished. */
  readonly fraction: number;
  readonly spend: Spend;
  /** Running time so far, over all the processes that had the job. */
  readonly elapsedMs?: number;
  /** What the engine was last told from outside: a resumed run is told the same again. */
  readonly told?: ToldInput;
}

/** What comes from outside a run at one of its commits. */
export type OutsideInput = "go" | "stop" | "pause" | "wall_time";

/** The input told at a commit; at every commit before it that was "go". */
export interface ToldInput {
  readonly commit: number;
  readonly input: OutsideInput;
}

/** A job as the store holds it. Times are milliseconds since the epoch. */
export interface Job {
  readonly id: string;
  /** Whose it is: a digest of the token, or the anonymous owner. */
  readonly owner: string;
  /** The first job of a fork family; answers are shared under it. */
  readonly rootId: string;
  readonly parentId?: string;
  readonly status: JobStatus;
  readonly requested?: JobRequest;
  readonly spec: OptimizeSpec;
  readonly models: readonly ModelUse[];
  readonly judgeFingerprint: string;
  readonly progress: JobProgress;
  readonly result?: JobResult;
  readonly failure?: JobFailure;
  /** Goes up with every change of owner; a write with an older one is refused. */
  readonly fence: number;
  /** Id of the last event. */
  readonly lastEventId: number;
  /** Engine events recorded so far; events the engine yields again up to here are dropped. */
  readonly engineOrdinal: number;
  /** Goes up with every change; the ETag. */
  readonly revision: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
}
