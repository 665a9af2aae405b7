import type { Interval } from "../../domain/report.ts";
import { SCORE_EPSILON } from "../standing.ts";

/** Level of every interval. */
const LEVEL = 0.95;
/** Chance of showing a lift that is there, for {@link detectableLift}: four of five. */
const POWER_QUANTILE = 0.8416;
/** One-sided 90 % quantile of the normal distribution, for {@link isNotWorse}. */
const ONE_SIDED_QUANTILE = 1.2816;
/** Observations {@link pairedInterval} adds to the sample. */
const ADDED = 2;

/** 97.5 % quantiles of Student's t for 1 … 30 degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
export const Z_QUANTILE = 1.96;

/** 97.5 % quantile of Student's t; above the table by the first term of the Cornish-Fisher expansion. */
function tQuantile(degrees: number): number {
  return T_QUANTILES[degrees - 1] ?? Z_QUANTILE + (Z_QUANTILE ** 3 + Z_QUANTILE) / (4 * degrees);
}

/**
 * Confidence interval of a mean of paired differences of scores in [0, 1]: Student's t over the sample and two more
 * observations, one as large as the typical difference and one as small (Bonett and Price, "Adjusted Wald Confidence
 * Interval for a Difference of Binomial Proportions Based on Paired Data", 2012, carried over from single points to
 * graded scores). Scores that are mostly 0 or 1 make few different means, and the plain intervals, bootstrapped ones
 * included, are too narrow for them. Undefined for fewer than two.
 */
export function pairedInterval(differences: readonly number[]): Interval | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  const turned = differences.map(Math.abs).filter((d) => d > SCORE_EPSILON);
  const typical = turned.length === 0 ? 0 : turned.reduce((a, b) => a + b, 0) / turned.length;
  const sample = [...differences, typical, -typical];
  const mean = sample.reduce((a, b) => a + b, 0) / (n + ADDED);
  const reach = (tQuantile(n + ADDED - 1) * (deviationOf(sample) ?? 0)) / Math.sqrt(n + ADDED);
  return {
    low: Math.max(-1, mean - reach),
    high: Math.min(1, mean + reach),
    level: LEVEL,
    method: "paired_t_adjusted",
  };
}

/** Smallest lift that `n` paired examples show in four of five cases, where their differences deviate so much. */
export function detectableLift(n: number, deviation: number): number {
  const quantile = n > 1 ? tQuantile(n - 1) : Number.POSITIVE_INFINITY;
  return Math.min(1, ((quantile + POWER_QUANTILE) * deviation) / Math.sqrt(n));
}

/** Standard deviation of a sample; undefined for fewer than two values. */
export function deviationOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}

/** Whether a mean of paired differences is, at one-sided 90 %, no more than `margin` below zero. */
export function isNotWorse(differences: readonly number[], margin: number): boolean {
  const n = differences.length;
  if (n === 0) return false;
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  return mean - (ONE_SIDED_QUANTILE * (deviationOf(differences) ?? 0)) / Math.sqrt(n) >= -margin;
}
