import { digest } from "../base/digest.ts";
import type { EventDataByType } from "../domain/event.ts";
import type { Job } from "../domain/job.ts";
import { roundScore } from "../domain/round.ts";
import { SEED_ID } from "../engine/state.ts";
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
  /** What the same text was scored under another id, which was then dropped: it stands where there is no score of its own. */
  readonly ofTwins: Map<string, number>;
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

/** Whether a candidate is in the pool. The prompt as it was sent is, before anything is said of it. */
export function isInPool(candidateId: string, decision: Decision | undefined): boolean {
  return decision?.accepted ?? candidateId === SEED_ID;
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
  const wanted = new Set(written.map(({ data }) => data.candidateId));
  const scores = await readScores(log, first.id, wanted, await readTwins(log, written, decisions));
  return written.map(({ data }) => {
    const decision = decisions.get(data.candidateId);
    const { byExample, ofTwins, validated } = scores.get(data.candidateId) ?? noScores();
    const known = new Map([...byExample, ...[...ofTwins].filter(([id]) => !byExample.has(id))]);
    // One that was dropped competes with nobody: it has no score here, as it has none in the report's lineage.
    const isScored = decision ? decision.accepted : validated;
    const score = isScored ? meanOver(validation, known) : undefined;
    return {
      components: data.components,
      lineage: {
        candidateId: data.candidateId,
        parentIds: data.parentIds,
        operator: data.operator,
        iteration: data.iteration,
        accepted: isInPool(data.candidateId, decision),
        ...(score === undefined ? {} : { score }),
      },
      reason: decision?.reason ?? "",
      rationale: data.rationale,
      scores: Object.fromEntries(known),
    };
  });
}

/**
 * Candidates that were dropped for being the same text as an earlier one that joined, each with the id of that one: the
 * search gives it their scores, so that nothing is run twice.
 */
async function readTwins(
  { store, job }: LogSource,
  written: readonly EventOf<"generate">[],
  decisions: ReadonlyMap<string, Decision>,
): Promise<ReadonlyMap<string, string>> {
  const twins = new Map<string, string>();
  const joined = written.filter(({ data }) => decisions.get(data.candidateId)?.accepted);
  const [first] = joined;
  if (first === undefined) return twins;
  const byText = new Map(joined.map((event) => [digest(event.data.components), event]));
  for await (const { id, data } of readLog(store, job, "generate", first.id)) {
    if (decisions.get(data.candidateId)?.accepted !== false) continue;
    const holder = byText.get(digest(data.components));
    if (holder !== undefined && holder.id < id) twins.set(data.candidateId, holder.data.candidateId);
  }
  return twins;
}

async function readScores(
  { store, job }: LogSource,
  after: number,
  wanted: ReadonlySet<string>,
  twins: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Scores>> {
  const scores = new Map<string, Scores>();
  const scoresOf = (id: string) => {
    const kept = scores.get(id) ?? noScores();
    scores.set(id, kept);
    return kept;
  };
  for await (const { data } of readLog(store, job, "judge", after)) {
    // The noise floor judges outputs that have their score already; a second opinion is not a second run.
    if (data.stage === "noise_floor") continue;
    const { candidateId, evaluations, stage } = data;
    const own = wanted.has(candidateId) ? scoresOf(candidateId) : undefined;
    const holder = twins.get(candidateId);
    if (own && stage === "validation") own.validated = true;
    for (const { exampleId, score } of evaluations) {
      if (score === undefined) continue;
      own?.byExample.set(exampleId, score); // the last stands: the seed's may be graded anew
      if (holder !== undefined) scoresOf(holder).ofTwins.set(exampleId, score);
    }
  }
  return scores;
}

function noScores(): Scores {
  return { byExample: new Map(), ofTwins: new Map(), validated: false };
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
