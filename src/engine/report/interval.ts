import type { Interval } from "../../domain/report.ts";
import type { Rng } from "../../base/rng.ts";

/** Level of every interval. */
const LEVEL = 0.95;
/** Standard deviation of a paired difference where none is known: a quarter of all answers turn, either way. */
const TYPICAL_DEVIATION = 0.5;
/** Chance of showing a lift that is there, for {@link detectableLift}. */
const POWER_QUANTILE = 0.8416;
/** Resamples: enough for the tails of small samples; fewer for large ones, whose tails are smooth. */
const MAX_RESAMPLES = 10_000;
const MIN_RESAMPLES = 2_000;
const RESAMPLING_WORK = 2_000_000;

/** 97.5 % quantiles of Student's t for 1 … 30 degrees of freedom. */
const T_QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const Z_QUANTILE = 1.96;

/** 97.5 % quantile of Student's t; above the table by the first term of the Cornish-Fisher expansion. */
function tQuantile(degrees: number): number {
  return T_QUANTILES[degrees - 1] ?? Z_QUANTILE + (Z_QUANTILE ** 3 + Z_QUANTILE) / (4 * degrees);
}

/** Upper tail of the normal distribution (Abramowitz and Stegun 26.2.17 for the density's integral; error < 1e-7). */
function normalTail(z: number): number {
  const k = 1 / (1 + 0.2316419 * z);
  const poly =
    k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}

/**
 * Confidence interval of a mean of paired differences: percentile bootstrap, expanded for small samples (Hesterberg,
 * "What Teachers Should Know About the Bootstrap", 2015: the tail becomes Φ(−√(n/(n−1)) · t)), because the plain one is
 * far too narrow for a handful of examples. Undefined for fewer than two.
 */
export function pairedInterval(differences: readonly number[], rng: Rng): Interval | undefined {
  const n = differences.length;
  if (n < 2) return undefined;
  const resamples = Math.max(MIN_RESAMPLES, Math.min(MAX_RESAMPLES, Math.floor(RESAMPLING_WORK / n)));
  const means = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += differences[rng.below(n)] ?? 0;
    means[b] = sum / n;
  }
  means.sort();
  const tail = normalTail(Math.sqrt(n / (n - 1)) * tQuantile(n - 1));
  const cut = Math.floor(tail * resamples);
  return {
    low: means[cut] ?? 0,
    high: means[resamples - 1 - cut] ?? 0,
    level: LEVEL,
    method: "paired_bootstrap",
  };
}

/** Smallest lift that `n` paired examples show in four of five cases, at the given or a typical deviation. */
export function detectableLift(n: number, deviation = TYPICAL_DEVIATION): number {
  const quantile = n > 1 ? tQuantile(n - 1) : Number.POSITIVE_INFINITY;
  return Math.min(1, ((quantile + POWER_QUANTILE) * deviation) / Math.sqrt(n));
}

/** Standard deviation of a sample; undefined for fewer than two values. */
export function deviationOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}
