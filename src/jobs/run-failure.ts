import { digest } from "../base/digest.ts";
import { AppError } from "../base/errors.ts";
import type { Job, JobFailure } from "../domain/job.ts";
import type { ModelUse } from "../domain/spend.ts";

/** A failure the caller can read, from an error that ended a run: a bug of ours unless it is an {@link AppError}. */
export function failureOf(error: unknown): JobFailure {
  if (error instanceof AppError) {
    return {
      code: error.reason,
      sentence: error.message,
      nextStep: "Correct the configuration of the service, then create the job again.",
    };
  }
  return {
    code: "internal_error",
    sentence: "The run met an error of the service's own; the log has it under the job's id.",
    nextStep: "Create the job again. If it fails again, report the job's id to whoever runs the service.",
  };
}

/**
 * The failure of a job that was created under other models or another judge than this process has: its scores would
 * no longer be comparable with those it has already. Undefined where all is as it was.
 */
export function changedModels(
  job: Job,
  models: readonly ModelUse[],
  judgeFingerprint: string,
): JobFailure | undefined {
  if (job.judgeFingerprint === judgeFingerprint && digest(job.models) === digest(models)) return undefined;
  const names = job.models.map((m) => `${m.role} ${m.servedBy}`).join(", ");
  return {
    code: "models_changed",
    sentence:
      "The service was restarted with other models, so that the scores would no longer be comparable.",
    nextStep: `Create the job again, or restart the service with the models it began with (${names}).`,
  };
}

/** Whether the store could not do its work for now: the job goes on when it can. */
export function isStoreTrouble(error: unknown): boolean {
  return (
    error instanceof AppError && (error.reason === "storage_full" || error.reason === "storage_unavailable")
  );
}
