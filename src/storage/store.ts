import type { EventBody, EventType, JobEvent } from "../domain/event.ts";
import type { Job, JobFailure, JobProgress, JobRequest, JobResult, JobStatus } from "../domain/job.ts";
import type { Role } from "../domain/spend.ts";

/**
 * The closed list of what the service asks of its store. Every write is one durable transaction: when its promise
 * resolves the data survives a power cut, and nothing is readable before. Errors: `storage_full`,
 * `storage_unavailable` (AppError); {@link FencedError} where another worker owns the job now.
 */
export interface Store {
  /** Creates a job, its idempotency record included, or says why not. */
  createJob(input: NewJob): Promise<CreateOutcome>;
  /** What a key was used for, unless its record has expired. A hint before the work; {@link createJob} decides. */
  usedKey(key: KeyLookup): Promise<UsedKey | undefined>;
  getJob(id: string, view?: JobView): Promise<Job | undefined>;
  /** The last checkpoint that {@link append} was given; undefined before the first. */
  checkpoint(jobId: string): Promise<string | undefined>;
  /** Newest first, without foreign jobs; `before` is the cursor of the last page. */
  listJobs(query: JobQuery): Promise<readonly Job[]>;
  /** How many jobs there are by status. */
  countJobs(): Promise<Readonly<Record<JobStatus, number>>>;
  /** Ids of jobs in one of these states, oldest first. */
  jobIds(statuses: readonly JobStatus[], limit: number): Promise<readonly string[]>;

  /** Status and fence of those of the jobs that exist: how a worker sees whether what it runs is still its own. */
  standings(jobIds: readonly string[]): Promise<readonly Standing[]>;

  /** Takes a pending or running job for a worker: fence + 1, status `running`. Undefined where it is not to be had. */
  claim(jobId: string, worker: string, nowMs: number): Promise<Job | undefined>;
  /**
   * What a run records, in one fenced transaction. Gives the events as they were numbered. {@link FencedError} where
   * the fence is an older one, or the job is no longer running; {@link WithdrawnError} where the run wants to pause and
   * nobody asks for that any more.
   */
  append(jobId: string, fence: number, write: RunWrite): Promise<readonly JobEvent[]>;
  /**
   * Changes a job from outside its run: compare-and-set on the status, optionally fence + 1 (so that the worker that
   * runs it can write no more). Undefined where the status (or revision, or what is requested) is not as wanted.
   */
  change(jobId: string, change: JobChange): Promise<Job | undefined>;

  /** Events after `after`, in order, at most `limit`. */
  events(
    jobId: string,
    after: number,
    limit: number,
    types?: readonly EventType[],
  ): Promise<readonly JobEvent[]>;

  /** The answer recorded under this key of a root job, if any. */
  call(rootId: string, key: string): Promise<LedgerRow | undefined>;
  /** Every answer paid for under a root job. */
  calls(rootId: string): AsyncIterable<LedgerRow>;
  /**
   * Records an answer before it is used. Not fenced: what was paid is booked whoever owns the job now. A key that
   * has a row already keeps it. Gives the row that stands: the answer to use, for later runs will.
   */
  recordCall(row: LedgerRow): Promise<LedgerRow>;

  /** Removes an ended job with its events and its idempotency record; its answers once no job of its family is left. */
  deleteJob(jobId: string): Promise<boolean>;
  /** Removes idempotency records older than `beforeMs`. */
  expireIdempotency(beforeMs: number): Promise<number>;
  /** Ids of ended jobs, those that ended first first. */
  endedJobs(query: EndedQuery): Promise<readonly string[]>;
  /** Drops the log of an ended job but its last `keep` events; the ids of those stay. Gives how many were dropped. */
  truncateEvents(jobId: string, keep: number): Promise<number>;

  /** Calls `fn` with job id and last event id after each commit that added events, in this process or another. */
  onAppend(fn: (jobId: string, lastEventId: number) => void): () => void;
  /** Calls `fn` with job id and last event id after each {@link change}, in this process or another. */
  onChange(fn: (jobId: string, lastEventId: number) => void): () => void;
  /** Resolves if the store answers. */
  ping(): Promise<void>;
  /** Waits for what is under way and lets go of the files. Later calls reject. */
  close(): Promise<void>;
}

