import type { Splits } from "../domain/budget.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import { addCosts, limitBrokenBy, NO_COST, times, timesThatFit, type Cost } from "./budget.ts";
import type { Prices } from "./prices.ts";

/** Outputs that are judged twice: they tell a judge's spread to about a fifth, for the price of a small minibatch. */
export const NOISE_SAMPLES = 12;
/** Proposals that must still fit beside what is spent on grades: knowing the noise is worth nothing where nothing can be tried. */
export const PROPOSALS_BESIDE = 3;
/** Name of the operator in events. It belongs to the end of a run and is never drawn. */
export const PRUNE = "prune";
/** Validation examples under which an equal score says nothing about a text that lost a part. */
export const MIN_PRUNE_EXAMPLES = 10;
/** Parts that are tried, the longest first: what is left after them is too short to be worth a validation. */
export const MAX_PRUNE_TRIES = 6;
/** Share of what the search used that the tries may use; one try is always allowed. */
export const PRUNE_SHARE = 0.2;
/** The pruning may keep back one try at most, and that only where it is this part of every limit, or less. */
const PRUNE_PART = 20;

/** What is kept back from the search, from the start. */
export interface Reserves {
  /** All of it. */
  readonly reserve: Cost;
  /** For the final test. */
  readonly testing: Cost;
}

/** Whether the champion of a job may be pruned at all. */
export function mayPrune(spec: OptimizeSpec, splits: Splits): boolean {
  return spec.config.profile === "default" && splits.validation.length >= MIN_PRUNE_EXAMPLES;
}

/** Runs that all tries at pruning together may take after a search that took `used`. */
export function pruneAllowance(used: number, validation: number): number {
  return Math.max(validation, Math.floor(used * PRUNE_SHARE));
}

/** A proposal at its worst: the parent and the child on a minibatch, the reflection with its second try, full validation. */
export function worstProposal(spec: OptimizeSpec, splits: Splits, prices: Prices): Cost {
  const minibatch = Math.min(spec.config.minibatchSize, splits.train.length);
  return addCosts(
    times(2 * minibatch + splits.validation.length, prices.worstRun),
    times(prices.maxReflections, prices.worstReflection),
  );
}

/**
 * Keeps back the final test of the seed and of one other candidate, and one try at pruning the champion. The test only
 * where the seed's validation and one proposal still fit beside it: a budget that is too small to learn anything is
 * better spent on learning than on testing what was not learnt.
 */
export function reservesOf(spec: OptimizeSpec, splits: Splits, prices: Prices): Reserves {
  const test = times(2 * splits.test.length, prices.worstRun);
  const validation = times(splits.validation.length, prices.worstRun);
  const least = addCosts(test, validation, worstProposal(spec, splits, prices));
  const testing = limitBrokenBy(spec.budget, NO_COST, least) ? NO_COST : test;
  const spare =
    mayPrune(spec, splits) && timesThatFit(spec.budget, NO_COST, validation, PRUNE_PART) === PRUNE_PART;
  return { testing, reserve: spare ? addCosts(testing, validation) : testing };
}
