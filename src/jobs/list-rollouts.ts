import { ownJob } from "./own-job.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import { readLog } from "./read-log.ts";
import type { RolloutRecord, UseCases } from "./use-cases.ts";

/** Rollouts a page holds where the caller does not say; as `ListRolloutsRequest.page_size` promises. */
const DEFAULT_ROLLOUTS = 100;
/** Most rollouts on a page; as `ListRolloutsRequest.page_size` promises. */
const MAX_ROLLOUTS = 1000;

/**
 * What was really run, in the order of the log. A result that was known already (`reused`) is listed where it was run
 * and nowhere else, so that each run is one row and the rows are what was paid for. A page begins at an event and a
 * place among its evaluations: the log only grows, so pages stay what they were while the job runs.
 */
export function listRollouts(deps: Pick<JobsDeps, "store">): UseCases["listRollouts"] {
  return async (caller, jobId, page, { candidateId, exampleId }) => {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    const scope = { list: "rollouts", jobId, candidateId, exampleId };
    const size = pageSize(page.pageSize, DEFAULT_ROLLOUTS, MAX_ROLLOUTS);
    const cursor = decodePageToken(scope, page.pageToken, ["number", "number"]);
    const [startId = 1, startPlace = 0] = (cursor ?? []).map(Number);

    const items: RolloutRecord[] = [];
    for await (const { id, data } of readLog(deps.store, job, "judge", startId - 1)) {
      if (candidateId !== undefined && data.candidateId !== candidateId) continue;
      for (const [place, evaluation] of data.evaluations.entries()) {
        if (id === startId && place < startPlace) continue;
        if (evaluation.reused || (exampleId !== undefined && evaluation.exampleId !== exampleId)) continue;
        if (items.length === size) return { items, nextPageToken: encodePageToken(scope, [id, place]) };
        const { iteration, stage } = data;
        items.push({ candidateId: data.candidateId, iteration, stage, evaluation });
      }
    }
    return { items, nextPageToken: "" };
  };
}