/** Another worker owns the job now: the run that gets this aborts and writes nothing more. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  constructor(jobId: string) {
    super(`job ${jobId} is owned by another worker`);
  }
}

/** The pause a run was about to record is not asked for any more: nothing was written, and the job is still its own. */
export class WithdrawnError extends Error {
  override readonly name = "WithdrawnError";
  constructor(jobId: string) {
    super(`job ${jobId} is not to pause any more`);
  }
}

/** A job to create. */
export interface NewJob {
  readonly job: Job;
  readonly idempotency?: IdempotencyRecord;
  /** Jobs of this owner that may wait or run at once; one more is refused. */
  readonly maxOpenJobsPerOwner: number;
}

/** Names a caller's key. Keys of different owners and routes never meet. */
export interface KeyLookup {
  readonly owner: string;
  readonly route: string;
  readonly key: string;
  /** Records created before this have expired and count as absent. */
  readonly validAfter: number;
}

/** A caller's key for one request. */
export interface IdempotencyRecord extends KeyLookup {
  /** SHA-256 of the request. */
  readonly fingerprint: string;
  readonly createdAt: number;
}

/** A key that was used and has not expired. */
export interface UsedKey {
  readonly fingerprint: string;
  /** The job as it was when it was created. */
  readonly job: Job;
}

/** What became of a create. */
export type CreateOutcome =
  | { readonly kind: "created"; readonly job: Job }
  /** The key was used for the same request: its job as it was when it was created. */
  | { readonly kind: "replayed"; readonly job: Job }
  | { readonly kind: "mismatch" }
  | { readonly kind: "quota"; readonly open: number };

/** Whose a job is, and where it stands. */
export type Standing = Pick<Job, "id" | "status" | "fence">;

/** How much of a job to read. */
export interface JobView {
  /** Leaves `spec.examples` empty: they can be megabytes, and most readers show none of them. */
  readonly withoutExamples?: boolean;
}

/** Which jobs to list. */
export interface JobQuery extends JobView {
  readonly owner: string;
  readonly status?: JobStatus;
  readonly before?: { readonly createdAt: number; readonly id: string };
  readonly limit: number;
}

/** Which ended jobs. */
export interface EndedQuery {
  /** They ended before this. */
  readonly endedBefore: number;
  /** Only those of whose log more than the last so many events are stored. */
  readonly withMoreEventsThan?: number;
  readonly limit: number;
}

/** What a run records at once. */
export interface RunWrite {
  readonly nowMs: number;
  readonly events: readonly EventBody[];
  /** Engine events among all recorded so far, after this write. */
  readonly engineOrdinal: number;
  readonly progress?: JobProgress;
  /** The state the run can be taken up from. */
  readonly checkpoint?: string;
  readonly status?: JobStatus;
  readonly result?: JobResult;
  readonly failure?: JobFailure;
}

/** A change from outside a run. */
export interface JobChange {
  readonly nowMs: number;
  /** Statuses the job may have now. */
  readonly from: readonly JobStatus[];
  /** Revision the job must have now. */
  readonly ifRevision?: number;
  /** What must be requested now; null for nothing. */
  readonly ifRequested?: JobRequest | null;
  readonly to?: JobStatus;
  /** null clears the request. */
  readonly requested?: JobRequest | null;
  readonly bumpFence: boolean;
  readonly events: readonly EventBody[];
  readonly failure?: JobFailure;
  /** Replaces the job's figures: a cancelled job's spend is booked when its last call has ended. */
  readonly progress?: JobProgress;
}

/** An answer that was paid for, or the failure that a call ended with. */
export interface LedgerRow {
  readonly rootId: string;
  /** The job that paid; its spend is the sum over its rows. */
  readonly jobId: string;
  /** Content key of the call. */
  readonly key: string;
  readonly role: Role;
  readonly ts: number;
  /** JSON of the recorded outcome. */
  readonly outcome: string;
}
