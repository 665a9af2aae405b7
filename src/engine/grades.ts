import { bare } from "../base/bare.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import { roundScore } from "../domain/round.ts";
import { EDIT_DEVIATION } from "./belief.ts";
import { SCORE_EPSILON } from "./standing.ts";

/**
 * Noise of one grade, as a standard deviation, up to which one grade is enough: what one edit does to a score. Below it
 * a second grade of an output tells less than another output does.
 */
export const QUIET_DEVIATION = EDIT_DEVIATION;
/**
 * Share of what lies between outputs that the noise of a grade may come to. Candidates are compared example by example,
 * and what examples have in common for all candidates, about half of it, is no noise there.
 */
const TOLERATED_SHARE = 0.5;
/** Fewer outputs with two grades than this say nothing about a spread. */
export const MIN_PAIRS = 4;

/** How grades vary, as variances. */
export interface GradeSpread {
  /** Of the grades of one output: the judge's noise. */
  readonly within: number;
  /** Of what outputs are truly worth. */
  readonly between: number;
}

/**
 * Tells the noise of grades from the differences of what is graded (one-way analysis of variance, method of moments),
 * from the scores of each output. Undefined where fewer than {@link MIN_PAIRS} outputs have two.
 */
export function gradeSpread(outputs: readonly (readonly number[])[]): GradeSpread | undefined {
  const graded = outputs.filter((scores) => scores.length > 0);
  const repeated = graded.filter((scores) => scores.length > 1);
  if (repeated.length < MIN_PAIRS) return undefined;
  const degrees = repeated.reduce((sum, scores) => sum + scores.length - 1, 0);
  const within = repeated.reduce((sum, scores) => sum + squaresOf(scores), 0) / degrees;
  const inMeans = mean(graded.map((scores) => within / scores.length));
  const ofMeans = squaresOf(graded.map(mean)) / (graded.length - 1);
  return { within, between: Math.max(0, ofMeans - inMeans) };
}

/**
 * How often each output is worth grading: as often as makes the noise of the mean grade no larger than half of what lies
 * between outputs, for beyond that only more outputs help. Outputs that hardly differ are taken to differ by what one
 * edit does. In [1, `max`].
 */
export function gradesFor({ within, between }: GradeSpread, max: number): number {
  if (within <= QUIET_DEVIATION ** 2) return 1;
  return Math.max(
    1,
    Math.min(max, Math.ceil(within / Math.max(TOLERATED_SHARE * between, QUIET_DEVIATION ** 2))),
  );
}

/**
 * Several grades of one output as one: means of the scores and criteria, and the feedback of the grade nearest to the
 * mean, the first of equally near ones. Grades that failed are left out; where all did, it is the first failure. The
 * mean is rounded here, once, so that what is told is what is decided by.
 */
export function meanOfGrades(grades: readonly [Evaluation, ...Evaluation[]]): Evaluation {
  const scored = grades.flatMap((grade) =>
    grade.score === undefined ? [] : [{ ...grade, score: grade.score }],
  );
  const [first] = scored;
  if (first === undefined) return grades[0];
  const score = mean(scored.map((grade) => grade.score));
  const distance = (grade: { readonly score: number }) => Math.abs(grade.score - score);
  const nearest = scored.reduce((a, b) => (distance(b) < distance(a) - SCORE_EPSILON ? b : a), first);
  const names = new Set(scored.flatMap((grade) => Object.keys(grade.objectives)));
  const objectives = [...names].map((name) => [
    name,
    roundScore(mean(scored.flatMap((g) => bare(g.objectives)[name] ?? []))),
  ]);
  return {
    ...nearest,
    score: roundScore(score),
    objectives: Object.fromEntries(objectives),
    grades: scored.length,
  };
}

/** So many times, in words. */
export function timesInWords(n: number): string {
  return n === 1 ? "once" : n === 2 ? "twice" : `${n} times`;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Sum of squared distances from the mean. */
function squaresOf(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
}
