import type { Plan, Splits } from "../domain/budget.ts";
import type { LineageEntry } from "../domain/candidate.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import type { EventDataByType, EventType, JobEvent, JudgeStage } from "../domain/event.ts";
import type { Job, JobStatus } from "../domain/job.ts";
import type { Components } from "../domain/spec.ts";
import type { BudgetRequest, SearchConfigRequest, SpecRequest } from "../domain/spec-request.ts";
import type { ModelUse } from "../domain/spend.ts";

/** Who asks. */
export interface Caller {
  /** Owner of what it creates: a digest of its token, or the anonymous owner. */
  readonly owner: string;
  /** Bucket of its rate limit and scope of its idempotency keys: the owner, or for the anonymous owner its address. */
  readonly bucket: string;
}

/** Which page of a list. */
export interface PageRequest {
  /** 0 means the default; more than the maximum is the maximum. */
  readonly pageSize: number;
  /** From the last page's answer; empty for the first. Bound to the other parameters of the list. */
  readonly pageToken: string;
}

/** A page. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** What a create asks for. */
export interface CreateJobInput {
  readonly spec: SpecRequest;
  readonly iterations?: number;
  /** Idempotency key; absent for none. */
  readonly requestId?: string;
  /** SHA-256 of the request as it was sent, for the comparison of repeated keys. */
  readonly fingerprint: string;
}

/** What a fork asks for; what is absent stays as it is in the job that is forked. */
export interface ForkJobInput {
  readonly jobId: string;
  /** Absent: the champion, else the best so far, else the prompt as it was sent. */
  readonly candidateId?: string;
  readonly config: SearchConfigRequest;
  readonly budget: BudgetRequest;
  readonly iterations?: number;
  readonly seed?: number;
  /** As in {@link CreateJobInput}; keys of forks and creates never meet. */
  readonly requestId?: string;
  readonly fingerprint: string;
}

/** What an estimate says. */
export interface Estimate {
  readonly plan: Plan;
  readonly splits: Splits;
  readonly models: readonly ModelUse[];
  readonly warnings: readonly string[];
  readonly detectableLift?: number;
}

/** What a watch gives: first the job as it stands, then events; or the note that older events are gone. */
export type WatchItem =
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "event"; readonly event: JobEvent }
  | {
      readonly kind: "truncated";
      readonly jobId: string;
      readonly firstAvailable: number;
      readonly ts: number;
    };

/** Events, and on the first page the note that older ones are gone. */
export interface EventPage extends Page<JobEvent> {
  readonly truncated?: Extract<WatchItem, { readonly kind: "truncated" }>;
}

/** A candidate as the log tells of it so far. */
export interface CandidateRecord {
  readonly components: Components;
  /** `accepted` is false while that is undecided; `score` is the mean over the validation examples scored so far. */
  readonly lineage: LineageEntry;
  /** Why it joined the pool or did not; empty while that is undecided. */
  readonly reason: string;
  readonly rationale: string;
  /** By example, in whatever stage it was run there. */
  readonly scores: Readonly<Record<string, number>>;
}

/** One candidate really run on one example. */
export interface RolloutRecord {
  readonly candidateId: string;
  readonly stage: JudgeStage;
  readonly iteration: number;
  readonly evaluation: Evaluation;
}

/** Which rollouts; all where neither is given. */
export interface RolloutFilter {
  readonly candidateId?: string;
  readonly exampleId?: string;
}

/**
 * What callers can do with jobs; one file a verb beside this one. Every method rejects with an AppError; a job of
 * somebody else is `not_found`, exactly as one that never was.
 */
export interface UseCases {
  createJob(
    caller: Caller,
    input: CreateJobInput,
  ): Promise<{ readonly job: Job; readonly replayed: boolean }>;
  getJob(caller: Caller, jobId: string): Promise<Job>;
  listJobs(caller: Caller, page: PageRequest, status?: JobStatus): Promise<Page<Job>>;
  /** Ends after the terminal event, or with the signal's reason. Bad cursor: `invalid_cursor`. */
  watchJob(caller: Caller, jobId: string, after: number, signal: AbortSignal): AsyncIterable<WatchItem>;
  listEvents(
    caller: Caller,
    jobId: string,
    page: PageRequest,
    after: number,
    types: readonly EventType[],
  ): Promise<EventPage>;
  /** In the order of writing; `acceptedOnly` leaves out those that did not join the pool, or not yet. */
  listCandidates(
    caller: Caller,
    jobId: string,
    page: PageRequest,
    acceptedOnly: boolean,
  ): Promise<Page<CandidateRecord>>;
  getCandidate(caller: Caller, jobId: string, candidateId: string): Promise<CandidateRecord>;
  /** In the order they were recorded, results that were known already left out. */
  listRollouts(
    caller: Caller,
    jobId: string,
    page: PageRequest,
    filter: RolloutFilter,
  ): Promise<Page<RolloutRecord>>;
  /** `invalid_state` before the job has finished, and where it failed or was cancelled. */
  getReport(caller: Caller, jobId: string): Promise<EventDataByType["final"]>;
  /** `ifMatch`: the etag the job must have; empty for any. */
  cancelJob(caller: Caller, jobId: string, reason: string, ifMatch: string): Promise<Job>;
  /** The answer shows what is requested, the run follows. `invalid_state` where there is nothing to stop or report. */
  stopJob(caller: Caller, jobId: string): Promise<Job>;
  /** A waiting job pauses at once, a running one after its next commit. `invalid_state` where it has ended. */
  pauseJob(caller: Caller, jobId: string): Promise<Job>;
  /** `invalid_state` where it has ended; a job that is not paused stays as it is. */
  resumeJob(caller: Caller, jobId: string): Promise<Job>;
  /** `not_found` too where the job has no such candidate. */
  forkJob(caller: Caller, input: ForkJobInput): Promise<{ readonly job: Job; readonly replayed: boolean }>;
  estimateJob(caller: Caller, spec: SpecRequest, iterations?: number): Promise<Estimate>;
  deleteJob(caller: Caller, jobId: string): Promise<void>;
}

/** The etag of a job: changes with every change of it. */
export function etagOf(job: Pick<Job, "id" | "revision">): string {
  return `"${job.id}-${job.revision}"`;
}
