import type { MeasuredObjective } from "../domain/objectives.ts";
import { roundScore } from "../domain/round.ts";
import { promptText, type OptimizeSpec } from "../domain/spec.ts";
import { estimateTokens } from "./constraints.ts";
import { promptNovelties } from "./novelty.ts";
import { nonDominated } from "./pareto.ts";
import type { Member, Total } from "./state.ts";

/** Input tokens that cost as much as one output token: the usual ratio of price lists. */
export const OUTPUT_WEIGHT = 4;

/** What the front of a job is made of beside the score: how new a text is, always, and what the caller named. */
export function frontObjectives({ objectives }: Pick<OptimizeSpec, "objectives">): string[] {
  return [...new Set(["diversity", ...objectives])];
}

/**
 * Each candidate as a point, every coordinate higher-is-better: its mean score first, then each named objective.
 * Brevity is minus the tokens of the prompt, diversity the mean n-gram distance to the other candidates, latency minus
 * the tokens of a mean answer, cost minus the tokens of prompt and answer, an output token weighing as much as
 * {@link OUTPUT_WEIGHT} of input; any other name is the mean of a criterion. All are functions of texts and answers,
 * never of a clock, so that a run decides the same at any speed: what an answer keeps its reader waiting for is its
 * length. What was not measured counts as the worst.
 */
export function objectiveVectors(
  pool: readonly Member[],
  scoreOf: (member: Member) => number | undefined,
  objectives: readonly string[],
): number[][] {
  const texts = pool.map((m) => promptText(m.components));
  const novelty = objectives.includes("diversity") ? promptNovelties(pool.map((m) => m.components)) : [];
  const names = [...new Set(objectives)];
  return pool.map((member, i) => {
    const promptTokens = estimateTokens(texts[i] ?? "");
    const answerTokens = meanOf(member.tally?.answerTokens);
    const coordinate = (name: string): number | undefined => {
      switch (name as MeasuredObjective) {
        case "brevity":
          return -promptTokens;
        case "diversity":
          return novelty[i];
        case "latency":
          return answerTokens === undefined ? undefined : -answerTokens;
        case "cost":
          return answerTokens === undefined ? undefined : -(promptTokens + OUTPUT_WEIGHT * answerTokens);
        default:
          return meanOf(member.tally?.criteria[name]);
      }
    };
    return [scoreOf(member), ...names.map(coordinate)].map((x) => x ?? Number.NEGATIVE_INFINITY);
  });
}

/** What each objective the caller named comes to for each candidate, by id; -Infinity for what was not measured. */
export function objectivePoints(
  pool: readonly Member[],
  objectives: readonly string[],
): ReadonlyMap<string, readonly number[]> {
  const points = objectives.length === 0 ? [] : objectiveVectors(pool, () => undefined, objectives);
  return new Map(points.flatMap(([, ...values], i) => (pool[i] ? [[pool[i].id, values]] : [])));
}

/** What the named objectives come to for each candidate, by id, as they are told; without what was not measured. */
export function objectiveValues(
  pool: readonly Member[],
  objectives: readonly string[],
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const names = [...new Set(objectives)];
  if (names.length === 0) return new Map();
  const named = (values: readonly number[]) =>
    names.flatMap((name, i): [string, number][] => {
      const value = values[i] ?? Number.NEGATIVE_INFINITY;
      return Number.isFinite(value) ? [[name, roundScore(value)]] : [];
    });
  return new Map(
    [...objectivePoints(pool, names)].map(([id, values]) => [id, Object.fromEntries(named(values))]),
  );
}

/** The scored candidates no other one beats: at least as good in the score and every objective, and better in one. */
export function objectiveFront(
  pool: readonly Member[],
  scoreOf: (member: Member) => number | undefined,
  objectives: readonly string[],
): Member[] {
  const scored = pool.filter((m) => scoreOf(m) !== undefined);
  return nonDominated(objectiveVectors(scored, scoreOf, objectives)).flatMap((i) => scored[i] ?? []);
}

function meanOf(total: Total | undefined): number | undefined {
  return total && total.sum / total.count;
}
