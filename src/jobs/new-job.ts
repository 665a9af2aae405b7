import { AppError } from "../base/errors.ts";
import type { Job } from "../domain/job.ts";
import type { KeyLookup, UsedKey } from "../storage/store.ts";
import { checkKeyForm, type InFlightGate } from "./idempotency.ts";
import { noteTransition } from "./note-transition.ts";
import type { JobsDeps } from "./ports.ts";
import type { ResolvedSpec } from "./resolve-spec.ts";
import type { Caller } from "./use-cases.ts";

/** What comes of a request for a job. */
export interface NewJobAnswer {
  readonly job: Job;
  /** The request repeats an earlier one, and this is its job as it was created. */
  readonly replayed: boolean;
}

/** A request for a job, whatever makes its spec. */
export interface NewJobRequest {
  /** Scope of the request's keys; the same however the request came in. */
  readonly route: string;
  readonly requestId?: string;
  readonly fingerprint: string;
  /** Makes the spec; not asked where the request repeats an earlier one. Throws to refuse. */
  draft(): Promise<JobDraft>;
}

/** A job before it is created. */
export interface JobDraft {
  readonly resolved: ResolvedSpec;
  /** The job it is forked from. */
  readonly parent?: Pick<Job, "id" | "rootId">;
}

/** Creates jobs for callers. */
export type NewJobs = (caller: Caller, request: NewJobRequest) => Promise<NewJobAnswer>;

/**
 * The one way a job comes to be: in one transaction with the record of its idempotency key. A repeated key gives the
 * first answer again, even where the request would be refused by now; a key of another request is refused; a refused
 * request leaves its key free.
 */
export function createNewJobs(deps: JobsDeps, gate: InFlightGate, wake: () => void): NewJobs {
  return async (caller, request) => {
    const { route, requestId } = request;
    if (requestId === undefined) return create(deps, wake, caller, request);
    checkKeyForm(requestId);
    const key: KeyLookup = {
      owner: caller.bucket,
      route,
      key: requestId,
      validAfter: deps.clock.now() - deps.limits.idempotencyTtlMs,
    };
    // A job that exists is told to any number of callers at once; only its making is for one at a time.
    const used = await deps.store.usedKey(key);
    if (used !== undefined) return replay(deps, used, request.fingerprint);
    return gate({ bucket: caller.bucket, route, key: requestId }, () =>
      create(deps, wake, caller, request, key),
    );
  };
}

async function create(
  deps: JobsDeps,
  wake: () => void,
  caller: Caller,
  request: NewJobRequest,
  key?: KeyLookup,
): Promise<NewJobAnswer> {
  const { store, clock, ids, limits, metrics } = deps;
  const { fingerprint } = request;
  const draft = await request.draft();
  const now = clock.now();
  const outcome = await store.createJob({
    job: newJob(ids.job(now), caller.owner, now, draft),
    ...(key === undefined ? {} : { idempotency: { ...key, fingerprint, createdAt: now } }),
    maxOpenJobsPerOwner: limits.maxOpenJobsPerOwner,
  });
  switch (outcome.kind) {
    case "created":
      metrics.count("jobs_created_total");
      noteTransition(deps, outcome.job, { to: "pending", reason: "created" });
      wake();
      return { job: outcome.job, replayed: false };
    case "replayed":
      return replay(deps, { job: outcome.job, fingerprint }, fingerprint);
    case "mismatch":
      throw mismatch();
    case "quota":
      throw new AppError(
        "quota_exceeded",
        `You have ${outcome.open} open jobs and may have ${limits.maxOpenJobsPerOwner}; wait for one to end, or cancel one.`,
        { metadata: { open: String(outcome.open), limit: String(limits.maxOpenJobsPerOwner) } },
      );
  }
}

function replay(
  { metrics }: Pick<JobsDeps, "metrics">,
  { job, fingerprint }: UsedKey,
  wanted: string,
): NewJobAnswer {
  if (fingerprint !== wanted) throw mismatch();
  metrics.count("idempotent_replays_total");
  return { job, replayed: true };
}

function mismatch(): AppError {
  return new AppError(
    "idempotency_mismatch",
    "This idempotency key was used for another request; use a new key, or repeat the first request unchanged.",
  );
}

function newJob(id: string, owner: string, now: number, { resolved, parent }: JobDraft): Job {
  const { spec, uses, grader } = resolved;
  return {
    id,
    owner,
    rootId: parent?.rootId ?? id,
    ...(parent === undefined ? {} : { parentId: parent.id }),
    status: "pending",
    spec,
    models: uses,
    judgeFingerprint: grader.fingerprint,
    progress: { iteration: 0, fraction: 0, spend: [] },
    fence: 0,
    lastEventId: 0,
    engineOrdinal: 0,
    revision: 1,
    createdAt: now,
    updatedAt: now,
  };
}
