import { bare } from "../base/bare.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import type { Lesson } from "../domain/candidate.ts";
import type { StopReason } from "../domain/stop-reason.ts";
import { promptText, type Components } from "../domain/spec.ts";
import { digest } from "../base/digest.ts";
import { NO_COST, type Cost } from "./budget.ts";
import { estimateTokens, normalised } from "./constraints.ts";
import type { Intent, RejectedEdit } from "./intent.ts";

/** Everything the search knows, as plain data: what a checkpoint holds and every decision is made from. */
export interface State {
  readonly version: 4;
  /** What all random streams are derived from. */
  readonly root: number;
  /** Events yielded so far. */
  readonly ordinal: number;
  /** Chained digest of what they decided. */
  readonly decisions: string;
  /** Iterations committed. */
  readonly commits: number;
  /** Blocks that candidates were run on between commits. */
  readonly blocks: number;
  /** What was really used. */
  readonly used: Cost;
  /** Candidates that joined the pool, the seed first. */
  readonly pool: readonly Member[];
  /** Candidates that did not. */
  readonly rejected: readonly Rejected[];
  readonly lessons: readonly LessonRecord[];
  readonly bestId: string;
  /** The commit that made the best the best. */
  readonly bestSince: number;
  /** The operators of the last proposals, as far back as none of them could be made. */
  readonly unmade: readonly string[];
  /** Standard deviation of one grade, where the judge was measured: how far grades of one output lie around their mean. */
  readonly noise?: number;
  /** Grades that every score is the mean of, where that is more than one. */
  readonly grades?: number;
  /** Set once nothing new is to be started. */
  readonly stopping?: Stopping;
  /** Proposals under way, oldest first. */
  readonly inFlight: readonly Intent[];
  /** Calls after the search were under way when a model went out of reach: what they paid is in no budget line. */
  readonly unbooked?: true;
  /** Proposals that were under way when the search stopped, and what they may have paid at worst. */
  readonly dropped?: { readonly proposals: number; readonly worst: Cost };
}

/** Why the run ends. */
export interface Stopping {
  readonly reason: StopReason;
  readonly detail: string;
}

/** A candidate of the pool. */
export interface Member {
  readonly id: string;
  readonly components: Components;
  /** Digest of its text, up to case and white space. */
  readonly text: string;
  /** Digest of its text to the letter: what was paid for. */
  readonly exact: string;
  readonly parentIds: readonly string[];
  readonly operator: string;
  readonly iteration: number;
  /** By example, of every split. */
  readonly scores: Readonly<Record<string, number>>;
  /** Examples on which a call failed for good: no score, and no second try. */
  readonly failed: readonly string[];
  /** What its answers were like beside their score; absent before the first. */
  readonly tally?: Tally;
}

/** A sum of so many values. */
export interface Total {
  readonly sum: number;
  readonly count: number;
}

/** What was measured on the answers of a candidate, over every example it was scored on. */
export interface Tally {
  /** Estimated tokens. */
  readonly answerTokens: Total;
  /** Criteria by name. */
  readonly criteria: Readonly<Record<string, Total>>;
}

/** What an edit was seen to do: the mean change of the score, over so many examples. */
export interface Effect {
  readonly change: number;
  readonly examples: number;
}

/** A candidate that was tried and did not join: enough to know its text again and to warn its parent. */
export interface Rejected {
  readonly id: string;
  readonly parentIds: readonly string[];
  readonly operator: string;
  readonly iteration: number;
  /** Digest of its text, up to case and white space. */
  readonly text: string;
  /** Digest of its text to the letter. */
  readonly exact: string;
  /** Examples it was run on. */
  readonly tried: readonly string[];
  /** What its edit did to the score; absent where that could not be measured. */
  readonly effect?: Effect;
  /** The edit; kept for the last few of each parent only. */
  readonly edit?: RejectedEdit;
}

/** A lesson and how it has fared. */
export interface LessonRecord extends Lesson {
  /** Later proposals that were shown it, and those of them that helped. */
  readonly shown: number;
  readonly helped: number;
}

