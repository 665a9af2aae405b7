import { AppError } from "../base/errors.ts";
import { readCandidates, readDecisions } from "./candidate-log.ts";
import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import { readLog } from "./read-log.ts";
import type { UseCases } from "./use-cases.ts";

/** One candidate of a job as the log tells of it now; `not_found` where the job has written none of that id. */
export function getCandidate(deps: Pick<JobsDeps, "store">): UseCases["getCandidate"] {
  return async (caller, jobId, candidateId) => {
    const { store } = deps;
    const job = await ownJob(store, caller, jobId, { withoutExamples: true });
    const log = { store, job };
    for await (const event of readLog(store, job, "generate")) {
      if (event.data.candidateId !== candidateId) continue;
      const [found] = await readCandidates(log, [event], await readDecisions(log, event.id));
      if (found !== undefined) return found;
    }
    throw candidateNotFound(jobId, candidateId);
  };
}

/** A candidate that the log does not tell of. */
export function candidateNotFound(jobId: string, candidateId: string): AppError {
  return new AppError("not_found", `Job ${jobId} has no candidate ${candidateId}.`, {
    metadata: { job_id: jobId, candidate_id: candidateId },
  });
}
