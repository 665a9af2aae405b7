import type { EventDataByType } from "../domain/event.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import { SEED_ID } from "../engine/state.ts";
import type { LogSource } from "./candidate-log.ts";
import { fillPage } from "./fill-page.ts";
import { ownJob } from "./own-job.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import { readLog } from "./read-log.ts";
import type { RolloutRecord, UseCases } from "./use-cases.ts";

/** Rollouts a page holds where the caller does not say; as `ListRolloutsRequest.page_size` promises. */
const DEFAULT_ROLLOUTS = 100;
/** Most rollouts on a page; as `ListRolloutsRequest.page_size` promises. */
const MAX_ROLLOUTS = 1000;

/** A row, and where it stands: the event and the place among its evaluations. */
interface Run {
  readonly id: number;
  readonly place: number;
  readonly row: RolloutRecord;
}

/**
 * What was really run, in the order of the log. A result that was known already (`reused`) is listed where it was run
 * and nowhere else, so that each run is one row and the rows are what was paid for. A page begins at an event and a
 * place among its evaluations: the log only grows, so pages stay what they were while the job runs. Only the seed's
 * first scores may change once: where its outputs were graded anew they have the scores that stand.
 */
export function listRollouts(deps: Pick<JobsDeps, "store">): UseCases["listRollouts"] {
  return async (caller, jobId, page, { candidateId, exampleId }) => {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    const scope = { list: "rollouts", jobId, candidateId, exampleId };
    const size = pageSize(page.pageSize, DEFAULT_ROLLOUTS, MAX_ROLLOUTS);
    const cursor = decodePageToken(scope, page.pageToken, ["number", "number"]);
    const [startId = 1, startPlace = 0] = (cursor ?? []).map(Number);

    const { items, next } = await fillPage(runs(), size);
    const rows = items.map(({ row }) => row);
    return {
      items: await withLastGrades({ store: deps.store, job }, rows),
      nextPageToken: next === undefined ? "" : encodePageToken(scope, [next.id, next.place]),
    };

    async function* runs(): AsyncGenerator<Run> {
      for await (const { id, data } of readLog(deps.store, job, "judge", startId - 1)) {
        if (candidateId !== undefined && data.candidateId !== candidateId) continue;
        for (const [place, evaluation] of data.evaluations.entries()) {
          if (id === startId && place < startPlace) continue;
          if (evaluation.reused || isRegraded(data, evaluation)) continue;
          if (exampleId !== undefined && evaluation.exampleId !== exampleId) continue;
          const { iteration, stage } = data;
          yield { id, place, row: { candidateId: data.candidateId, iteration, stage, evaluation } };
        }
      }
    }
  };
}

/**
 * Whether an evaluation is a run that was told before: the seed's outputs are graded once, and where the judge turns out
 * to be noisy they are told again with the mean of several grades, before any other candidate is written.
 */
function isRegraded(
  { candidateId, stage }: Pick<EventDataByType["judge"], "candidateId" | "stage">,
  { grades }: Evaluation,
): boolean {
  return candidateId === SEED_ID && stage === "validation" && grades !== undefined;
}

/** The rows, those of the seed's validation with the scores that stand. */
async function withLastGrades(
  { store, job }: LogSource,
  rows: readonly RolloutRecord[],
): Promise<readonly RolloutRecord[]> {
  const isFirst = ({ candidateId, stage }: RolloutRecord) =>
    candidateId === SEED_ID && stage === "validation";
  const open = new Set(rows.filter(isFirst).map(({ evaluation }) => evaluation.exampleId));
  if (open.size === 0) return rows;
  const last = new Map<string, Evaluation>();
  for await (const { data } of readLog(store, job, "judge")) {
    if (data.candidateId !== SEED_ID || data.iteration > 0) break;
    for (const evaluation of data.evaluations) {
      if (isRegraded(data, evaluation) && open.has(evaluation.exampleId))
        last.set(evaluation.exampleId, evaluation);
    }
  }
  return rows.map((row) => {
    const evaluation = isFirst(row) ? last.get(row.evaluation.exampleId) : undefined;
    return evaluation ? { ...row, evaluation } : row;
  });
}