/** Id of the prompt the caller sent. */
export const SEED_ID = "c0";

/** The candidate an iteration writes: iteration 7 writes "c7". */
export function candidateId(iteration: number): string {
  return `c${iteration}`;
}

/** The state before anything was run. */
export function initialState(root: number, seed: Components): State {
  const member: Member = {
    id: SEED_ID,
    components: seed,
    text: textDigest(seed),
    exact: exactDigest(seed),
    parentIds: [],
    operator: "seed",
    iteration: 0,
    scores: bare(),
    failed: [],
  };
  return {
    version: 4,
    root,
    ordinal: 0,
    decisions: "",
    commits: 0,
    blocks: 0,
    used: NO_COST,
    pool: [member],
    rejected: [],
    lessons: [],
    bestId: SEED_ID,
    bestSince: 0,
    unmade: [],
    inFlight: [],
  };
}

/** The state as a checkpoint holds it. */
export function saveState(state: State): string {
  return JSON.stringify(state);
}

/** The state of a checkpoint. Throws where it is not one of this version. */
export function loadState(saved: string): State {
  const state = JSON.parse(saved) as State;
  if (state.version !== 4) throw new Error(`checkpoint of version ${String(state.version)}, expected 4`);
  return { ...state, pool: state.pool.map(withBareRecords) };
}

function withBareRecords(member: Member): Member {
  const { scores, tally } = member;
  return {
    ...member,
    scores: bare(scores),
    ...(tally ? { tally: { ...tally, criteria: bare(tally.criteria) } } : {}),
  };
}

/** How often each output is graded. */
export function gradesOf({ grades = 1 }: State): number {
  return grades;
}

/** A candidate of the pool by id; throws where there is none. */
export function memberOf(state: State, id: string): Member {
  const member = state.pool.find((m) => m.id === id);
  if (!member) throw new Error(`candidate ${id} is not in the pool`);
  return member;
}

/** Whether a candidate was run on an example before, with or without success. */
export function isKnown(member: Member, exampleId: string): boolean {
  return member.scores[exampleId] !== undefined || member.failed.includes(exampleId);
}

/** Whether a text was run on an example before, under whatever id. */
export function wasRun(state: State, exact: string, exampleId: string): boolean {
  return (
    state.pool.some((m) => m.exact === exact && isKnown(m, exampleId)) ||
    state.rejected.some((r) => r.exact === exact && r.tried.includes(exampleId))
  );
}

/** A member with further evaluations noted; what is known already stays as it is. */
export function withEvaluations(member: Member, evaluations: readonly Evaluation[]): Member {
  const scores = bare(member.scores);
  const failed = new Set(member.failed);
  let tally = member.tally;
  for (const evaluation of evaluations) {
    const { exampleId, score } = evaluation;
    if (isKnown(member, exampleId)) continue;
    if (score === undefined) failed.add(exampleId);
    else {
      scores[exampleId] = score;
      tally = withAnswer(tally, evaluation);
    }
  }
  return { ...member, scores, failed: [...failed], ...(tally ? { tally } : {}) };
}

function withAnswer(tally: Tally | undefined, { output, objectives }: Evaluation): Tally {
  const add = (total: Total | undefined, value: number): Total => ({
    sum: (total?.sum ?? 0) + value,
    count: (total?.count ?? 0) + 1,
  });
  const criteria = bare(tally?.criteria);
  for (const [name, value] of Object.entries(objectives)) criteria[name] = add(criteria[name], value);
  return { answerTokens: add(tally?.answerTokens, estimateTokens(output)), criteria };
}

/** A member with these evaluations in place of all it had. */
export function withNewEvaluations(member: Member, evaluations: readonly Evaluation[]): Member {
  const { tally: _before, ...blank } = member;
  return withEvaluations({ ...blank, scores: bare(), failed: [] }, evaluations);
}

/** Tells prompts apart up to case and white space: two of one digest are the same proposal. */
export function textDigest(components: Components): string {
  return digest(normalised(promptText(components)));
}

/** Tells prompts apart to the letter, as the models do. */
export function exactDigest(components: Components): string {
  return digest(promptText(components));
}
