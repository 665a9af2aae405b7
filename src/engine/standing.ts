import type { CandidateText, FrontMember } from "../domain/candidate.ts";
import { roundScore } from "../domain/round.ts";
import { promptText } from "../domain/spec.ts";
import { isWhole } from "./belief.ts";
import { promptNovelties } from "./novelty.ts";
import { frontObjectives, objectiveFront, objectiveValues } from "./objectives.ts";
import { frontCounts, frontsByKey, withoutRedundant } from "./pareto.ts";
import { isKnown, SEED_ID, type Member } from "./state.ts";

/** Scores closer than this are equal: sums of decimal fractions differ in the last digit by their order alone. */
export const SCORE_EPSILON = 1e-9;

/** Share of the validation examples two candidates must have in common before one can replace the other as the best. */
const MIN_SHARED = 0.5;

/** Mean over those of the examples that have a score; undefined where none has. */
export function meanOver(member: Member, exampleIds: readonly string[]): number | undefined {
  let sum = 0;
  let count = 0;
  for (const id of exampleIds) {
    const score = member.scores[id];
    if (score === undefined) continue;
    sum += score;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

/**
 * Whether `challenger` is better than `holder`: by the mean over the examples both have a score on, so that a failed
 * call lowers nobody; they must share at least half of the examples that `holder` has.
 */
export function isBetter(challenger: Member, holder: Member, validation: readonly string[]): boolean {
  const held = validation.filter((id) => holder.scores[id] !== undefined);
  const shared = held.filter((id) => challenger.scores[id] !== undefined);
  if (held.length === 0) return meanOver(challenger, validation) !== undefined;
  if (shared.length < held.length * MIN_SHARED) return false;
  return (meanOver(challenger, shared) ?? 0) > (meanOver(holder, shared) ?? 0) + SCORE_EPSILON;
}

/**
 * The candidate that leads: of those that were run on every example the seed was run on, the one with the best mean.
 * Whoever leads already keeps the lead among equals.
 */
export function leaderOf(pool: readonly Member[], bestId: string, validation: readonly string[]): string {
  const seed = pool.find((m) => m.id === SEED_ID);
  const ids = seed ? validation.filter((id) => isKnown(seed, id)) : validation;
  let best = pool.find((m) => m.id === bestId);
  for (const member of pool) {
    if (isWhole(member, ids) && (best === undefined || isBetter(member, best, validation))) best = member;
  }
  return best?.id ?? bestId;
}

/** A candidate with its text and its mean validation score. */
export function candidateText(member: Member, validation: readonly string[]): CandidateText {
  const score = meanOver(member, validation);
  return {
    candidateId: member.id,
    components: member.components,
    ...(score === undefined ? {} : { score: roundScore(score) }),
  };
}

/**
 * The front of a pool, best first: the Pareto front over validation examples without its redundant members (GEPA,
 * algorithm 2), and with it whoever no other candidate beats in its mean score and the named objectives together (the
 * frontier "hybrid" of gepa 0.1.4, with real dominance). Of candidates that are equally good the shorter one counts as
 * better, then the older. `wins` counts the examples on which nobody is better.
 */
export function frontOf(
  pool: readonly Member[],
  validation: readonly string[],
  objectives: readonly string[] = [],
): FrontMember[] {
  const means = new Map(pool.map((m) => [m.id, meanOver(m, validation) ?? Number.NEGATIVE_INFINITY]));
  const meanOf = (id: string) => means.get(id) ?? Number.NEGATIVE_INFINITY;
  const length = new Map(pool.map((m) => [m.id, promptText(m.components).length]));
  const lengthOf = (id: string) => length.get(id) ?? 0;
  const worstFirst = pool
    .map((m) => m.id)
    .reverse()
    .sort((a, b) => meanOf(a) - meanOf(b) || lengthOf(b) - lengthOf(a));
  const wins = frontCounts(withoutRedundant(frontsByKey(pool, validation), worstFirst));
  if (objectives.length > 0) {
    const scoreOf = (member: Member) => meanOver(member, validation);
    for (const { id } of objectiveFront(pool, scoreOf, objectives)) wins.set(id, wins.get(id) ?? 0);
  }
  const byId = new Map(pool.map((m) => [m.id, m]));
  const members = worstFirst.reverse().flatMap((id) => (wins.has(id) ? (byId.get(id) ?? []) : []));
  const novelty = promptNovelties(members.map((m) => m.components));
  return members.map((m, i) => ({
    candidateId: m.id,
    score: meanOf(m.id),
    novelty: novelty[i] ?? 1,
    wins: wins.get(m.id) ?? 0,
  }));
}

/** The front as it is told: with what the objectives the caller named come to, and scores that are fit to be read. */
export function publicFront(
  pool: readonly Member[],
  validation: readonly string[],
  objectives: readonly string[],
): FrontMember[] {
  const front = frontOf(pool, validation, frontObjectives({ objectives }));
  const values = objectiveValues(pool, objectives);
  return front.map(({ score, novelty, ...rest }) => ({
    ...rest,
    ...(score === undefined ? {} : { score: roundScore(score) }),
    novelty: roundScore(novelty),
    ...(objectives.length === 0 ? {} : { objectives: values.get(rest.candidateId) ?? {} }),
  }));
}
