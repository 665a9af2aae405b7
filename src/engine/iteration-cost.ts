import type { Splits } from "../domain/budget.ts";
import { type ProposalSelection, REFERENCE_CONFIG_DEFAULTS } from "../domain/reference-config.ts";
import { componentNames, type OptimizeSpec } from "../domain/spec.ts";
import { firstBlockSize } from "./blocks.ts";
import { SUBSAMPLE } from "./reference/merge.ts";
import { LEAST_VALIDATION } from "./room.ts";
import { MAX_DRAWS } from "./sampler/minibatch.ts";

/** What one iteration of a search takes, before anything is known of the prompts it will find. */
export interface IterationCost {
  /** Proposals it makes. */
  readonly proposals: number;
  /** Answers of the reflection model it needs, where each is usable. */
  readonly reflections: number;
  /** Metric calls expected of iteration number `k` (0, 1, 2 …). */
  expected(k: number): number;
  /** Metric calls of `iterations` together at the very most, beside the validation of the seed. */
  worst(iterations: number): number;
  /** Runs that must fit at their worst before one is begun. */
  readonly admitted: number;
  /** It is begun where the budget is not used up, and so oversteps it, instead of where it fits. */
  readonly overshoots: boolean;
}

/**
 * Share of proposals that pass the minibatch and are validated. The first edits of a plain prompt nearly all help; in
 * the published runs of GEPA two of five do in the end.
 */
const FIRST_PASS_RATE = 0.8;
const LAST_PASS_RATE = 0.4;
/** Proposals over which a share falls from its first value to its last. */
const EARLY_PROPOSALS = 15;
/**
 * Share of a validation after its first block that a candidate takes on average, what is completed at the end included.
 * The first children are often the best so far, and run to the end; in the benchmark's worlds it falls to a fifth. Where
 * proposals go side by side it is a fifth from the start.
 */
const FIRST_RACED_SHARE = 0.45;
const LAST_RACED_SHARE = 0.2;

/** What an iteration takes in the profile of the job. */
export function iterationCost(spec: OptimizeSpec, splits: Splits): IterationCost {
  return spec.config.profile === "reference" ? ofReference(spec, splits) : ofDefault(spec, splits);
}

/** One proposal: the parent where it was not run yet, the child on the same examples, and the race. */
function ofDefault(spec: OptimizeSpec, { train, validation }: Splits): IterationCost {
  const all = new Set([...train, ...validation]).size;
  const isShared = all === validation.length;
  const minibatch = Math.min(spec.config.minibatchSize, train.length);
  const draws = Math.min(spec.config.minibatchSize * MAX_DRAWS, train.length);
  // Where training and validation examples are the same, what was tried is validated, and what was validated is known.
  const tried = isShared ? minibatch : 2 * minibatch;
  const validated = validation.length - (isShared ? minibatch : 0);
  const first = Math.min(validated, firstBlockSize(validation.length));
  const worst = isShared ? validation.length : draws + minibatch + validation.length;
  const raced = (k: number) => (spec.config.width > 1 ? LAST_RACED_SHARE : racedShare(k));
  return {
    proposals: 1,
    reflections: 1,
    expected: (k) => tried + passRate(k) * (first + raced(k) * (validated - first)),
    // No candidate is run on an example twice, the seed included.
    worst: (n) => Math.min(n * worst, (n + 1) * all - validation.length),
    admitted: (isShared ? 1 : 2) * minibatch + Math.min(validation.length, LEAST_VALIDATION),
    overshoots: false,
  };
}

/** Proposals of several parents, each on a minibatch of its own; a merge takes the place of all of them. */
function ofReference({ config, components }: OptimizeSpec, { train, validation }: Splits): IterationCost {
  const { sampling, proposalSelection, componentSelector } = config.reference ?? REFERENCE_CONFIG_DEFAULTS;
  const proposals = sampling.parents * sampling.mutations;
  const tried = 2 * proposals * Math.min(config.minibatchSize, train.length);
  const selected = Math.min(proposals, mostSelected(proposalSelection));
  const merge = config.merge ? SUBSAMPLE + validation.length : 0;
  const worst = Math.max(tried + selected * validation.length, merge);
  return {
    proposals,
    reflections: proposals * (componentSelector === "all" ? componentNames(components).length : 1),
    expected(k) {
      const passing = Array.from({ length: proposals }, (_, i) => passRate(k * proposals + i));
      const passed = passing.reduce((sum, rate) => sum + rate, 0);
      return tried + Math.min(selected, passed) * validation.length;
    },
    worst: (n) => n * worst,
    admitted: 1,
    overshoots: true,
  };
}

function mostSelected(selection: ProposalSelection): number {
  switch (selection.kind) {
    case "all":
      return Number.POSITIVE_INFINITY;
    case "best":
      return 1;
    case "top_k":
      return selection.k;
  }
}

/** The share of proposals number `k` (0, 1, 2 …) that pass their minibatch. */
function passRate(k: number): number {
  return falling(FIRST_PASS_RATE, LAST_PASS_RATE, k);
}

function racedShare(k: number): number {
  return falling(FIRST_RACED_SHARE, LAST_RACED_SHARE, k);
}

function falling(first: number, last: number, k: number): number {
  return last + (first - last) * Math.exp(-k / EARLY_PROPOSALS);
}
