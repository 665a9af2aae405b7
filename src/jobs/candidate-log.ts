import type { EventDataByType } from "../domain/event.ts";
import type { Job } from "../domain/job.ts";
import { roundScore } from "../domain/round.ts";
import type { Store } from "../storage/store.ts";
import { type EventOf, readLog } from "./read-log.ts";
import type { CandidateRecord } from "./use-cases.ts";

/** What a commit decided about a candidate. */
export type Decision = Pick<EventDataByType["select"], "accepted" | "reason">;

/** A job's log to be folded; see {@link readLog}. */
export interface LogSource {
  readonly store: Pick<Store, "events">;
  readonly job: Pick<Job, "id" | "lastEventId">;
}

/** The scores of one candidate. */
interface Scores {
  readonly byExample: Map<string, number>;
  /** It was run for validation, not only tried on a minibatch. Where both are the same examples, joining says as much. */
  validated: boolean;
}

/**
 * The decisions recorded after event `after`, by candidate. One that was paused and completed at the end of the search has
 * two: what is told of it then comes after why it joined.
 */
export async function readDecisions(
  { store, job }: LogSource,
  after: number,
): Promise<ReadonlyMap<string, Decision>> {
  const decisions = new Map<string, Decision>();
  for await (const { data } of readLog(store, job, "select", after)) {
    const before = decisions.get(data.candidateId);
    const reason = before ? `${before.reason} ${data.reason}` : data.reason;
    decisions.set(data.candidateId, { accepted: data.accepted, reason });
  }
  return decisions;
}

/**
 * These candidates (in the order of writing) with their scores. Their judge events are read to the end of the log, for
 * a parent is run again whenever it is chosen, and the champion is tested last; only the numbers are kept.
 */
export async function readCandidates(
  log: LogSource,
  written: readonly EventOf<"generate">[],
  decisions: ReadonlyMap<string, Decision>,
): Promise<CandidateRecord[]> {
  const first = written[0];
  if (first === undefined) return [];
  const validation = await validationIds(log);
  const scores = await readScores(log, first.id, new Set(written.map(({ data }) => data.candidateId)));
  return written.map(({ data }) => {
    const decision = decisions.get(data.candidateId);
    const own = scores.get(data.candidateId);
    const isScored = own?.validated || decision?.accepted;
    const score = own && isScored ? meanOver(validation, own.byExample) : undefined;
    return {
      components: data.components,
      lineage: {
        candidateId: data.candidateId,
        parentIds: data.parentIds,
        operator: data.operator,
        iteration: data.iteration,
        accepted: decision?.accepted ?? false,
        ...(score === undefined ? {} : { score }),
      },
      reason: decision?.reason ?? "",
      rationale: data.rationale,
      scores: Object.fromEntries(own?.byExample ?? []),
    };
  });
}

async function readScores(
  { store, job }: LogSource,
  after: number,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Scores>> {
  const scores = new Map<string, Scores>();
  for await (const { data } of readLog(store, job, "judge", after)) {
    // The noise floor judges outputs that have their score already; a second opinion is not a second run.
    if (!wanted.has(data.candidateId) || data.stage === "noise_floor") continue;
    const own = scores.get(data.candidateId) ?? { byExample: new Map<string, number>(), validated: false };
    scores.set(data.candidateId, own);
    own.validated ||= data.stage === "validation";
    for (const { exampleId, score } of data.evaluations) {
      if (score !== undefined) own.byExample.set(exampleId, score); // the last stands: the seed's may be graded anew
    }
  }
  return scores;
}

async function validationIds({ store, job }: LogSource): Promise<readonly string[]> {
  for await (const { data } of readLog(store, job, "started")) return data.splits.validation;
  return [];
}

/** The mean as the engine tells it: over the validation examples that have a score, in their order. */
function meanOver(exampleIds: readonly string[], scores: ReadonlyMap<string, number>): number | undefined {
  const known = exampleIds.flatMap((id) => scores.get(id) ?? []);
  return known.length === 0 ? undefined : roundScore(known.reduce((a, b) => a + b, 0) / known.length);
}
