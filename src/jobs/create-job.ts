import { AppError } from "../base/errors.ts";
import type { Job } from "../domain/job.ts";
import type { IdempotencyRecord } from "../storage/store.ts";
import { checkKeyForm, type IdempotencyKey, type InFlightGate } from "./idempotency.ts";
import { noteTransition } from "./note-transition.ts";
import type { JobsDeps } from "./ports.ts";
import { type ResolvedSpec, resolveSpec } from "./resolve-spec.ts";
import type { Caller, CreateJobInput, UseCases } from "./use-cases.ts";

/** Scope of this request's keys; the same however the request came in. */
const ROUTE = "CreateJob";

/**
 * Creates a job and, in the same transaction, the record of its idempotency key. A repeated key gives the first
 * answer again; a key of another request is refused; a refused request leaves its key free.
 */
export function createJob(deps: JobsDeps, gate: InFlightGate, wake: () => void): UseCases["createJob"] {
  return async (caller, input) => {
    const { requestId } = input;
    if (requestId === undefined) return create(deps, wake, caller, input);
    checkKeyForm(requestId);
    const key = { bucket: caller.bucket, route: ROUTE, key: requestId };
    return gate(key, () => create(deps, wake, caller, input, key));
  };
}

async function create(
  deps: JobsDeps,
  wake: () => void,
  caller: Caller,
  input: CreateJobInput,
  key?: IdempotencyKey,
): Promise<{ readonly job: Job; readonly replayed: boolean }> {
  const { store, clock, ids, limits, metrics } = deps;
  const now = clock.now();
  const resolved = resolveSpec(deps, input.spec, input.iterations);
  const outcome = await store.createJob({
    job: newJob(ids.job(now), caller.owner, now, resolved),
    ...(key === undefined
      ? {}
      : { idempotency: recordOf(key, input.fingerprint, now, limits.idempotencyTtlMs) }),
    maxOpenJobsPerOwner: limits.maxOpenJobsPerOwner,
  });
  switch (outcome.kind) {
    case "created":
      metrics.count("jobs_created_total");
      noteTransition(deps, outcome.job, { to: "pending", reason: "created" });
      wake();
      return { job: outcome.job, replayed: false };
    case "replayed":
      metrics.count("idempotent_replays_total");
      return { job: outcome.job, replayed: true };
    case "mismatch":
      throw new AppError(
        "idempotency_mismatch",
        "This idempotency key was used for another request; use a new key, or repeat the first request unchanged.",
      );
    case "quota":
      throw new AppError(
        "quota_exceeded",
        `You have ${outcome.open} open jobs and may have ${limits.maxOpenJobsPerOwner}; wait for one to end, or cancel one.`,
        { metadata: { open: String(outcome.open), limit: String(limits.maxOpenJobsPerOwner) } },
      );
  }
}

function recordOf(
  { bucket, route, key }: IdempotencyKey,
  fingerprint: string,
  now: number,
  ttlMs: number,
): IdempotencyRecord {
  return { owner: bucket, route, key, fingerprint, createdAt: now, validAfter: now - ttlMs };
}

function newJob(id: string, owner: string, now: number, { spec, uses, grader }: ResolvedSpec): Job {
  return {
    id,
    owner,
    rootId: id,
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
